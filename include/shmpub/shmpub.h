/*
 * libshmpub: tables in shared memory, published by one process and read by many.
 *
 * Words:    an instance is a directory of feeds, written by one publisher; a feed is a
 *           named table that is kept fresh; a snapshot is one immutable version of a
 *           feed's table. Every snapshot of a feed has a greater sequence than the one
 *           before. Sequences compare only within one epoch, a random number that is
 *           made with the instance. docs/FORMAT.md describes every byte.
 * Threads:  a publisher and a reader belong to one thread each (several of them,
 *           in several threads, are fine). A snapshot may be read from any thread.
 * Lifetime: every pointer taken from a snapshot is valid until shmpub_release(). A
 *           snapshot stays valid after its reader is closed, the feed is removed or the
 *           publisher ends.
 * Errors:   0 is success. Positive codes are answers that the caller must handle;
 *           negative codes are failures, and one line in `err` describes them. `err`
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
 * The version of this header; shmpub_version() is the version of the library. A program works with
 * every library of the ABI version that it was compiled for (the number in libshmpub.so.1): a new
 * member of a struct takes its place from `reserved`. So a program must set `reserved` to zero,
 * best by initialising the whole struct ("= { 0 }", in C++ "= {}"). Zero in a new member always
 * asks for the behaviour that the library had before; in a struct that the library fills it means
 * that the library is older and does not know.
 */
#define SHMPUB_VERSION_MAJOR 0
#define SHMPUB_VERSION_MINOR 2
#define SHMPUB_VERSION_PATCH 0
#define SHMPUB_VERSION_STRING "0.2.0"
/* For comparisons: #if SHMPUB_VERSION_NUMBER >= 200 */
#define SHMPUB_VERSION_NUMBER                                                                      \
	(SHMPUB_VERSION_MAJOR * 10000 + SHMPUB_VERSION_MINOR * 100 + SHMPUB_VERSION_PATCH)

#ifdef _WIN32
#define SHMPUB_DIRECTORY "auto" /* the namespace Global if this process may use it, else Local */
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
	SHMPUB_TIMED_OUT = 5,    /* the timeout passed before there was anything new */
	SHMPUB_INTERRUPTED = 6,  /* shmpub_interrupt() or a signal ended the wait */
	SHMPUB_GAP = 7,          /* the table began anew: shmpub/new_rows.h */
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
	/*
	 * Which bytes of the message quote a cell of the table, which may be secret; size 0: none.
	 */
	uint16_t quoted_at, quoted_size;
	/*
	 * The line of the CSV text that the message begins with ("line 812: ..."), from 1; 0: it
	 * names no line. UINT32_MAX stands for every larger number.
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
	SHMPUB_TIMESTAMP, /* int64, counted from 1970-01-01T00:00:00 in `unit` */
	SHMPUB_TEXT,      /* UTF-8, int64 offsets */
};

/* The numbers are those of Arrow's TimeUnit. */
enum shmpub_unit {
	SHMPUB_SECOND = 0,
	SHMPUB_MILLISECOND,
	SHMPUB_MICROSECOND,
	SHMPUB_NANOSECOND,
};

/*
 * What else pandas must know of a column. A column that pandas shows with dtype object is stored
 * as text or bool here, and its kind says which Python objects its values become.
 */
enum shmpub_kind {
	SHMPUB_PLAIN = 0,
	SHMPUB_KIND_INT,  /* SHMPUB_TEXT: decimal integers, some with more than 64 bits */
	SHMPUB_KIND_BOOL, /* SHMPUB_BOOL: with nulls, which numpy's bool cannot have */
};

/*
 * One column: its type and where its values are, both in a snapshot and in a table that a program
 * publishes. Initialise the whole struct to zero before you publish: zero is the ordinary case for
 * every member, and `reserved` must be zero.
 */
struct shmpub_column {
	const char *name; /* UTF-8, name_size bytes; need not be NUL-terminated */
	size_t name_size;
	enum shmpub_type type; /* of the values; with a dictionary, of the dictionary's values */
	enum shmpub_unit unit; /* timestamps only */
	const char *timezone;  /* timestamps: "UTC", "+02:00", "Europe/Berlin", NULL for naive */
	enum shmpub_kind kind;
	int index;           /* 0: a column; 1, 2, ...: the first, second, ... level of the index */
	int is_unnamed;      /* 1: an index level without a name */
	int is_integer_name; /* 1: the label is an int in pandas, as in a source without a header */

