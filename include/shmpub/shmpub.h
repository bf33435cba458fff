/*
 * libshmpub: tables in shared memory, published by one process and read by many.
 *
 * Words:    an instance is a directory of feeds; a feed is a named table that is
 *           kept fresh; a snapshot is one immutable version of it; its sequence
 *           grows with every version and compares only within one epoch.
 *           docs/FORMAT.md describes every byte.
 * Threads:  a publisher and a reader belong to one thread each (several of them,
 *           in several threads, are fine). A snapshot may be read from any thread.
 * Lifetime: every pointer taken from a snapshot dies with shmpub_release(). A
 *           snapshot outlives its reader, the feed and the publisher.
 * Errors:   0 is success. Positive codes are answers to be handled; negative codes
 *           are failures, described by one line in `err` when it is given. `err`
 *           may be NULL everywhere. The library never logs, prints or exits.
 */
#ifndef SHMPUB_SHMPUB_H
#define SHMPUB_SHMPUB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SHMPUB_API __attribute__((visibility("default")))
#else
#define SHMPUB_API
#endif

/*
 * The version of this header; shmpub_version() is that of the library. Programs that were compiled
 * with another header of the same ABI version (the number in libshmpub.so.1) go on working: what is
 * added to a struct takes from its reserved room, which a program sets to zero, best by initialising
 * the whole struct ("= { 0 }", in C++ "= {}"). Zero always means what was there before, or nothing.
 */
#define SHMPUB_VERSION_MAJOR 0
#define SHMPUB_VERSION_MINOR 2
#define SHMPUB_VERSION_PATCH 0
#define SHMPUB_VERSION_STRING "0.2.0"
/* For comparisons: #if SHMPUB_VERSION_NUMBER >= 200 */
#define SHMPUB_VERSION_NUMBER                                                                      \
	(SHMPUB_VERSION_MAJOR * 10000 + SHMPUB_VERSION_MINOR * 100 + SHMPUB_VERSION_PATCH)

#ifdef _WIN32
#define SHMPUB_DIRECTORY "auto" /* the namespace Global where that can be had, else Local */
#else
#define SHMPUB_DIRECTORY "/dev/shm" /* an instance is the directory INSTANCE below it */
#endif
#define SHMPUB_INSTANCE "shmpub"
#define SHMPUB_FEED_MAX 40 /* bytes in a feed's name */

enum shmpub_status {
	SHMPUB_OK = 0,
	SHMPUB_UNCHANGED = 1,    /* nothing newer than the caller's sequence */
	SHMPUB_ABSENT = 2,       /* the feed exists but was never published */
	SHMPUB_NO_FEED = 3,      /* the instance has no feed of that name */
	SHMPUB_NO_INSTANCE = 4,  /* nothing has published under that instance name */
	SHMPUB_TIMED_OUT = 5,    /* the time given passed first */
	SHMPUB_INTERRUPTED = 6,  /* shmpub_interrupt() or a signal ended the wait */
	SHMPUB_ERR_SYS = -1,     /* a system call failed; see err->sys */
	SHMPUB_ERR_NOMEM = -2,   /* memory ran out */
	SHMPUB_ERR_FORMAT = -3,  /* bytes in shared memory contradict docs/FORMAT.md */
	SHMPUB_ERR_INVALID = -4, /* an argument or option is outside its rule */
	SHMPUB_ERR_CSV = -5,     /* the CSV text cannot become a table; the line says why */
	SHMPUB_ERR_BUSY = -6,    /* another publisher holds the instance */
	SHMPUB_ERR_LIMIT = -7,   /* a configured bound (max_bytes, max_columns) is reached */
	SHMPUB_ERR_OWNER = -8,   /* the instance belongs to a user who is not trusted */
	SHMPUB_ERR_ACCESS = -9,  /* the feed, or the instance, may not be read by this user */
};

#define SHMPUB_ERROR_SIZE 512

