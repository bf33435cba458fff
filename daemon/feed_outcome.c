#include "feed_parts.h"

#include <stddef.h>
#include <stdio.h>
#include "base/compiler.h"
#include "base/error.h"
#include "csv/tokenize.h"
#include "feed_rejects.h"
#include "feed_watch.h"
#include "file_mode.h"
#include "pace.h"
#include "wait_word.h"

/*
 * The ends of an attempt: each tells the catalog and the log, and plans the next attempt.
 */

#define WHEEL_INTERVAL_MS (10 * WHEEL_TICK_MS) /* for shorter ones a tick is much */
#define HUNG_MS 10000   /* a source that has not answered for so long hangs */
#define HUNG_AGAIN_S 10 /* how often the feed's line about a hang is renewed */

/* --- when to try again ---------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
	struct feed *f = timer->data;

	f->is_timed = false;
	feed_attempt(f);
}

/*
 * A thousand feeds at rest do not stay in the caches from one second to the next, and waiting for memory is
 * most of what a look costs. So the memory of all feeds that are due together is asked for at once.
 */
void feed_on_wheel_soon(struct wheel_entry *entry, unsigned pass)
{
	const struct feed *f = (struct feed *)((char *)entry - offsetof(struct feed, resting));

	if (pass == 0) {
		for (const char *at = (const char *)f; at < (const char *)&f->watch; at += 64)
			PREFETCH(at);
		PREFETCH(&f->seen);
		PREFETCH((const char *)&f->seen + 64);
		PREFETCH(&f->warning);
	} else if (pass == 1) {
		PREFETCH(f->config);
		PREFETCH((const char *)f->config + 64);
		PREFETCH(&f->config->csv_segment);
		publisher_feed_prefetch(f->out);
	} else {
		publisher_feed_prefetch_slot(f->out);
	}
}

/* A feed that rests waits in the wheel, and its timer, which lies elsewhere in memory, is not touched. */
static void stop_timer(struct feed *f)
{
	if (f->is_timed)
		uv_timer_stop(&f->timer);
	f->is_timed = false;
}

void feed_on_wheel(struct wheel_entry *entry)
{
	feed_attempt((struct feed *)((char *)entry - offsetof(struct feed, resting)));
}

void feed_unplan(struct feed *f)
{
	wheel_take(&f->resting);
	stop_timer(f);
}

void feed_plan(struct feed *f, uint64_t wait_ms)
{
	feed_unplan(f);
	wait_ms = f->is_asked ? 0 : feed_watch_wait_ms(f, wait_ms);
	uv_timer_start(&f->timer, on_timer, wait_ms, 0);
	f->is_timed = true;
}

void feed_hasten(struct feed *f)
{
	uint64_t wait = feed_watch_wait_ms(f, UINT64_MAX);

	if (f->is_removed || f->is_stopped ||
	    (f->is_timed && uv_timer_get_due_in(&f->timer) <= wait))
		return;
	feed_plan(f, wait);
}

void feed_plan_next(struct feed *f)
{
	uint64_t interval = feed_watch_interval_ms(f), wait;

	if (f->is_asked)
		feed_plan(f, 0);
	else if (interval == 0 && feed_watch_wait_ms(f, UINT64_MAX) != UINT64_MAX)
		feed_hasten(f);
	if (interval == 0 || f->is_asked)
		return;
	wait = pace_next(feed_now_ms(f), interval, feed_watch_phase(f, interval));
	if (interval < WHEEL_INTERVAL_MS || feed_watch_wait_ms(f, wait) != wait) {
		feed_plan(f, wait);
		return;
	}
	stop_timer(f);
	wheel_put(&f->host->wheel, &f->resting, wait);
}

/* --- warnings about plain segments ------------------------------------------------------------ */

void feed_note_warning(struct feed *f)
{
	char line[SHMPUB_ERROR_SIZE];
	bool is_warned = article_warning(line, &f->article);

	if (strcmp(line, f->warning) == 0)
		return;
	if (is_warned)
		f->is_warning_told = feed_log_folded(f, line, NULL);
	else if (f->is_warning_told)
		feed_log(f, LOG_LEVEL_INFO, NULL, "its segments are well again");
	memcpy(f->warning, line, sizeof(line));
}

/* --- how it ended --------------------------------------------------------------------------------- */

void feed_note_state(struct feed *f)
{
	unsigned char state = (unsigned char)(1u | (unsigned)f->is_removed << 1 |
	                                      (unsigned)f->is_failing << 2 |
	                                      (unsigned)f->is_stale << 3 |
	                                      (unsigned)f->is_tried << 4);

	f->host->n_news += state != f->state_told;
	f->state_told = state;
}