	uint64_t n_rows;
	uint64_t null_count;
	/* n_rows values of 8 bytes; bool: bits; with a dictionary: codes. Text has none. */
	const void *values;
	const uint8_t *validity; /* bits, 1 = there is a value; NULL: no nulls */
	const int64_t *offsets;  /* text: n_rows + 1 of them */
	const char *text;        /* text: the bytes that offsets point into */

	int code_size; /* bytes per code: 1, 2 or 4; 0 without a dictionary */
	const struct shmpub_column *dictionary; /* n_rows = number of values; NULL: none */

	/*
	 * Bytes in `text`, in columns of a snapshot: compare offsets with it before you use them.
	 */
	uint64_t text_size;

	uint64_t reserved[4]; /* 0 */
};

/* The version of the library that is linked, as "0.2.0". */
SHMPUB_API const char *shmpub_version(void);

/* --- marks: which snapshot somebody has seen --------------------------------------------------- */

/* All zero: none seen. A snapshot of another epoch counts as newer than any mark. */
struct shmpub_mark {
	uint64_t epoch;
	uint64_t sequence;
};

/* --- reading ----------------------------------------------------------------------------------- */

struct shmpub_reader;   /* one thread's view of an instance */
struct shmpub_snapshot; /* one version of one feed's table, mapped until it is released */

struct shmpub_reader_options { /* all zero: the defaults */
	const char *directory; /* NULL: SHMPUB_DIRECTORY */
	const char *instance;  /* NULL: SHMPUB_INSTANCE */
	/*
	 * An instance is read only if its owner is trusted. Trusted are root, the user shmpub, the
	 * user of this process, and the user with this uid (0 is root, so adds nobody).
	 */
	uint32_t owner;
	/*
	 * Instead of `owner`, which is then ignored: the trusted user's name, or number as text (a
	 * uid; on Windows a SID). NULL: `owner` counts. SHMPUB_ERR_INVALID: there is no such user.
	 */
	const char *owner_name;
	uint64_t reserved[5]; /* 0 */
};

/*
 * Make a reader. The instance need not exist yet: each call below attaches to it when it can, and
 * attaches again when another publisher has replaced it. `options` may be NULL, and is not needed
 * after the call. On success the caller owns *out.
 */
SHMPUB_API int shmpub_reader_open(struct shmpub_reader **out,
                                  const struct shmpub_reader_options *options,
                                  struct shmpub_error *err);
/* Snapshots of the reader stay valid. NULL is fine. */
SHMPUB_API void shmpub_reader_close(struct shmpub_reader *reader);

/*
 * Tell which snapshot of `feed` is the newest, without mapping it. Costs two memory reads, and at
 * most once a second a look at the file system. On SHMPUB_ABSENT, SHMPUB_NO_FEED,
 * SHMPUB_NO_INSTANCE and failures *out is zero.
 */
SHMPUB_API int shmpub_newest(struct shmpub_mark *out, struct shmpub_reader *reader,
                             const char *feed, struct shmpub_error *err);

/*
 * Map the newest snapshot if it is newer than `seen` (NULL: in any case).
 *
 * On SHMPUB_OK the caller owns *out and must shmpub_release() it; on any other
 * result *out is NULL: SHMPUB_UNCHANGED, SHMPUB_ABSENT, SHMPUB_NO_FEED,
 * SHMPUB_NO_INSTANCE, or a failure. Never blocks.
 */
SHMPUB_API int shmpub_acquire(struct shmpub_snapshot **out, struct shmpub_reader *reader,
                              const char *feed, const struct shmpub_mark *seen,
                              struct shmpub_error *err);

/* How long shmpub_wait() gives a running publisher to announce a feed that it does not have. */
#define SHMPUB_GRACE_MS 5000