struct shmpub_error {
	int code;                        /* the status that was returned */
	int sys;                         /* errno, or 0 */
	char message[SHMPUB_ERROR_SIZE]; /* one line, NUL-terminated, no newline */
	/* Where in the message a cell of the table stands as it is: not for everybody's eyes. */
	uint16_t quoted_at, quoted_size; /* in bytes; size 0: nowhere */
	/*
	 * The line of the CSV text, from 1, that the message begins with ("line 812: ..."); 0: it
	 * tells of no line. Lines beyond 32 bits, which only the message tells, are UINT32_MAX here.
	 */
	uint32_t line;
	uint32_t reserved[14];
};

enum shmpub_type {
	SHMPUB_NULL = 0, /* no values at all */
	SHMPUB_BOOL,     /* bits, least significant first */
	SHMPUB_INT64,
	SHMPUB_UINT64,
	SHMPUB_FLOAT64,
	SHMPUB_TIMESTAMP, /* int64 since 1970-01-01T00:00:00 in `unit` */
	SHMPUB_TEXT,      /* UTF-8, int64 offsets */
};

/* Numbered as Arrow's TimeUnit. */
enum shmpub_unit {
	SHMPUB_SECOND = 0,
	SHMPUB_MILLISECOND,
	SHMPUB_MICROSECOND,
	SHMPUB_NANOSECOND,
};

/* What pandas shows as an object column has a plain form and one of these marks. */
enum shmpub_kind {
	SHMPUB_PLAIN = 0,
	SHMPUB_KIND_INT,  /* text: decimal integers, some beyond 64 bits */
	SHMPUB_KIND_BOOL, /* bool with nulls, Python objects in pandas */
};

/*
 * One column: what it is and where it lies. The same struct describes a column
 * of a snapshot that is read and a column that a program publishes. All zero is an
 * ordinary column; initialise it whole, so that its reserved room is zero.
 */
struct shmpub_column {
	const char *name; /* UTF-8, not NUL-terminated by rule; see name_size */
	size_t name_size;
	enum shmpub_type type; /* of the values; of the dictionary's when there is one */
	enum shmpub_unit unit; /* timestamps only */
	const char *timezone;  /* timestamps: "UTC", "+02:00", "Europe/Berlin", NULL for naive */
	enum shmpub_kind kind;
	int index;           /* 0: a column; 1, 2, ...: the first, second, ... level of the index */
	int is_unnamed;      /* an index level without a name */
	int is_integer_name; /* pandas shows the label as an int: the source had no header */

	uint64_t n_rows;
	uint64_t null_count;
	const void *values; /* n_rows values of 8 bytes; bits for bool; codes with a dictionary */
	const uint8_t *validity; /* bits, 1 = there is a value; NULL: no nulls */
	const int64_t *offsets;  /* text: n_rows + 1 of them */
	const char *text;        /* text: the bytes that offsets point into */

	int code_size; /* bytes per code: 1, 2 or 4; 0 without a dictionary */
	const struct shmpub_column *dictionary; /* n_rows = number of values; NULL: none */

	/* Of a column that was read: bytes behind `text`. Any offset may be held against it. */
	uint64_t text_size;

	uint64_t reserved[4]; /* 0 */
};

/* Of the library that is linked: "0.2.0". */
SHMPUB_API const char *shmpub_version(void);

/* --- marks: which snapshot somebody has seen --------------------------------------------------- */

/* Sequences compare within one epoch; a snapshot of another epoch counts as newer. All zero: none seen. */
struct shmpub_mark {
	uint64_t epoch;
	uint64_t sequence;
};

/* --- reading ----------------------------------------------------------------------------------- */

struct shmpub_reader;   /* one thread's view of an instance */
struct shmpub_snapshot; /* one version of one feed, held */

struct shmpub_reader_options { /* all zero: the defaults */
	const char *directory; /* NULL: SHMPUB_DIRECTORY */
	const char *instance;  /* NULL: SHMPUB_INSTANCE */
	uint32_t owner;        /* a uid that is trusted besides root, the user shmpub and me */
	/*
	 * The same by its name, or by its number as text (a uid; on Windows a SID); NULL: nobody
	 * more. SHMPUB_ERR_INVALID: there is no such user.
	 */
	const char *owner_name;
	uint64_t reserved[5]; /* 0 */
};

