/*
 * What the files of a feed share: feed.c is its life, feed_outcome.c how attempts end.
 * Loop thread only.
 */
#ifndef SHMPUBD_FEED_PARTS_H
#define SHMPUBD_FEED_PARTS_H

#include "feed.h"

static inline uint64_t feed_now_ms(const struct feed *f)
{
	return uv_now(f->host->loop);
}

/* The timer that begins an attempt. */
void feed_on_timer(uv_timer_t *timer);
/* The next one by the interval, if there is one. */
void feed_plan_next(struct feed *f);

/* The warning is what is in the way of the segments now; a change is logged. */
void feed_note_warning(struct feed *f);

/* Each is the end of an attempt and plans the next. A failure may pass by itself ... */
void feed_failed(struct feed *f, const struct shmpub_error *err);
/* ... and costs a whole refresh each time: until then the source is only looked at. */
void feed_failed_costly(struct feed *f, const struct shmpub_error *err);
/* ... or lasts as long as the source is what f->refresh has found. */
void feed_failed_for_good(struct feed *f, const struct shmpub_error *err);
void feed_succeeded(struct feed *f, enum refresh_result result);
void feed_unchanged(struct feed *f);
/* A look at the source of a costly failure found the same source. */
void feed_wait_on(struct feed *f);
/* Somebody is at the source right now, or, `is_fresh`, was a moment ago. */
void feed_busy(struct feed *f, bool is_fresh);

/* Once a second. */
void feed_notice_hang(struct feed *f);
/* What was counted instead of logged; `is_last`: all of it. */
void feed_log_counts(struct feed *f, bool is_last);

#endif
