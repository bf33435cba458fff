/*
 * The feed NAME.rejects beside a feed with on_bad_lines = feed: what its last refresh left out. It
 * is published by the same attempts as NAME, has its state, and is readable by the same users.
 *
 * Threads: the loop thread.
 */
#ifndef SHMPUBD_FEED_REJECTS_H
#define SHMPUBD_FEED_REJECTS_H

#include "feed.h"

/*
 * Opens the place in the catalog that the configuration asks for, or removes the one that it does
 * not ask for any more.
 */
int feed_rejects_follow(struct feed *f, struct shmpub_error *err);
void feed_rejects_remove(struct feed *f);
/* As publisher_put_back(); SHMPUB_OK where there are no rejects. */
int feed_rejects_put_back(struct feed *f, struct shmpub_error *err);

/* Before a build: sets f->refresh.rejects. */
int feed_rejects_begin(struct feed *f, struct shmpub_error *err);
/* After a build: publishes what it has sealed. */
int feed_rejects_commit(struct feed *f, struct shmpub_error *err);
/* After a build that failed, perhaps because there are too many of them: the table stays. */
void feed_rejects_commit_alone(struct feed *f);
/* At the end of a job: gives back what was not published. */
void feed_rejects_discard(struct feed *f);

/* As publisher_feed_stands() and publisher_feed_rests(), for a source at rest. */
bool feed_rejects_stand(const struct feed *f);
void feed_rejects_rest(struct feed *f);
/* The feed's attempt has ended so; `err` as for publisher_feed_report(). */
void feed_rejects_report(struct feed *f, enum refresh_result result,
                         const struct shmpub_error *err);
/* Who may read the next tables of the feed and of its rejects. */
void feed_set_access(struct feed *f, const struct shm_access *access);
/* Gives the published table the access that was set. */
int feed_rejects_follow_access(struct feed *f, struct shmpub_error *err);

#endif
