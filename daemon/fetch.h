/*
 * Sources that are fetched: the bytes come from a program or a server. They are kept in a spool,
 * and only when all of them are there a table is made of them. A fetch lives on the loop thread
 * and never waits there, so that a program that hangs or a dead server holds no worker.
 *
 * Use:      FETCH_NONE -> the fields below -> fetch_begin -> done -> fetch_clear; and again.
 * Threads:  the loop thread. The spool may be read by a worker between `done` and fetch_clear.
 * Lifetime: a struct fetch stays where it is from fetch_begin until `done`, which is called once
 *           for each fetch that began, from the loop and never from within a call of this header.
 *           When it is called, nothing of the fetch is left: no process, no descriptor, no handle.
 * Errors:   SHMPUB_ERR_SYS, SHMPUB_ERR_INVALID (it cannot be had like this), SHMPUB_ERR_LIMIT
 *           (more than max_size), SHMPUB_ERR_NOMEM; each line begins with config->source_name.
 *           What the other side said goes into it by error_quote(): it is not for everybody.
 */
#ifndef SHMPUBD_FETCH_H
#define SHMPUBD_FETCH_H

#include <uv.h>
#include "config.h"
#include "source.h"
#include "spool.h"

enum fetch_answer {
	FETCH_UNCHANGED = 60, /* the other side says that nothing has changed since `seen` */
	FETCH_CANCELLED = 61, /* fetch_cancel() was called */
};

#define FETCH_TAG_SIZE 256
#define FETCH_TIME_SIZE 64

/* By what a server knows the bytes that it gave, as it wrote it. Empty: it said nothing. */
struct fetch_validators {
	char etag[FETCH_TAG_SIZE];
	char last_modified[FETCH_TIME_SIZE];
};

struct fetch_kind;

struct fetch {
	/* set before fetch_begin; what is pointed to must live until `done` */
	uv_loop_t *loop;
	const struct config_feed *config;
	const char *spool_directory;  /* where many bytes are kept; NULL: the system's own place */
	uint64_t max_size;            /* more bytes are a failure */
	struct fetch_validators seen; /* of bytes that need not come again; zero: of none */
	/*
	 * A line for the log, which the other side said: one line, but not yet safe to print.
	 * Whoever calls this bounds its length, not how often it is called. May be NULL.
	 */
	void (*told)(struct fetch *f, const char *line);
	void (*done)(struct fetch *f);

	/* the result, set when `done` is called */
	int result; /* SHMPUB_OK, an answer from above, or a failure */
	struct shmpub_error error;
	/* With a failure: the other side wants to be left alone for so long; 0: it said nothing. */
	uint64_t retry_after_ms;
	/* With SHMPUB_OK: all bytes; the source's time (mtime_ns) and who may read it (readers). */
	struct spool spool;
	struct source_mark mark;
	struct fetch_validators validators;

	/* the kind's own */
	const struct fetch_kind *kind;
	void *run;
};
#define FETCH_NONE ((struct fetch){ .spool = SPOOL_NONE })

/*
 * What each kind provides. All that `begin` took is given back before fetch_end(), which calls
 * `done`, and may be the last call that a kind makes with the fetch.
 */
struct fetch_kind {
	/* On failure nothing is under way, and `done` is not called. */
	int (*begin)(struct fetch *f, struct shmpub_error *err);
	/*
	 * Ends the fetch, so that fetch_end() is called with FETCH_CANCELLED soon. It may be called
	 * again, and when the fetch is about to end. `at_once`: give nobody the time to end in
	 * order, and wait for nobody's end.
	 */
	void (*cancel)(struct fetch *f, bool at_once);
	/*
	 * For --check, and not on the loop: SHMPUB_ERR_* when a fetch would fail for a reason that
	 * shows without fetching.
	 */
	int (*usable)(const struct config_feed *config, struct shmpub_error *err);
};

extern const struct fetch_kind fetch_kind_command, fetch_kind_url;

/* NULL: nobody fetches sources of this scheme. */
const struct fetch_kind *fetch_kind_of(enum source_scheme scheme);
/* On failure nothing is under way, and `done` is not called. */
int fetch_begin(struct fetch *f, struct shmpub_error *err);
/* `done` is called with FETCH_CANCELLED, unless the fetch was just about to end. See above. */
void fetch_cancel(struct fetch *f, bool at_once);
/* Frees the result. FETCH_NONE may be cleared. */
void fetch_clear(struct fetch *f);
/* Fetches now, on a loop of its own, and waits for the end. f->done and f->loop are not used. */
int fetch_wait(struct fetch *f, struct shmpub_error *err);

/* The bytes as source.h takes them. */
static inline struct source_fetched fetch_bytes(struct fetch *f)
{
	return (struct source_fetched){ &f->spool, f->mark };
}

/* --- for the kinds ------------------------------------------------------------------------------- */

/* Adds bytes to the result. SHMPUB_ERR_LIMIT when there are more than max_size. */
int fetch_add(struct fetch *f, struct span bytes, struct shmpub_error *err);
/* Sets the error of a source that has more than max_size bytes, and returns SHMPUB_ERR_LIMIT. */
int fetch_tell_too_large(const struct fetch *f, struct shmpub_error *err);
/*
 * Ends the fetch. `result` and *err (used on failure only) are what `done` sees. On SHMPUB_OK
 * `mtime_ns` is the source's time. Nobody but the daemon's user may read what was fetched, unless
 * the ini gives a mode.
 */
void fetch_end(struct fetch *f, int result, int64_t mtime_ns, const struct shmpub_error *err);

#endif
