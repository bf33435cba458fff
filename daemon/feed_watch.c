#include "feed_watch.h"

#include <stddef.h>
#include "base/error.h"
#include "feed_parts.h"
#include "wait_word.h"

/*
 * An event does not begin an attempt at once: a file that was changed within the last tick of the file
 * system's clock would only be found "fresh". TOUCH_MS later it can be read with the first look, and all
 * events until then are one. Where rows are added (mode = append) nothing has to rest. After an attempt a feed rests for as long as that took, so a file that
 * changes all the time has half of a worker at most.
 */

#define TOUCH_MS 16       /* longer than what is_settled() of source_file_posix.c and a tick need */
#define REST_MOST_MS 5000 /* after an attempt that took longer */
#define RETRY_MS 60000    /* when watches are lacking */
#define RELIABLE_TIMES 60 /* looks are so much rarer while every change is told */
#define CALM_LOOKS 3      /* after so many of them that found nothing they become rarer once more */
#define CALM_TIMES 5u     /* by so much */
#define RELIABLE_GROUPS 4u /* of feeds that are looked at together then */
#define RELIABLE_MS 60000u /* but not rarer than this, or the interval */

static struct feed *feed_of(struct watcher *watcher)
{
	return (struct feed *)((char *)watcher - offsetof(struct feed, watch.watcher));
}

/* While a file is being written, each write is an event. Only the last one is worth a look. */
static bool is_worth_a_look(const struct feed *f, unsigned events)
{
	return (events & WATCH_DONE) || (events && f->n_busy == 0);
}

static void on_changed(struct watcher *watcher, unsigned events)
{
	struct feed *f = feed_of(watcher);

	f->watch.events |= events;
	f->watch.is_to_resolve |= (events & WATCH_NAMES) != 0;
	if (!feed_is_busy(f) && is_worth_a_look(f, events))
		feed_hasten(f);
}

/* --- the names ---------------------------------------------------------------------------------------- */

void feed_watch_init(struct feed *f)
{
	f->watch.watcher.changed = on_changed;
	f->watch.is_to_resolve = true;
	f->watch.plan = WATCH_PLAN_NONE;
}

bool feed_watch_wants(const struct feed *f)
{
	return f->config->watch && !source_scheme_is_fetched(f->config->scheme) &&
	       f->watch.is_to_resolve && feed_now_ms(f) >= f->watch.retry_ms;
}

void feed_watch_begin(struct feed *f)
{
	f->watch.is_resolving = feed_watch_wants(f);
	if (!f->watch.is_resolving)
		return;
	f->watch.plan = WATCH_PLAN_NONE;
	f->watch.is_to_resolve = false;
	f->watch.was_told = true; /* the path is what it is now */
	watch_begin(&f->host->watch);
}

void feed_watch_resolve(struct feed *f)
{
	const struct config_feed *c = f->refresh.config;
	int (*resolve)(struct watch_plan *, struct watch *, const char *,
	               struct shmpub_error *) = c->scheme == SCHEME_PATTERN ? watch_resolve_pattern
	                                                                    : watch_resolve;

	if (!f->watch.is_resolving)
		return;
	(void)wait_word_begin(&f->look.waiting);
	f->watch.result = resolve(&f->watch.plan, &f->host->watch, c->source, &f->watch.error);
	(void)wait_word_end(&f->look.waiting);
}

/* The limit of the system is told once for all feeds. */
static void report(struct feed *f)
{
	struct feed_host *host = f->host;

	f->watch.is_to_resolve = true;
	f->watch.retry_ms = feed_now_ms(f) + RETRY_MS;
	if (strcmp(host->watch_told, f->watch.error.message) == 0 || f->watch.is_told)
		return;
	f->watch.is_told = true;
	memcpy(host->watch_told, f->watch.error.message, sizeof(host->watch_told));
	feed_log(f, LOG_LEVEL_WARNING, &f->watch.error,
	         "watch: %s; it is looked at by its interval", f->watch.error.message);
}