/*
 * Make a reader. Whether the instance is there does not matter yet: each call below
 * attaches when it can, and attaches anew when the publisher was replaced. `options`
 * may be NULL, and is not needed afterwards. On success the caller owns *out.
 */
SHMPUB_API int shmpub_reader_open(struct shmpub_reader **out,
                                  const struct shmpub_reader_options *options,
                                  struct shmpub_error *err);
/* NULL is fine. Snapshots stay good. */
SHMPUB_API void shmpub_reader_close(struct shmpub_reader *reader);

/*
 * The newest snapshot there is, by two memory reads (a look at the file system at
 * most once a second). SHMPUB_ABSENT, SHMPUB_NO_FEED, SHMPUB_NO_INSTANCE: *out is zero.
 */
SHMPUB_API int shmpub_newest(struct shmpub_mark *out, struct shmpub_reader *reader,
                             const char *feed, struct shmpub_error *err);

/*
 * Map the newest snapshot if it is newer than `seen` (NULL: whatever there is).
 *
 * On SHMPUB_OK the caller owns *out and must shmpub_release() it; on any other
 * result *out is NULL: SHMPUB_UNCHANGED, SHMPUB_ABSENT, SHMPUB_NO_FEED,
 * SHMPUB_NO_INSTANCE, or a failure. Never blocks.
 */
SHMPUB_API int shmpub_acquire(struct shmpub_snapshot **out, struct shmpub_reader *reader,
                              const char *feed, const struct shmpub_mark *seen,
                              struct shmpub_error *err);

/* How long a running publisher may go without a feed that is waited for. */
#define SHMPUB_GRACE_MS 5000

/*
 * Sleep until there is something newer than `seen` (NULL: anything at all), for
 * timeout_ms at most (negative: for ever). SHMPUB_OK, SHMPUB_TIMED_OUT, or
 * SHMPUB_NO_FEED.
 *
 * Waiting does not depend on who starts first: a publisher that is not there yet, is
 * starting, is being replaced, or is gone, is waited for. One that runs and has not
 * announced the feed has SHMPUB_GRACE_MS to do so (or the time given, if that is
 * shorter); then SHMPUB_NO_FEED, with the nearest name in the message. A feed that is
 * removed while it is waited for ends the wait at once.
 */
SHMPUB_API int shmpub_wait(struct shmpub_reader *reader, const char *feed,
                           const struct shmpub_mark *seen, int timeout_ms,
                           struct shmpub_error *err);

/*
 * The same for whatever changes in any feed. *change starts as 0 (the first call
 * then answers at once) and is the caller's place in the run of changes.
 */
SHMPUB_API int shmpub_wait_any(struct shmpub_reader *reader, uint64_t *change, int timeout_ms,
                               struct shmpub_error *err);

/*
 * End the wait under way of this reader, or else its next one, with SHMPUB_INTERRUPTED. May be
 * called from any thread and from signal handlers; several calls before the wait ends count as one.
 * News comes first: a wait that has news to tell answers SHMPUB_OK, and the next wait is
 * interrupted. A signal handler that was installed without SA_RESTART ends a sleeping wait as well;
 * one that was installed with it calls shmpub_interrupt(). So does a handler that must end the wait in any
 * case: a signal that arrives between two sleeps of one wait ends nothing by itself.
 */
SHMPUB_API void shmpub_interrupt(struct shmpub_reader *reader);

/*
 * For poll(2), epoll(7) and event loops such as libuv's: a descriptor that becomes readable after
 * each new snapshot of `feed` (NULL: after each change in any feed), also after one that was there
 * before. It stays readable until shmpub_notifier_clear(); clear first, then look for news with a
 * reader of your own. A thread of the library sleeps for it, which receives no signals. A feed or an
 * instance that is not there yet is waited for.
 *
 * The notifier belongs to one thread, which may not use it any more after fork() but to close
 * it. On success the caller owns *out.
 */
