/*
 * A feed in the daemon: its timer, its one job at a time, what it knows of its source.
 *
 * Threads:  the loop thread.
 * Lifetime: made by feed_new and feed_open; after feed_remove it frees itself as soon as its job is
 *           back and its timer closed, and tells host->gone.
 * Errors:   a failed attempt ends here: it is reported in the catalog and logged once.
 */
#ifndef SHMPUBD_FEED_H
#define SHMPUBD_FEED_H

#include <uv.h>
#include "config.h"
#include "fold.h"
#include "log.h"
#include "pool.h"
#include "publisher/publisher.h"
#include "refresh.h"

struct feed;

/* What all feeds share; it outlives them. */
struct feed_host {
	uv_loop_t *loop;
	const struct log *log;
	struct pool *pool;
	struct publisher *publisher;
	const char *instance;
	const char *place; /* the path of the instance's directory */
	const struct runner *runner;
	uint64_t max_bytes;
	uint64_t hash_seed;
	/* The first attempt that came to something is over; `published`: there is a snapshot. */
	void (*tried)(void *arg, struct feed *feed, bool published);
	void (*gone)(void *arg, struct feed *feed);
	/* Another process has taken the instance. */
	void (*lost)(void *arg, const struct shmpub_error *err);
	void *arg;
};

enum feed_job { FEED_IDLE, FEED_READING, FEED_BUILDING }; /* reading: or looking whether to */

struct feed {
	struct feed_host *host;
	struct config_feed *config;
	struct publisher_feed *out; /* NULL: removed, or not opened yet */
	struct feed *next;          /* the app's list */

	uv_timer_t timer;
	struct pool_job job;
	enum feed_job state;
	struct refresh refresh; /* a worker's while state is not FEED_IDLE */

	struct source_mark seen; /* the source as the last attempt that came to an end found it */
	uint64_t seen_hash;
	struct source_mark waited; /* the look that found it too fresh to read */
	bool is_quiet;             /* the last attempt found it unchanged: look before reading */
	bool is_forced;            /* the next attempt reads in any case */
	bool is_asked;             /* an attempt is wanted as soon as the one under way is over */
	bool is_job_void;          /* what is under way is of the feed before it was removed */
	bool is_removed, is_stopped, is_tried, is_closed;
	struct schema schema;
	struct article_live article;
	unsigned n_article_failures; /* in a row, for the back-off */
	uint64_t article_after_ms;   /* when what is wanting is made again */
	/* of the table, by the configuration and the source's last look */
	struct shm_access access;
	bool is_judged;          /* there was such a look */
	struct shm_access shown; /* of the table that stands; before the first: for everybody */

	bool is_failing;
	unsigned n_failures; /* in a row, for the back-off; not those of an unchanged bad source */
	uint64_t retry_ms;   /* until then only a source that differs from `failed` is read */
	struct source_mark failed;
	bool is_waiting;   /* the look that is under way is for that */
	uint64_t began_ms; /* atomic: when a worker began to look or read; 0: it has not */
	uint64_t hung_s;   /* what was told of a hang; 0: nothing */
	unsigned n_busy;   /* in a row */
	uint64_t busy_since_ms, success_ms;
	bool is_stale;
	struct shmpub_error failure;     /* the one that lasts */
	char warning[SHMPUB_ERROR_SIZE]; /* of a refresh that went well all the same */
	struct fold fold;
	char logged
	        [SHMPUB_ERROR_SIZE]; /* the failure that lasts, for the log; empty after a success */
	bool is_told, is_warning_told; /* they were logged, and not only counted */
};

/* Only memory. `config`: a reference is taken. Until feed_open, feed_delete gives it back. */
int feed_new(struct feed **out, struct feed_host *host, struct config_feed *config,
             struct shmpub_error *err);
void feed_delete(struct feed *f);
/*
 * Take its place in the catalog. From here on feed_remove or feed_leave end it, also when
 * this failed: each attempt then tries again.
 */
int feed_open(struct feed *f, struct shmpub_error *err);
/* The first attempt, now. */
void feed_start(struct feed *f);
/* Take away the segments that `next` does not ask for, so that another feed can have their names. */
void feed_drop_segments(struct feed *f, const struct config_feed *next);
/* Go on with another configuration of the same name; a reference is taken. */
void feed_configure(struct feed *f, struct config_feed *config);
/* Take the feed away, and its snapshot with it. */
void feed_remove(struct feed *f);
/* No more attempts; what is under way comes to nothing. The snapshot stays. */
void feed_stop(struct feed *f);
/* After feed_stop, when nothing is under way: what stands outside the instance goes, unless `keep`. */
void feed_leave(struct feed *f, bool keep);
/* Once a second: notice what hangs, and that nothing has succeeded for three intervals. */
void feed_tick(struct feed *f);
bool feed_is_busy(const struct feed *f);
/* It is on its way out and cannot come back; a new feed may have its name. */
bool feed_is_closed(const struct feed *f);

#endif