/*
 * Sleep until there is a snapshot newer than `seen` (NULL: any snapshot), but not longer than
 * timeout_ms (negative: without end). Returns SHMPUB_OK, SHMPUB_TIMED_OUT, SHMPUB_NO_FEED,
 * SHMPUB_INTERRUPTED, or a failure.
 *
 * The reader may start before the publisher: the call goes on waiting while the publisher is not
 * there yet, is starting, is being replaced, or is gone. A publisher that runs has SHMPUB_GRACE_MS
 * (or timeout_ms, if that is shorter) to announce the feed; after that the answer is
 * SHMPUB_NO_FEED, and the message names the feed with the most similar name. The removal of the
 * feed ends the wait at once with SHMPUB_NO_FEED.
 */
SHMPUB_API int shmpub_wait(struct shmpub_reader *reader, const char *feed,
                           const struct shmpub_mark *seen, int timeout_ms,
                           struct shmpub_error *err);

/*
 * The same for a change in any feed. *change stands for the last change that the caller has seen,
 * and each call updates it. It starts as 0, with which the first call returns at once.
 */
SHMPUB_API int shmpub_wait_any(struct shmpub_reader *reader, uint64_t *change, int timeout_ms,
                               struct shmpub_error *err);

/*
 * End the wait of this reader that is under way with SHMPUB_INTERRUPTED, or else its next wait. May
 * be called from any thread and from signal handlers; several calls before the wait ends count as
 * one. A wait that finds a new snapshot at that moment returns SHMPUB_OK, and the next wait is
 * interrupted.
 *
 * Signals: a handler that was installed without SA_RESTART also ends a wait, but only while the
 * wait sleeps; a signal that arrives between two sleeps of one wait ends nothing. So a handler that
 * must end the wait in any case calls shmpub_interrupt(), and so does a handler with SA_RESTART.
 */
SHMPUB_API void shmpub_interrupt(struct shmpub_reader *reader);

/*
 * For poll(2), epoll(7) and event loops such as libuv's: a descriptor that becomes readable with
 * each new snapshot of `feed` (NULL: with each change in any feed), and at once when there is a
 * snapshot already. It stays readable until shmpub_notifier_clear(). Clear it first, then look for
 * a new snapshot with a reader of your own: in the other order a snapshot could be missed. A thread
 * of the library, which receives no signals, waits for the snapshots. The feed and the instance
 * need not exist yet.
 *
 * The notifier belongs to one thread. In a child of fork() it may only be closed. On success the
 * caller owns *out.
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
	SHMPUB_STOPPED = 3, /* in order; snapshots that are still there were left on purpose */
	SHMPUB_GONE = 4,    /* killed, or hung: its process or its heartbeat is missing */
};

enum shmpub_config_result {
	SHMPUB_CONFIG_NONE = 0, /* the publisher has no configuration, or has not loaded it yet */
	SHMPUB_CONFIG_GOOD = 1, /* the configuration that was loaded last is in force */
	SHMPUB_CONFIG_BAD = 2,  /* the last load was refused: the one before it is in force */
};

#define SHMPUB_WHY_SIZE 64

/*
 * A publisher that was killed, or hangs, cannot say so. So each of these calls finds out anew
 * whether the publisher lives (docs/FORMAT.md, "Is the publisher alive"). When it is gone, its
 * feeds are told as gone too, because their states are old; their snapshots stay readable.
 */
struct shmpub_instance_info {
	uint64_t epoch;
	uint64_t pid; /* of the publisher, in its own namespace */
	uint64_t n_feeds, max_feeds;
	uint64_t segment_bytes; /* memory in snapshots and spares */
	uint64_t held_bytes;    /* memory in replaced snapshots that readers still hold */
	int64_t started_ns;     /* wall clock, ns since 1970 UTC, as all times in these structs */
	int64_t heartbeat_ns;   /* 0: none yet */
	enum shmpub_instance_state state;
	char instance[SHMPUB_FEED_MAX + 1];
	/* Empty: the publisher lives, or nobody can know. Else "stopped", "no process 4711", ... */
	char why_gone[SHMPUB_WHY_SIZE];
	uint64_t heartbeat_interval_ms; /* 0: none is promised */
	uint64_t max_bytes;             /* bound of the memory in segments; 0: none */
	uint64_t resident_bytes; /* of the publisher's process, at its last heartbeat; 0: unknown */
	uint64_t config_loads; /* attempts to load a configuration, the one at the start included */
	int64_t config_load_ns;                  /* time of the last attempt */
	enum shmpub_config_result config_result; /* of the last attempt */
	/* Time of the last attempt that took effect: what was read then is in force. 0: unknown. */
	int64_t config_good_ns;
	uint64_t reserved[7];
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
	int64_t last_attempt_ns;
	uint64_t held_bytes;          /* memory in replaced snapshots that readers still hold */
	char error[SHMPUB_LINE_SIZE]; /* of the last attempt, or a warning; empty: there is none */

