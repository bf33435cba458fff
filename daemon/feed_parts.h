/*
 * What feed.c (the life of a feed), feed_fetch.c (a source that is fetched), feed_outcome.c
 * (how an attempt ends) and feed_log.c (what the log tells) share.
 *
 * Threads: the loop thread only.
 */
#ifndef SHMPUBD_FEED_PARTS_H
#define SHMPUBD_FEED_PARTS_H

#include "feed.h"

static inline uint64_t feed_now_ms(const struct feed *f)
{
	return uv_now(f->host->loop);
}

/* Begins an attempt, unless one is under way or none is wanted any more. */
void feed_attempt(struct feed *f);
/* Opens the source on a worker. f->refresh is set. */
void feed_start_open(struct feed *f);
/* Fetches the source, and then opens what was fetched. f->refresh is set. */
void feed_start_fetch(struct feed *f);
/* Logs a line that the other side of a fetch said. */
void feed_log_told(struct fetch *fetch, const char *line);
/* Log the table that was published just now, and the end of a failure. */
void feed_log_published(const struct feed *f);
void feed_log_well(const struct feed *f, bool is_published);
/*
 * Logs a warning. False: it was logged within the last minute, and is only counted. `err`: as
 * feed_log().
 */
bool feed_log_folded(struct feed *f, const char *line, const struct shmpub_error *err);
/* After a job that has read the source: remembers by what a server knows these bytes. */
void feed_note_validators(struct feed *f);
/* Ends the job: frees what it holds and what of its result was not used. */
void feed_end_job(struct feed *f);
/*
 * True when the job's result is not wanted any more. The job is then ended, and what has
 * to happen instead is under way.
 */
bool feed_drop_obsolete_job(struct feed *f, bool ran);

/* After a build: mode = append. */
void feed_note_followed(struct feed *f);
/* The wheel's callback: begins an attempt. */
void feed_on_wheel(struct wheel_entry *entry);
/* To be called when the feed was added or removed, or is failing, stale or tried: host->n_news. */
void feed_note_state(struct feed *f);
void feed_on_wheel_soon(struct wheel_entry *entry, unsigned pass);
/* An event has come: begins the next attempt soon, if it would come later. */
void feed_hasten(struct feed *f);
/*
 * Sets r->frozen to the schema that is published, by this process or by one before it.
 * SHMPUB_ERR_NOMEM.
 */
int feed_load_frozen(struct feed *f, struct shmpub_error *err);
/*
 * feed_kept.c. Before a build: maps the snapshot whose rows it may copy. When the build's snapshot was
 * published: remembers its files. When the attempt ends: takes back what is remembered.
 */
void feed_kept_map(struct feed *f);
void feed_kept_replace(struct feed *f);
void feed_kept_return(struct feed *f);
/* The data are older than `expect_every` says. */
bool feed_is_overdue(const struct feed *f);
/* The line that says so. */
void feed_overdue_line(struct shmpub_error *out, const struct feed *f);
/* Begins the next attempt after `wait_ms`, or sooner when an event has come meanwhile. */
void feed_plan(struct feed *f, uint64_t wait_ms);
/* No attempt is planned any more. */
void feed_unplan(struct feed *f);
/* Starts the timer for the next attempt, if the feed has an interval. */
void feed_plan_next(struct feed *f);

/*
 * Sets the feed's warning to what keeps its plain segments from being placed. A change is
 * logged.
 */
void feed_note_warning(struct feed *f);

/*
 * Each of the functions below ends an attempt and plans the next one. This failure may pass by
 * itself, and trying again is cheap.
 */
void feed_failed(struct feed *f, const struct shmpub_error *err);
/*
 * The source could not be fetched. Fetching costs the other side something, so the feed tries
 * again after ever longer waits; not before `least_ms` have passed.
 */
void feed_fetch_failed(struct feed *f, const struct shmpub_error *err, uint64_t least_ms);
/*
 * This failure may pass by itself, but each try costs a whole refresh. Until the next one the
 * source is only looked at.
 */
void feed_failed_costly(struct feed *f, const struct shmpub_error *err);
/* This failure lasts as long as the source is the one that f->refresh has read. */
void feed_failed_for_good(struct feed *f, const struct shmpub_error *err);
void feed_succeeded(struct feed *f, enum refresh_result result);
void feed_unchanged(struct feed *f);
/* After a costly failure: a look has found the same source. */
void feed_wait_on(struct feed *f);
/* The source is being written, or (`is_fresh`) has changed a moment ago. */
void feed_busy(struct feed *f, bool is_fresh);
/* The source has been written for some attempts, and only grew: its whole lines are to be read. */
bool feed_takes_growing(const struct feed *f);
/* f->refresh ended with an answer of source.h, which is one of the two above. */
void feed_answered(struct feed *f);
/* f->refresh could not make a snapshot. Which of the failures above it is depends on the error. */
void feed_build_failed(struct feed *f);

/* To be called once a second: tells how long the source has not answered. */
void feed_notice_hang(struct feed *f);
/*
 * Logs the counts of lines that were not logged themselves and are due; all of them if
 * `is_last`.
 */
void feed_log_counts(struct feed *f, bool is_last);

/*
 * Gives the feed its place in the catalog, if it has none. Every configured feed has one by
 * count, so only memory can be lacking, and the next attempt tries again.
 */
int feed_open_place(struct feed *f, struct shmpub_error *err);
/*
 * Puts back names that somebody has removed. *again becomes true when that needs a whole
 * refresh. A failing feed does without, because its source cannot be parsed.
 */
int feed_put_back_names(bool *again, struct feed *f, struct shmpub_error *err);

/* Ends the feed now, or as soon as its job is back. */
void feed_close_when_idle(struct feed *f);

#endif
