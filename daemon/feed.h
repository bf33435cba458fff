/*
 * A feed in the daemon: its timer, its job (one at a time), and what it knows of its source.
 *
 * Threads:  the loop thread.
 * Lifetime: made by feed_new and feed_open. After feed_remove or feed_leave it frees itself as
 *           soon as its job is back and its timer is closed, and calls host->gone.
 * Errors:   a failed attempt ends here: the catalog gets the reason, the log one line.
 */
#ifndef SHMPUBD_FEED_H
#define SHMPUBD_FEED_H

#include <uv.h>
#include "config.h"
#include "fetch.h"
#include "fold.h"
#include "log.h"
#include "pool.h"
#include "publisher/publisher.h"
#include "refresh.h"
#include "watch.h"
#include "wheel.h"

struct feed;

/* How an attempt ended. */
struct feed_end {
	uint64_t attempt; /* its number; UINT64_MAX: it has not ended, and may never do so */
	enum refresh_result result;
	uint64_t sequence, rows;        /* of what was published */
	const struct shmpub_error *err; /* of REFRESH_FAILED; else NULL */
};

/* What all feeds of the daemon share. It outlives them. */
struct feed_host {
	uv_loop_t *loop;
	const struct log *log;
	struct pool *pool;
	struct publisher *publisher;
	const char *instance;
	const char *instance_path; /* the path of the instance's directory */
	const struct runner *runner;
	uint64_t max_bytes;
	uint64_t hash_seed;
	struct wheel wheel; /* of feeds that wait for their interval */
	struct watch watch;
	char watch_told[SHMPUB_ERROR_SIZE]; /* why the last feed could not be watched */
	uint64_t stood_ms; /* when feed_rest.c has looked at the instance, by uv_now() */
	uint64_t tick_ms;  /* before this time no feed has anything to do in feed_tick() */
	uint64_t
	        n_news; /* times that a feed began or ceased to be failing, stale or not tried yet */
	/* The feed's first attempt has ended. `published`: the feed has a snapshot. */
	void (*tried)(void *arg, struct feed *feed, bool published);
	/* An attempt has ended, or (`end` says so) its source gives no answer for long. */
	void (*ended)(void *arg, struct feed *feed, const struct feed_end *end);
	/* The feed frees itself after this call: it must leave the app's list. */
	void (*gone)(void *arg, struct feed *feed);
	/* Another process has taken the instance: this one must stop. */
	void (*lost)(void *arg, const struct shmpub_error *err);
	void *arg;
};

/* What the feeds wait with: its handles are the loop's. */
void feed_host_open(struct feed_host *host, uv_loop_t *loop);
void feed_host_close(struct feed_host *host);

/*
 * FEED_FETCHING: the bytes of the source come from a program or a server; no worker has a part in
 * it. FEED_OPENING: a worker looks at the source or opens it, or such a job waits for a thread.
 * FEED_BUILDING: a worker reads it to a snapshot.
 */
enum feed_job { FEED_IDLE, FEED_FETCHING, FEED_OPENING, FEED_BUILDING };

struct feed {
	struct feed_host *host;
	struct config_feed *config;
	struct publisher_feed *out; /* the place in the catalog; NULL: removed, or not opened yet */
	struct publisher_feed *rejects; /* feed_rejects.h; NULL: none are published */
	bool has_rejects;  /* what `rejects` shows is of the source as it was last parsed */
	struct feed *next; /* the app's list */

	/*
	 * What a look at a source that rests needs stands together here, in few cache lines: a
	 * thousand feeds do not stay in the caches from one look to the next.
	 */
	struct wheel_entry resting; /* the next attempt waits here, or for `timer` */
	uint64_t phase;             /* pace.h */
	uint64_t success_ms;
	/* before this time a source is read only if it differs from `failed` */
	uint64_t retry_ms;
	uint64_t hung_s;     /* the seconds of a hang that were told last; 0: none */
	uint64_t n_attempts; /* that have begun */
	enum feed_job state;
	/* the last attempt found the source unchanged: look before reading */
	bool is_quiet;
	bool is_forced;   /* the next attempt reads even an unchanged source */
	bool is_asked;    /* begin another attempt as soon as this one ends */
	bool is_job_void; /* the job began before the feed was removed and came back */
	bool is_removed, is_stopped, is_tried, is_closed;
	bool is_failing, is_stale;
	unsigned char state_told; /* what host->n_news has counted last: feed_note_state() */
	bool is_timed;            /* `timer` runs */
	bool is_overdue;          /* stale because the data are old: feed_stale.c */
	struct pool_job look;     /* also opens the source */
	struct {                  /* belongs to a worker while feed_rest.c looks at the source */
		struct config_feed *config;
		/* of `config`, which the worker then need not load */
		const char *path;
		bool is_pattern;
		struct source_mark seen;
		bool is_same;
	} rest;
	struct { /* feed_watch.c */
		struct watcher watcher;
		unsigned events;    /* since the last attempt began */
		bool was_told;      /* there were events before it, or the path was resolved */
		bool was_done;      /* one of them said that a writer has closed the file */
		bool is_untold;     /* a look has once found a change that no event had told */
		unsigned n_calm;    /* looks since the last refresh, of which none found a change */
		bool is_to_resolve; /* the path is not followed yet, or means other names by now */
		bool is_resolving, is_told;
		int result;
		uint64_t began_ms;       /* the attempt that is under way; 0: none */
		uint64_t rests_until_ms; /* as long as the last attempt took, no event begins one */
		uint64_t retry_ms;
		struct watch_plan plan; /* belongs to a worker while is_resolving */
		struct shmpub_error error;
	} watch;
	struct source_mark seen;         /* the source as the last finished attempt has found it */
	char warning[SHMPUB_ERROR_SIZE]; /* a warning of a refresh that succeeded */