	/* Of the newest snapshot; all 0 before the first one. */
	uint64_t sequence;
	uint64_t size;          /* bytes of shared memory */
	uint64_t rows, columns; /* index levels not counted */
	int64_t published_ns;
	/* The data is as old as this time, or as published_ns where this is 0 (unknown). */
	int64_t source_mtime_ns;
	uint64_t source_size; /* bytes of CSV, after expanding a compressed source */
	uint64_t read_ns, parse_ns;
	uint64_t skipped_rows;

	uint64_t n_files; /* of a pattern, when they were read last; 0: the source is no pattern */
	uint64_t reserved[7];
};

SHMPUB_API int shmpub_instance(struct shmpub_instance_info *out, struct shmpub_reader *reader,
                               struct shmpub_error *err);
SHMPUB_API int shmpub_feed(struct shmpub_feed_info *out, struct shmpub_reader *reader,
                           const char *feed, struct shmpub_error *err);
/*
 * One feed with each call: *position starts as 0; SHMPUB_NO_FEED after the last feed. Removed feeds
 * are left out. Only the call with *position 0 finds out whether the publisher lives.
 */
SHMPUB_API int shmpub_feed_next(struct shmpub_feed_info *out, struct shmpub_reader *reader,
                                uint32_t *position, struct shmpub_error *err);

/* --- using a snapshot --------------------------------------------------------------------------- */

struct shmpub_stamp {
	struct shmpub_mark mark;
	int64_t published_ns;
	int64_t source_mtime_ns; /* 0: unknown */
	uint64_t read_ns, parse_ns, source_size, skipped_rows;
	uint64_t first_sequence, reserved[5]; /* since the first rows were only added; 0: not known */
};

SHMPUB_API const struct shmpub_stamp *shmpub_snapshot_stamp(const struct shmpub_snapshot *snapshot);
SHMPUB_API uint64_t shmpub_rows(const struct shmpub_snapshot *snapshot);
/* All columns in the order of the source, index levels included. Valid until shmpub_release(). */
SHMPUB_API const struct shmpub_column *shmpub_columns(const struct shmpub_snapshot *snapshot,
                                                      size_t *n_columns);
/* NULL: there is no column of that name. */
SHMPUB_API const struct shmpub_column *shmpub_column_named(const struct shmpub_snapshot *snapshot,
                                                           const char *name);
/* The source of the table, without secrets; not NUL-terminated. *size is 0 when it is not known. */
SHMPUB_API const char *shmpub_source(const struct shmpub_snapshot *snapshot, size_t *size);
/* The snapshot as the Arrow IPC file that it is; of one that grows: as it was at shmpub_acquire(). */
SHMPUB_API const void *shmpub_bytes(const struct shmpub_snapshot *snapshot, size_t *size);
/*
 * Check the contents of all columns: text offsets, UTF-8, codes, null counts. shmpub_acquire() has
 * checked only that every buffer lies inside the snapshot. Call this before you follow text offsets
 * or codes of a publisher that you do not trust; it reads the whole table. SHMPUB_ERR_FORMAT says
 * which column is wrong.
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
	uint32_t group;           /* gid of snapshots; 0: the group of this process */
	uint64_t max_bytes;   /* bound of all snapshots, spare and held ones included; 0: none */
	uint64_t spare_bytes; /* memory kept for the next snapshots; 0: none */
	int keep_on_exit;     /* leave the snapshots in place when it closes */
	/*
	 * A promise to call shmpub_publisher_tick() (or to publish) at least that often. A
	 * publisher that is three intervals late counts as gone. 0: no promise; then it is gone
	 * when its process ends.
	 */
	uint64_t heartbeat_interval_ms;
	uint64_t reserved[8]; /* 0 */
};