struct shmpub_notifier;
SHMPUB_API int shmpub_notifier_open(struct shmpub_notifier **out,
                                    const struct shmpub_reader_options *options, const char *feed,
                                    struct shmpub_error *err);
SHMPUB_API int shmpub_notifier_descriptor(const struct shmpub_notifier *notifier);
SHMPUB_API void shmpub_notifier_clear(struct shmpub_notifier *notifier);
/* Ends the thread and closes the descriptor. NULL is fine. */
SHMPUB_API void shmpub_notifier_close(struct shmpub_notifier *notifier);

/* --- what an instance tells of itself ------------------------------------------------------------ */

enum shmpub_instance_state {
	SHMPUB_STARTING = 1,
	SHMPUB_RUNNING = 2,
	SHMPUB_STOPPED = 3, /* orderly; what stands was left on purpose */
	SHMPUB_GONE = 4,    /* killed, or hung: its process or its heartbeat is missing */
};

enum shmpub_config_result {
	SHMPUB_CONFIG_NONE = 0, /* the publisher has no configuration, or has not told */
	SHMPUB_CONFIG_GOOD = 1, /* the last load took effect */
	SHMPUB_CONFIG_BAD = 2,  /* it was refused: the configuration before it stays */
};

#define SHMPUB_WHY_SIZE 64

/*
 * A publisher that was killed, or hangs, stores nothing, so each of these calls judges it
 * anew (docs/FORMAT.md, "Is the publisher alive"). When it is gone, so are its feeds:
 * what they told last is no news. Their snapshots stay readable.
 */
struct shmpub_instance_info {
	uint64_t epoch;
	uint64_t pid; /* of the publisher, in its own namespace */
	uint64_t n_feeds, max_feeds;
	uint64_t segment_bytes; /* memory in snapshots and spares */
	uint64_t held_bytes;    /* memory in replaced snapshots that readers still hold */
	int64_t started_ns;     /* wall clock, ns since 1970 UTC, as every time here */
	int64_t heartbeat_ns;   /* 0: none yet */
	enum shmpub_instance_state state;
	char instance[SHMPUB_FEED_MAX + 1];
	/* Empty: the publisher lives, or nothing can be known. Else "stopped", "no process 4711", ... */
	char why_gone[SHMPUB_WHY_SIZE];
	uint64_t heartbeat_interval_ms; /* 0: none is promised */
	uint64_t max_bytes;             /* bound of the memory in segments; 0: none */
	uint64_t resident_bytes; /* of the publisher's process, at its last heartbeat; 0: unknown */
	uint64_t config_loads;  /* attempts to load a configuration, that at the start among them */
	int64_t config_load_ns; /* when the last one was */
	enum shmpub_config_result config_result; /* what it came to */
	uint64_t reserved[8];
};

enum shmpub_feed_state {
	SHMPUB_FEED_NEVER = 1, /* never published */
	SHMPUB_FEED_FRESH = 2,
	SHMPUB_FEED_STALE = 3,   /* no attempt has succeeded for three intervals */
	SHMPUB_FEED_FAILING = 4, /* the last attempt failed */
	SHMPUB_FEED_REMOVED = 5,
	SHMPUB_FEED_GONE = 6, /* the publisher is gone; see shmpub_instance_info */
};

#define SHMPUB_LINE_SIZE 512

struct shmpub_feed_info {
	char name[SHMPUB_FEED_MAX + 1];
	enum shmpub_feed_state state;
	uint64_t interval_ms; /* 0: no timer */
	uint64_t refreshes;   /* attempts */
	uint64_t unchanged, failures, consecutive_failures;
	int64_t last_attempt_ns; /* the age of the look is the time since then */
	uint64_t held_bytes;
	char error[SHMPUB_LINE_SIZE]; /* of the last attempt; empty: it went well */