	uv_timer_t timer;
	struct pool_job build;  /* never at the same time as `look` */
	struct refresh refresh; /* belongs to a worker while it has the job */
	struct fetch fetch;
	struct source_fetched fetched;      /* what `fetch` has brought */
	struct fetch_validators validators; /* of the bytes that seen_hash stands for */
	int64_t published_ns;               /* when; 0: not by this process */
	uint64_t seen_hash;
	bool was_same; /* when it was rewritten the last time, its content was the same */
	struct source_mark waited; /* the source as a look has found it too fresh to read */
	uint64_t waited_since_ms;
	struct source_mark grown; /* the source at the last of the attempts that n_busy counts */
	bool has_only_grown;      /* at each of them */
	struct schema schema;
	struct kept_files kept; /* while no attempt is under way: feed_kept.c */
	struct follow follow; /* mode = append; a worker reads it while it has the job */
	struct article_live article;
	unsigned n_plain_failures; /* in a row, for the back-off */
	uint64_t plain_after_ms;   /* when missing plain segments are made again */
	/* who may read the table, by the configuration and the source as it was last opened */
	struct shm_access access;
	bool is_judged; /* the source was opened, or found closed to the daemon */
	/* of the table that is published; before the first one: mode 0644 */
	struct shm_access shown;

	unsigned n_failures; /* in a row, for the back-off; an unchanged bad source adds none */
	struct source_mark failed;
	bool is_waiting; /* the look under way compares the source with `failed` */
	unsigned n_busy; /* times in a row that the source was being written */
	uint64_t busy_since_ms;
	struct shmpub_error failure; /* the last one */
	struct fold fold, told; /* of lines of our own; of what the other side of a fetch said */
	char logged[SHMPUB_ERROR_SIZE]; /* the last failure in the log; empty after success */
	/* `logged`, `warning` went into the log, and were not only counted */
	bool is_told, is_warning_told;
};

/*
 * Takes memory only, and a reference to `config`. Until feed_open is called, feed_delete frees
 * both. Fails with SHMPUB_ERR_NOMEM.
 */
int feed_new(struct feed **out, struct feed_host *host, struct config_feed *config,
             struct shmpub_error *err);
void feed_delete(struct feed *f);
/*
 * Gives the feed its place in the catalog. If this fails, each attempt tries again. From here
 * on feed_remove or feed_leave end the feed, also after a failure.
 */
int feed_open(struct feed *f, struct shmpub_error *err);
/* Begins the first attempt at once. */
void feed_start(struct feed *f);
/*
 * Begins an attempt at once, or as soon as the one under way has ended. Its number is
 * f->n_attempts + 1, as that is before the call.
 */
void feed_refresh_now(struct feed *f);
/*
 * Removes the plain segments that `next` does not ask for, so that another feed can have their
 * names.
 */
void feed_drop_segments(struct feed *f, const struct config_feed *next);
/* Gives the feed another configuration of the same name, and takes a reference to it. */
void feed_configure(struct feed *f, struct config_feed *config);
/* Removes the feed, its snapshot and its plain segments. */
void feed_remove(struct feed *f);
/* Begins no more attempts; the result of a job under way is thrown away. The snapshot stays. */
void feed_stop(struct feed *f);
/*
 * After feed_stop, when no job is under way: ends the feed, and removes its plain segments
 * unless `keep`. The publisher decides what becomes of the snapshot.
 */
void feed_leave(struct feed *f, bool keep);
/*
 * To be called once a second for each feed, if it is time (host->tick_ms): notices a source that
 * hangs, a feed without a success for three intervals, and data that are older than expected.
 * Returns when it has to be called again.
 */
uint64_t feed_tick(struct feed *f);
/*
 * Logs an event of the feed. `err`: the failure that the event is of, whose code and line become
 * fields; NULL: of none. The text is what `format` says, without the feed's name.
 */
void feed_log(const struct feed *f, enum log_level level, const struct shmpub_error *err,
              const char *format, ...) PRINTF_LIKE(4, 5);
bool feed_is_busy(const struct feed *f);
/* Ends a fetch under way, soon or at once (fetch.h); else does nothing. */
void feed_cancel_fetch(struct feed *f, bool at_once);
/* Since when the feed's job waits for the source, by uv_now(); 0: it does not wait. */
uint64_t feed_waits_since_ms(const struct feed *f);
/*
 * False: a worker makes a snapshot right now. Else there is none, or it waits for the source,
 * and will not touch the snapshot any more when it has its answer.
 */
bool feed_give_up_build(struct feed *f);
/* The feed is freeing itself and cannot come back. A new feed may have its name. */
bool feed_is_closed(const struct feed *f);

#endif
