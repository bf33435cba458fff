#include "base/error.h"
#include "feed_parts.h"
#include "feed_watch.h"

/*
 * A table is stale when nobody could look at its source for three intervals, or when its data are
 * older than `expect_every`: by the time of the source's last change where it has one, which a
 * restart does not make younger, else by when the last table was published.
 */

#define TICK_MOST_MS 3000 /* what feed_tick() looks at is looked at no less often */

static bool has_missed_looks(const struct feed *f)
{
	uint64_t interval = feed_watch_interval_ms(f);

	return interval != 0 && feed_now_ms(f) - f->success_ms > 3 * interval + 1000;
}

static int64_t data_ns(const struct feed *f)
{
	return f->seen.mtime_ns > 0 ? f->seen.mtime_ns : f->published_ns;
}

bool feed_is_overdue(const struct feed *f)
{
	uint64_t every = f->config->expect_every_ms;

	return every != 0 && data_ns(f) != 0 &&
	       shm_now_ns() - data_ns(f) > (int64_t)every * 1000000;
}

void feed_overdue_line(struct shmpub_error *out, const struct feed *f)
{
	error_set(out, SHMPUB_OK, "%s: no new data for more than %llu s, which is expect_every",
	          f->config->source_name, (unsigned long long)f->config->expect_every_ms / 1000);
}

static void tell_overdue(struct feed *f)
{
	struct shmpub_error line;

	feed_overdue_line(&line, f);
	publisher_feed_note(f->out, &line);
	if (!f->is_overdue)
		feed_log(f, LOG_LEVEL_WARNING, NULL, "%s", line.message);
	f->is_overdue = true;
}

/*
 * Nearly all feeds of a thousand have nothing to do in nearly all seconds, and to touch each of them to find
 * that out would cost as much as the looks at their sources.
 */
static uint64_t next_tick_ms(const struct feed *f)
{
	uint64_t now = feed_now_ms(f), interval = feed_watch_interval_ms(f);
	uint64_t missed = f->success_ms + 3 * interval + 1000;

	if (feed_is_busy(f) || f->fold.has_counts || f->told.has_counts ||
	    f->config->expect_every_ms != 0)
		return now;
	if (f->is_failing || f->is_stale || interval == 0)
		missed = UINT64_MAX;
	return missed < now + TICK_MOST_MS ? missed : now + TICK_MOST_MS;
}

static void notice_stale(struct feed *f)
{
	if (f->is_failing || f->is_stale || f->out == NULL || publisher_feed_sequence(f->out) == 0)
		return;
	if (feed_is_overdue(f))
		tell_overdue(f);
	else if (!has_missed_looks(f))
		return;
	f->is_stale = true;
	feed_note_state(f);
	publisher_feed_set_stale(f->out);
}

uint64_t feed_tick(struct feed *f)
{
	feed_notice_hang(f);
	feed_log_counts(f, false);
	notice_stale(f);
	return next_tick_ms(f);
}