	/* of the newest snapshot; all 0 before the first */
	uint64_t sequence;
	uint64_t size;          /* bytes of shared memory */
	uint64_t rows, columns; /* index levels not counted */
	int64_t published_ns;
	/* The age of the data is the time since then; since published_ns where this is 0 (unknown). */
	int64_t source_mtime_ns;
	uint64_t source_size; /* bytes of CSV */
	uint64_t read_ns, parse_ns;
	uint64_t skipped_rows;
	uint64_t reserved[8];
};

SHMPUB_API int shmpub_instance(struct shmpub_instance_info *out, struct shmpub_reader *reader,
                               struct shmpub_error *err);
SHMPUB_API int shmpub_feed(struct shmpub_feed_info *out, struct shmpub_reader *reader,
                           const char *feed, struct shmpub_error *err);
/*
 * Feed after feed: *position starts as 0; SHMPUB_NO_FEED after the last. Removed feeds are
 * left out. The publisher is judged once for a whole run, when *position is 0.
 */
SHMPUB_API int shmpub_feed_next(struct shmpub_feed_info *out, struct shmpub_reader *reader,
                                uint32_t *position, struct shmpub_error *err);

/* --- a snapshot in hand ------------------------------------------------------------------------ */

struct shmpub_stamp {
	struct shmpub_mark mark;
	int64_t published_ns;
	int64_t source_mtime_ns; /* 0: unknown */
	uint64_t read_ns, parse_ns, source_size, skipped_rows;
	uint64_t reserved[6];
};

SHMPUB_API const struct shmpub_stamp *shmpub_snapshot_stamp(const struct shmpub_snapshot *snapshot);
SHMPUB_API uint64_t shmpub_rows(const struct shmpub_snapshot *snapshot);
/* Index levels among them, in the order of the source. */
SHMPUB_API const struct shmpub_column *shmpub_columns(const struct shmpub_snapshot *snapshot,
                                                      size_t *n_columns);
/* NULL: no column of that name. */
SHMPUB_API const struct shmpub_column *shmpub_column_named(const struct shmpub_snapshot *snapshot,
                                                           const char *name);
/* What the source is, without secrets; not NUL-terminated; *size 0 when it was not told. */
SHMPUB_API const char *shmpub_source(const struct shmpub_snapshot *snapshot, size_t *size);
/* The snapshot as the Arrow IPC file that it is. */
SHMPUB_API const void *shmpub_bytes(const struct shmpub_snapshot *snapshot, size_t *size);
/*
 * Attaching checked that every buffer lies inside the snapshot. This checks what is
 * in them: text offsets, UTF-8, codes, null counts. Costs a pass over the contents;
 * needed before text or codes of an untrusted publisher are followed.
 */
SHMPUB_API int shmpub_verify(const struct shmpub_snapshot *snapshot, struct shmpub_error *err);
/* NULL is fine. */
SHMPUB_API void shmpub_release(struct shmpub_snapshot *snapshot);

/* --- publishing -------------------------------------------------------------------------------- */

struct shmpub_publisher;
struct shmpub_csv_options;

struct shmpub_publisher_options { /* all zero: the defaults */
	const char *directory;    /* NULL: SHMPUB_DIRECTORY */
	const char *instance;     /* NULL: SHMPUB_INSTANCE */
	uint32_t max_feeds;       /* 0: 4096 */
	unsigned file_mode;       /* of snapshots; 0: 0644 */
	uint32_t group;           /* gid of snapshots; 0: the process's own */
	uint64_t max_bytes;       /* all snapshots, spare and held ones; 0: no bound */
	uint64_t spare_bytes;     /* memory kept for the next snapshots; 0: none */
	int keep_on_exit;         /* leave the snapshots in place when it closes */
	/*
	 * A promise to call shmpub_publisher_tick() (or to publish) at least that often: a publisher that
	 * is three intervals late is told as gone. 0: no promise; then it is gone when its process is.
	 */
	uint64_t heartbeat_interval_ms;
	uint64_t reserved[8]; /* 0 */
};