static void tried(struct feed *f)
{
	if (f->is_tried) {
		feed_note_state(f);
		return;
	}
	f->is_tried = true;
	feed_note_state(f);
	f->host->tried(f->host->arg, f, !f->is_failing);
}

/* Tells who asked for the attempt. The rows of what was published stand in f->refresh. */
static void ended(struct feed *f, enum refresh_result result)
{
	const struct feed_end end = {
		.attempt = f->n_attempts,
		.result = result,
		.sequence = f->out != NULL ? publisher_feed_sequence(f->out) : 0,
		.rows = f->refresh.descriptor.rows,
		.err = result == REFRESH_FAILED ? &f->failure : NULL,
	};

	f->host->ended(f->host->arg, f, &end);
}

/* A failure is logged once while it lasts, and also when it comes back within a minute. */
static void log_failure(struct feed *f, const struct shmpub_error *err)
{
	if (strcmp(err->message, f->logged) == 0)
		return;
	snprintf(f->logged, sizeof(f->logged), "%s", err->message);
	f->is_told = feed_log_folded(f, err->message, err);
}

/*
 * If fewer may read the source than before, fewer may read the old table, although the source did
 * not replace it. The other way round nothing changes, because the old table has another content.
 */
static void close_table(struct feed *f)
{
	bool is_told = f->is_judged || f->config->access.mode != FILE_MODE_AUTO;
	struct shm_access table = f->access, segment;

	if (f->out == NULL || !is_told || shm_access_covers(&f->access, &f->shown))
		return;
	if ((f->shown.mode & 04) == 0)
		table.mode = 0600;
	segment = file_mode_segment(f->config, &table);
	feed_set_access(f, &table);
	(void)feed_rejects_follow_access(f, NULL);
	if (publisher_feed_follow_access(f->out, NULL) == SHMPUB_OK &&
	    article_set_access(&f->article, &segment, NULL) == SHMPUB_OK)
		f->shown = table;
}

static void report_failure(struct feed *f, const struct shmpub_error *err)
{
	f->is_failing = true;
	f->is_stale = false;
	f->n_busy = 0;
	f->failure = *err;
	close_table(f);
	if (f->out != NULL)
		publisher_feed_report(f->out, REFRESH_FAILED, err);
	feed_rejects_report(f, REFRESH_FAILED, err);
	log_failure(f, &f->failure);
	ended(f, REFRESH_FAILED);
	tried(f);
}

static void failed(struct feed *f, const struct shmpub_error *err)
{
	f->seen = SOURCE_MARK_NONE;
	f->seen_hash = 0;
	f->has_rejects = false;
	f->n_failures++;
	f->retry_ms = 0;
	report_failure(f, err);
}

void feed_failed(struct feed *f, const struct shmpub_error *err)
{
	failed(f, err);
	feed_plan(f, pace_look_again(f->config->interval_ms, f->n_failures, uv_hrtime()));
}

void feed_fetch_failed(struct feed *f, const struct shmpub_error *err, uint64_t least_ms)
{
	uint64_t wait;

	failed(f, err);
	wait = pace_back_off(f->config->interval_ms, f->n_failures, uv_hrtime());
	feed_plan(f, wait > least_ms ? wait : least_ms);
}

void feed_wait_on(struct feed *f)
{
	uint64_t now = feed_now_ms(f), left = f->retry_ms > now ? f->retry_ms - now : 1;
	uint64_t look = pace_look_again(f->config->interval_ms, f->n_failures, uv_hrtime());

	if (source_scheme_is_fetched(f->config->scheme)) /* there is nothing to look at */
		look = left;
	feed_plan(f, look < left ? look : left);
}

void feed_failed_costly(struct feed *f, const struct shmpub_error *err)
{
	uint64_t interval = f->config->interval_ms;

	failed(f, err);
	f->is_forced = false; /* no earlier content is known that it could equal */
	f->failed = f->refresh.mark;
	f->retry_ms = feed_now_ms(f) + pace_back_off(interval, f->n_failures, uv_hrtime());
	feed_wait_on(f);
}

void feed_failed_for_good(struct feed *f, const struct shmpub_error *err)
{
	f->seen = f->refresh.mark;
	f->seen_hash = f->refresh.hash;
	f->n_failures = 0;
	f->retry_ms = 0;
	report_failure(f, err);
	feed_plan_next(f);
}

/* feed_stale.c: a table may be whole, and its data old. */
static void note_age(struct feed *f)
{
	bool is_overdue = feed_is_overdue(f);

	if (f->is_overdue && !is_overdue)
		feed_log(f, LOG_LEVEL_INFO, NULL, "new data again");
	f->is_overdue &= is_overdue; /* feed_tick() tells when it becomes so */
	f->is_stale = f->is_overdue;
	publisher_feed_set_overdue(f->out, f->is_overdue);
}

