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

#define SHMPUB_DIRECTORY "/dev/shm" /* an instance is the directory INSTANCE below it */
#define SHMPUB_INSTANCE "shmpub"
#define SHMPUB_FEED_MAX 40 /* bytes in a feed's name */

enum shmpub_status {
	SHMPUB_OK = 0,
	SHMPUB_UNCHANGED = 1,    /* nothing newer than the caller's sequence */
	SHMPUB_ABSENT = 2,       /* the feed exists but was never published */
	SHMPUB_NO_FEED = 3,      /* the instance has no feed of that name */
	SHMPUB_NO_INSTANCE = 4,  /* nothing has published under that instance name */
	SHMPUB_TIMED_OUT = 5,    /* the time given passed first */
	SHMPUB_ERR_SYS = -1,     /* a system call failed; see err->sys */
	SHMPUB_ERR_NOMEM = -2,   /* memory ran out */
	SHMPUB_ERR_FORMAT = -3,  /* bytes in shared memory contradict docs/FORMAT.md */
	SHMPUB_ERR_INVALID = -4, /* an argument or option is outside its rule */
	SHMPUB_ERR_CSV = -5,     /* the CSV text cannot become a table; the line says why */
	SHMPUB_ERR_BUSY = -6,    /* another publisher holds the instance */
	SHMPUB_ERR_LIMIT = -7,   /* a configured bound (max_bytes, max_columns) is reached */
	SHMPUB_ERR_OWNER = -8,   /* the instance belongs to a user who is not trusted */
};

#define SHMPUB_ERROR_SIZE 512

struct shmpub_error {
	int code;                        /* the status that was returned */
	int sys;                         /* errno, or 0 */
	char message[SHMPUB_ERROR_SIZE]; /* one line, NUL-terminated, no newline */
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

enum shmpub_unit { /* numbered as Arrow's TimeUnit */
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
 * of a snapshot that is read and a column that a program publishes.
 */
struct shmpub_column {
	const char *name; /* UTF-8, not NUL-terminated by rule; see name_size */
	size_t name_size;
	enum shmpub_type type;  /* of the values; of the dictionary's when there is one */
	enum shmpub_unit unit;  /* timestamps only */
	const char *timezone;   /* timestamps: "UTC", "+02:00", NULL for naive; NUL-terminated */
	enum shmpub_kind kind;
	int index_level; /* -1: a column; 0, 1, ...: a level of the DataFrame's index */
	int is_unnamed;  /* an index level without a name */

	uint64_t n_rows;
	uint64_t null_count;
	const void *values;      /* n_rows values of 8 bytes; bits for bool; codes with a dictionary */
	const uint8_t *validity; /* bits, 1 = there is a value; NULL: no nulls */
	const int64_t *offsets;  /* text: n_rows + 1 of them */
	const char *text;        /* text: the bytes that offsets point into */

	int code_size;                          /* bytes per code: 1, 2 or 4; 0 without a dictionary */
	const struct shmpub_column *dictionary; /* n_rows = number of values; NULL: none */
};

#ifdef __cplusplus
}
#endif
#endif
