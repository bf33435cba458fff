#include "base/error.h"
#include "feed_parts.h"
#include "pace.h"

/*
 * A source that is being written. It is waited for until it rests: for a tick of the file system's
 * clock, or for as long as `settle` says. A file that only grows, and never rests so long, is read up
 * to its last newline after GROWING_TRIES attempts. Not with `settle`: there somebody knows that a file
 * is rewritten in pieces, and such a file only grows as well until it is complete.
 */

#define GROWING_TRIES 3
#define BUSY_LEAST_MS                                                                              \
	10000          /* a source written for so long, and for three intervals, is a failure */
#define SETTLE_TIMES 4 /* and for so many times of what it has to rest */
#define LOOK_LEAST_MS 12
#define DONE_TRIES 8

bool feed_takes_growing(const struct feed *f)
{
	return f->n_busy >= GROWING_TRIES && f->has_only_grown && f->config->settle_ms == 0;
}

static bool is_larger(const struct source_mark *before, const struct source_mark *now)
{
	return before->inode == now->inode && before->device == now->device &&
	       now->size >= before->size;
}

/* A file that is smaller than what is published was begun anew. */
static void note_growth(struct feed *f)
{
	const struct source_mark *now = &f->refresh.mark;

	if (f->n_busy == 0)
		f->has_only_grown = f->seen.inode != now->inode || is_larger(&f->seen, now);
	else
		f->has_only_grown &= is_larger(&f->grown, now);
	f->grown = *now;
}

static void note_wait(struct feed *f, bool is_fresh)
{
	const struct source_mark *now = &f->refresh.mark;

	if (!is_fresh || !source_mark_same_look(&f->waited, now))
		f->waited_since_ms = feed_now_ms(f);
	f->waited = is_fresh ? *now : SOURCE_MARK_NONE;
}

/* How long the file has to go on as it is, by the looks or by the time of its last write. */
static uint64_t settle_left_ms(const struct feed *f)
{
	uint64_t settle = f->config->settle_ms, rested = feed_now_ms(f) - f->waited_since_ms;
	int64_t by_time = (shm_now_ns() - f->waited.mtime_ns) / 1000000;

	if (by_time > 0 && (uint64_t)by_time > rested)
		rested = (uint64_t)by_time;
	return rested + LOOK_LEAST_MS < settle ? settle - rested : LOOK_LEAST_MS;
}

static uint64_t patience_ms(const struct feed *f)
{
	uint64_t patience = 3 * f->config->interval_ms;
	uint64_t settle = SETTLE_TIMES * f->config->settle_ms;

	if (patience < settle)
		patience = settle;
	return patience < BUSY_LEAST_MS ? BUSY_LEAST_MS : patience;
}

/*
 * Its writer has closed it, so that no other event may come: a tick is all that is missing. Not for ever,
 * because a file that is opened and closed all the time has such events as well.
 */
static bool is_done(const struct feed *f)
{
	return f->watch.was_done && f->n_busy <= DONE_TRIES;
}

void feed_busy(struct feed *f, bool is_fresh)
{
	uint64_t now = feed_now_ms(f);
	struct shmpub_error err;

	note_growth(f);
	note_wait(f, is_fresh);
	if (f->n_busy++ == 0)
		f->busy_since_ms = now;
	if (now - f->busy_since_ms > patience_ms(f)) {
		error_set(&err, SHMPUB_ERR_INVALID, "%s: written to without a pause for %llu s",
		          f->config->source_name,
		          (unsigned long long)(now - f->busy_since_ms) / 1000);
		feed_failed(f, &err);
	} else if (!is_fresh) {
		feed_plan(f, pace_busy(f->n_busy));
	} else if (f->config->settle_ms > 0) {
		feed_plan(f, settle_left_ms(f));
	} else {
		feed_plan(f, is_done(f) ? LOOK_LEAST_MS : pace_fresh(f->n_busy));
	}
}