void feed_succeeded(struct feed *f, enum refresh_result result)
{
	struct shmpub_error warning;

	if (f->logged[0] && f->is_told)
		feed_log_well(f, result == REFRESH_PUBLISHED);
	f->logged[0] = '\0';
	f->is_failing = false;
	note_age(f);
	f->n_failures = 0;
	f->retry_ms = 0;
	f->n_busy = 0;
	f->success_ms = feed_now_ms(f);
	f->watch.n_calm = 0;
	f->shown = f->access;
	error_set(&warning, SHMPUB_OK, "%s", f->warning);
	if (f->is_overdue)
		feed_overdue_line(&warning, f);
	publisher_feed_report(f->out, result, warning.message[0] ? &warning : NULL);
	feed_rejects_report(f, result, NULL);
	ended(f, result);
	tried(f);
	feed_plan_next(f);
}

uint64_t feed_waits_since_ms(const struct feed *f)
{
	if (f->state == FEED_BUILDING)
		return wait_word_since_ms(&f->build.waiting);
	return f->state == FEED_OPENING ? wait_word_since_ms(&f->look.waiting) : 0;
}

/* Changes no state of the feed, because the attempt has not ended. */
void feed_notice_hang(struct feed *f)
{
	uint64_t began = feed_waits_since_ms(f);
	uint64_t now = uv_hrtime() / 1000000, passed_s;
	struct shmpub_error err;

	if (began == 0 || now < began + HUNG_MS || f->out == NULL)
		return;
	passed_s = (now - began) / 1000;
	if (passed_s < f->hung_s) /* it went on, and hangs again */
		f->hung_s = 0;
	if (f->hung_s == 0) {
		error_set(&err, SHMPUB_ERR_SYS, "%s: hung: no answer for %d s",
		          f->config->source_name, HUNG_MS / 1000);
		log_failure(f, &err);
		publisher_feed_count_error(f->out, &err);
	}
	if (f->hung_s != 0 && passed_s < f->hung_s + HUNG_AGAIN_S)
		return;
	f->hung_s = passed_s;
	error_set(&err, SHMPUB_ERR_SYS, "%s: hung: reading for %llu s", f->config->source_name,
	          (unsigned long long)passed_s);
	publisher_feed_note(f->out, &err);
	f->host->ended(f->host->arg, f,
	               &(struct feed_end){ UINT64_MAX, REFRESH_FAILED, 0, 0, &err });
}

/* Who may read the source may read the table, which has the same content. */
static int follow_access(struct feed *f, struct shmpub_error *err)
{
	int r = publisher_feed_follow_access(f->out, err);

	if (r == SHMPUB_OK)
		r = feed_rejects_follow_access(f, err);
	return r ? r : article_set_access(&f->article, &f->refresh.article.access, err);
}

void feed_unchanged(struct feed *f)
{
	struct shmpub_error same = f->failure;
	bool was_judged = f->refresh.mark.inode != 0;

	/* If the content was compared, the mark is a new one of the same content. */
	if (f->refresh.hash && f->refresh.mark.is_settled)
		f->seen = f->refresh.mark;
	if (!f->is_failing && was_judged && follow_access(f, &same)) {
		feed_failed(f, &same);
		return;
	}
	if (!f->is_failing) {
		feed_succeeded(f, REFRESH_UNCHANGED);
		return;
	}
	report_failure(f, &same);
	feed_plan_next(f);
}

void feed_answered(struct feed *f)
{
	int answer = f->refresh.result;

	f->is_quiet = answer == SOURCE_UNCHANGED;
	f->was_same |= f->is_quiet && f->refresh.hash != 0;
	if (f->is_quiet)
		feed_unchanged(f);
	else
		feed_busy(f, answer == SOURCE_FRESH);
}

/* A source that fails in the middle is tried again soon, as one that cannot be opened. */
void feed_build_failed(struct feed *f)
{
	const struct refresh *r = &f->refresh;

	if (r->is_source_failure && r->result != SHMPUB_ERR_LIMIT) {
		feed_failed(f, &r->error);
	} else if (r->mark.is_cut && r->result == SHMPUB_ERR_CSV && /* within a quoted field? */
	           (r->follow == NULL || csv_error_is_open_quote(&r->error))) {
		feed_busy(f, false);
	} else if (r->result == SHMPUB_ERR_CSV || r->result == SHMPUB_ERR_INVALID) {
		f->is_forced = false;
		feed_failed_for_good(f, &r->error);
	} else {
		feed_failed_costly(f, &r->error);
	}
}

bool feed_give_up_build(struct feed *f)
{
	return f->state != FEED_BUILDING || wait_word_give_up(&f->build.waiting);
}