/*
 * Take an instance: one publisher at a time (SHMPUB_ERR_BUSY names the other's pid).
 * `options` may be NULL, and is not needed afterwards. On success the caller owns *out.
 *
 * A child of fork() cannot use its parent's publisher (SHMPUB_ERR_INVALID), but may close it, which
 * leaves all that is published. The same when somebody removed the lock of the instance and another
 * process has published there since: SHMPUB_ERR_BUSY.
 */
SHMPUB_API int shmpub_publisher_open(struct shmpub_publisher **out,
                                     const struct shmpub_publisher_options *options,
                                     struct shmpub_error *err);
/*
 * For programs that publish irregularly, about once a second, on the publisher's thread: gives back
 * the memory of replaced snapshots that readers have let go, and spare memory that was not needed
 * for two minutes; puts back what somebody removed of the instance; is the heartbeat, where one is
 * promised. SHMPUB_ERR_BUSY, SHMPUB_ERR_INVALID: as above, the publisher can only be closed.
 */
SHMPUB_API int shmpub_publisher_tick(struct shmpub_publisher *publisher, struct shmpub_error *err);
/* Wakes readers and takes the feeds away (unless keep_on_exit); what readers hold stays theirs. NULL is fine. */
SHMPUB_API void shmpub_publisher_close(struct shmpub_publisher *publisher);

/* How CSV is read: the options of pandas.read_csv, as text, under the names that shmpubd.ini has. */
SHMPUB_API int shmpub_csv_options_new(struct shmpub_csv_options **out, struct shmpub_error *err);
/* ("index_col", "time"), ("dtype.symbol", "category"); SHMPUB_ERR_INVALID leaves the options unchanged. */
SHMPUB_API int shmpub_csv_options_set(struct shmpub_csv_options *options, const char *key,
                                      const char *value, struct shmpub_error *err);
SHMPUB_API void shmpub_csv_options_free(struct shmpub_csv_options *options);

/*
 * Parse `size` bytes of CSV and publish them as the next snapshot of `feed`, which
 * is made when it is new. `options` may be NULL (pandas' defaults). The text is not
 * needed afterwards. On failure the last snapshot stays, and the feed's error line
 * says why. `published` (NULL: not wanted) receives what readers will see.
 */
SHMPUB_API int shmpub_publish_csv(struct shmpub_publisher *publisher, const char *feed,
                                  const char *text, size_t size,
                                  const struct shmpub_csv_options *options,
                                  struct shmpub_mark *published, struct shmpub_error *err);
/*
 * The same from columns that lie ready. Each has n_rows rows (its own n_rows and
 * null_count need not be set); SHMPUB_ERR_INVALID names the column that breaks a
 * rule: names are UTF-8 and differ; text is UTF-8 under growing offsets; codes lie
 * inside the dictionary, whose values are unique and none of them NaN or NaT; time zones
 * have the form of IANA's names or "+hh:mm" (a name is not looked up: readers refuse one that they
 * do not know); labels that are integers are digits without leading
 * zeros, up to 2^63 - 1; text of kind int is integers; index levels are 1, 2, ...
 */
SHMPUB_API int shmpub_publish_columns(struct shmpub_publisher *publisher, const char *feed,
                                      const struct shmpub_column *columns, size_t n_columns,
                                      uint64_t n_rows, struct shmpub_mark *published,
                                      struct shmpub_error *err);
/*
 * Make a feed known before its first snapshot is ready, so that readers may wait for it for as
 * long as that takes; its state is "never published" until then. A feed that is there already
 * stays as it is.
 */
SHMPUB_API int shmpub_announce(struct shmpub_publisher *publisher, const char *feed,
                               struct shmpub_error *err);
/* Take a feed away; SHMPUB_NO_FEED when there is none. */
SHMPUB_API int shmpub_remove(struct shmpub_publisher *publisher, const char *feed,
                             struct shmpub_error *err);

#ifdef __cplusplus
}
#endif
#endif
