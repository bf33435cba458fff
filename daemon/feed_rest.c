#include "feed_rest.h"

#include <stddef.h>
#include "feed_parts.h"
#include "feed_rejects.h"
#include "feed_watch.h"
#include "source.h"
#include "wait_word.h"

/* Feeds whose timers run out in the same turn of the loop share one look at the instance. */
static bool instance_stands(struct feed_host *host)
{
	uint64_t now = uv_now(host->loop);

	if (host->stood_ms != now) {
		if (publisher_stand(host->publisher, NULL) != SHMPUB_OK)
			return false; /* the long way tells why */
		host->stood_ms = now;
	}
	return true;
}

static bool has_plain_segments(const struct feed *f)
{
	return f->config->csv_segment != NULL || f->config->array_segment != NULL ||
	       f->warning[0] != '\0';
}

/* Nothing but a change of the source can make this attempt end in anything but "unchanged". */
static bool is_at_rest(struct feed *f)
{
	return !source_scheme_is_fetched(f->config->scheme) && f->is_quiet &&
	       !feed_watch_wants(f) && f->out != NULL && !f->is_failing &&
	       (!f->is_stale || f->is_overdue) && !f->is_forced && f->retry_ms == 0 &&
	       !has_plain_segments(f) && instance_stands(f->host) &&
	       publisher_feed_stands(f->out) && feed_rejects_stand(f);
}

static void look(struct pool_job *job)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, look));

	(void)wait_word_begin(&job->waiting);
	f->rest.is_same = source_rests(f->rest.path, f->rest.is_pattern, &f->rest.seen);
	(void)wait_word_end(&job->waiting);
}

static bool is_void(const struct feed *f)
{
	return f->is_job_void || f->is_forced || !config_feed_equal(f->rest.config, f->config);
}

static void was_looked(struct pool_job *job, bool ran)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, look));
	bool rests = ran && f->rest.is_same && !is_void(f);

	config_feed_release(f->rest.config);
	f->rest.config = NULL;
	f->is_job_void = false;
	f->state = FEED_IDLE;
	f->hung_s = 0;
	if (f->is_removed) {
		feed_close_when_idle(f);
	} else if (rests && !f->is_stopped) {
		publisher_feed_rests(f->out);
		feed_rejects_rest(f);
		f->success_ms = feed_now_ms(f);
		feed_watch_calm(f);
		feed_plan_next(f);
	} else if (ran) {
		feed_watch_surprise(f);
		f->is_quiet =
		        false; /* the source is to be opened: another look would tell nothing */
		feed_attempt(f);
	}
}

bool feed_rest_begin(struct feed *f)
{
	if (!is_at_rest(f))
		return false;
	f->rest.config = config_feed_acquire(f->config);
	f->rest.path = f->config->source;
	f->rest.is_pattern = f->config->scheme == SCHEME_PATTERN;
	f->rest.seen = f->seen;
	f->state = FEED_OPENING;
	f->look.work = look;
	f->look.done = was_looked;
	f->look.is_short = true;
	f->look.ahead = f->rest.path;
	pool_submit(f->host->pool, &f->look, false);
	return true;
}

void feed_host_open(struct feed_host *host, uv_loop_t *loop)
{
	wheel_init(&host->wheel, loop);
	watch_init(&host->watch, loop);
}

void feed_host_close(struct feed_host *host)
{
	wheel_close(&host->wheel);
	watch_close(&host->watch);
}