/*
 * Become the publisher of an instance, which is made when it does not exist. An instance has one
 * publisher at a time: SHMPUB_ERR_BUSY, and the message has the pid of the other one. `options` may
 * be NULL, and is not needed after the call. On success the caller owns *out.
 *
 * A child of fork() can only close its parent's publisher, which leaves everything published; every
 * other call is SHMPUB_ERR_INVALID. A publisher can also only be closed (SHMPUB_ERR_BUSY) when
 * somebody has removed the lock of the instance and another process has published there since.
 */
SHMPUB_API int shmpub_publisher_open(struct shmpub_publisher **out,
                                     const struct shmpub_publisher_options *options,
                                     struct shmpub_error *err);
/*
 * Programs that publish irregularly call this about once a second, on the publisher's thread. It
 * frees replaced snapshots that readers have released, and spare memory that was not needed for two
 * minutes; it restores files of the instance that somebody has removed; and it is the heartbeat, if
 * one was promised. SHMPUB_ERR_BUSY, SHMPUB_ERR_INVALID: the publisher can only be closed, see
 * shmpub_publisher_open().
 */
SHMPUB_API int shmpub_publisher_tick(struct shmpub_publisher *publisher, struct shmpub_error *err);
/* Wakes readers; removes the feeds, unless keep_on_exit was set. NULL is fine. */
SHMPUB_API void shmpub_publisher_close(struct shmpub_publisher *publisher);

/* How CSV is read: the options of pandas.read_csv, as text, under their names in shmpubd.ini. */
SHMPUB_API int shmpub_csv_options_new(struct shmpub_csv_options **out, struct shmpub_error *err);
/*
 * For example ("index_col", "time") or ("dtype.symbol", "category"). SHMPUB_ERR_INVALID: there is
 * no such key or value, and the options are unchanged.
 */
SHMPUB_API int shmpub_csv_options_set(struct shmpub_csv_options *options, const char *key,
                                      const char *value, struct shmpub_error *err);
SHMPUB_API void shmpub_csv_options_free(struct shmpub_csv_options *options);

/*
 * Parse `size` bytes of CSV and publish the table as the next snapshot of `feed`, which
 * is made when it is new. `options` may be NULL (pandas' defaults). The text is not
 * needed after the call. On failure the last snapshot stays the newest, and the feed's
 * error line says why. `published` receives the mark of the new snapshot; it may be NULL.
 */
SHMPUB_API int shmpub_publish_csv(struct shmpub_publisher *publisher, const char *feed,
                                  const char *text, size_t size,
                                  const struct shmpub_csv_options *options,
                                  struct shmpub_mark *published, struct shmpub_error *err);
/*
 * The same from columns in the program's own memory. Each has n_rows rows; the members n_rows and
 * null_count need not be set. The columns are copied. SHMPUB_ERR_INVALID names the column that
 * breaks one of these rules:
 *   - Names are UTF-8, and no two are equal.
 *   - Offsets of text never decrease, and text is UTF-8.
 *   - Codes are smaller than the number of values in the dictionary. Those values differ, and none
 *     is null, NaN or NaT.
 *   - A time zone has the form "+hh:mm" or that of an IANA name. Nobody looks the name up here:
 *     readers refuse one that they do not know.
 *   - With is_integer_name the name is digits without leading zeros, up to 2^63 - 1.
 *   - Text of kind SHMPUB_KIND_INT is integers.
 *   - Index levels are 1, 2, ..., each once.
 */
SHMPUB_API int shmpub_publish_columns(struct shmpub_publisher *publisher, const char *feed,
                                      const struct shmpub_column *columns, size_t n_columns,
                                      uint64_t n_rows, struct shmpub_mark *published,
                                      struct shmpub_error *err);
/*
 * Announce a feed before its first snapshot is ready. A reader that waits for the feed then goes on
 * waiting instead of getting SHMPUB_NO_FEED. The feed's state is SHMPUB_FEED_NEVER until the first
 * snapshot. A feed that exists already stays as it is.
 */
SHMPUB_API int shmpub_announce(struct shmpub_publisher *publisher, const char *feed,
                               struct shmpub_error *err);
/* Remove a feed; SHMPUB_NO_FEED when there is none of that name. */
SHMPUB_API int shmpub_remove(struct shmpub_publisher *publisher, const char *feed,
                             struct shmpub_error *err);

#ifdef __cplusplus
}
#endif
#endif
