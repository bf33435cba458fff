/*
 * A feed with `watch = yes`: events at its source begin an attempt, and while all of them are told,
 * the looks by interval are few.
 *
 * Threads: the loop thread; feed_watch_resolve() on the worker that has the feed's job.
 */
#ifndef SHMPUBD_FEED_WATCH_H
#define SHMPUBD_FEED_WATCH_H

#include "feed.h"

void feed_watch_init(struct feed *f);
/* The source's path is to be resolved, so this attempt has to open it. */
bool feed_watch_wants(const struct feed *f);
/* Before and after the job that opens the source. `ran`: feed_watch_resolve() was called. */
void feed_watch_begin(struct feed *f);
void feed_watch_resolve(struct feed *f);
void feed_watch_resolved(struct feed *f, bool ran);
/* A new configuration; `stays`: it has the same source. */
void feed_watch_configure(struct feed *f, bool stays);
void feed_watch_end(struct feed *f);

/* An attempt begins: the events so far are answered by it. */
void feed_watch_attempt(struct feed *f);
/* The source has changed. If no event told it, the path may mean other names by now. */
void feed_watch_surprise(struct feed *f);
/* A look has found that the source is the same. */
void feed_watch_calm(struct feed *f);
/* How often to look without an event; 0: never. */
uint64_t feed_watch_interval_ms(const struct feed *f);
/* The feed's place (pace.h) among those that are looked at so often. */
uint64_t feed_watch_phase(const struct feed *f, uint64_t interval_ms);
/* How long to wait for the next attempt when it would be `wait_ms`, and events have come meanwhile. */
uint64_t feed_watch_wait_ms(struct feed *f, uint64_t wait_ms);

#endif