void feed_watch_resolved(struct feed *f, bool ran)
{
	struct watch *w = &f->host->watch;

	if (!f->watch.is_resolving)
		return;
	f->watch.is_resolving = false;
	if (!ran || f->is_removed || f->is_stopped || !f->config->watch) {
		watch_give_back(w, &f->watch.plan);
		f->watch.is_to_resolve = true;
		return;
	}
	if (f->watch.result)
		watch_give_back(w, &f->watch.plan);
	else
		f->watch.result = watch_follow(w, &f->watch.watcher, &f->watch.plan,
		                               &f->watch.error);
	if (f->watch.result)
		report(f);
	else
		f->watch.is_told = false;
}

void feed_watch_end(struct feed *f)
{
	watch_forget(&f->host->watch, &f->watch.watcher);
}

void feed_watch_configure(struct feed *f, bool stays)
{
	if (stays)
		return;
	feed_watch_end(f);
	f->watch.is_to_resolve = true;
	f->watch.is_untold = false;
	f->watch.n_calm = 0;
	f->watch.retry_ms = 0;
}

/* --- when to look ------------------------------------------------------------------------------------- */

void feed_watch_attempt(struct feed *f)
{
	f->watch.was_told |= f->watch.events != 0;
	f->watch.was_done = (f->watch.events & WATCH_DONE) != 0 ||
	                    (f->watch.began_ms != 0 &&
	                     f->watch.was_done); /* the same one goes on */
	f->watch.events = 0;
	f->watch.began_ms = feed_now_ms(f);
}

void feed_watch_surprise(struct feed *f)
{
	f->watch.is_to_resolve |= !f->watch.was_told;
	f->watch.is_untold |= !f->watch.was_told && f->watch.watcher.is_reliable;
}

void feed_watch_calm(struct feed *f)
{
	if (f->config->watch && !f->watch.is_untold && f->watch.n_calm < CALM_LOOKS)
		f->watch.n_calm++;
}

/*
 * Only a refresh makes it shorter again, because a feed is stale that had none for three intervals. A
 * source that changes without an event, as one that is mapped by its writer, is looked at once a minute.
 */
uint64_t feed_watch_interval_ms(const struct feed *f)
{
	bool is_calm = f->watch.n_calm == CALM_LOOKS && !f->is_failing;
	uint64_t interval = f->config->interval_ms, times = is_calm ? CALM_TIMES : 1;
	uint64_t most = times * RELIABLE_MS;

	if (!f->watch.watcher.is_reliable || f->watch.is_to_resolve)
		return interval;
	times *= RELIABLE_TIMES;
	if (most < interval)
		most = interval;
	return interval * times < most ? interval * times : most;
}

/*
 * Looks for safety alone come together: waking up for a few of them would cost more than they do. In a
 * few groups, so that no burst of them is long.
 */
uint64_t feed_watch_phase(const struct feed *f, uint64_t interval_ms)
{
	if (interval_ms <= f->config->interval_ms)
		return f->phase;
	return f->phase % RELIABLE_GROUPS * (interval_ms / RELIABLE_GROUPS);
}

static void note_end(struct feed *f)
{
	/* where rows are added an attempt may take less than a millisecond, and no event waits */
	uint64_t now = feed_now_ms(f), took = now - f->watch.began_ms + f->config->appends;

	if (f->watch.began_ms != 0)
		f->watch.rests_until_ms = now + (took < REST_MOST_MS ? took : REST_MOST_MS);
	f->watch.began_ms = 0;
	if (f->n_busy == 0)
		f->watch.was_told = false;
}

uint64_t feed_watch_wait_ms(struct feed *f, uint64_t wait_ms)
{
	/* what is added needs no rest: it is taken as far as it is whole */
	uint64_t now = feed_now_ms(f), soon = f->config->appends ? 0 : TOUCH_MS;

	if (!f->config->watch)
		return wait_ms;
	note_end(f);
	if (!is_worth_a_look(f, f->watch.events) && !feed_watch_wants(f))
		return wait_ms;
	if (f->watch.rests_until_ms > now + soon)
		soon = f->watch.rests_until_ms - now;
	return soon < wait_ms ? soon : wait_ms;
}
