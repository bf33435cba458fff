/*
 * The configuration as shmpubd.ini gives it, after all checks.
 *
 * Threads:  the loop thread. A job holds a reference to its feed's configuration and only
 *           reads it; references are taken and released on the loop thread.
 * Lifetime: a config lives until config_free; a config_feed until its last reference is
 *           released, which may be later.
 * Errors:   everything that is wrong in the text goes into struct config_problems.
 */
#ifndef SHMPUBD_CONFIG_H
#define SHMPUBD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "array_dtype.h"
#include "base/buffer.h"
#include "config_problems.h"
#include "csv/options.h"
#include "shm/shm.h"
#include "source_address.h"

/* Stands for a mode: the source decides who may read the table (file_mode.h). */
#define FILE_MODE_AUTO 010000u

/* The engine's windows may have so many bytes: a bound below it would not hold. */
#define CONFIG_ROW_LEAST ((uint64_t)1 << 20)
/* No row has more bytes, whatever max_row_bytes says. */
#define CONFIG_ROW_MOST ((uint64_t)1 << 30)

struct command_user;

/* How many records may be left out by on_bad_lines before a refresh fails. */
struct reject_limit {
	uint64_t rows;       /* UINT64_MAX: no bound */
	uint32_t millionths; /* of all records; 1,000,000: no bound */
};

struct config_feed {
	unsigned n_references;
	char *name;
	char *file; /* the ini file with the section, for messages */
	unsigned file_number, line;
	unsigned source_line; /* the line of its key `source` */
	/* key_bit() of each key whose value was refused, or whose name was misspelt */
	uint64_t refused;
	enum source_scheme scheme;
	/*
	 * SCHEME_FILE, SCHEME_PATTERN: a path; it is relative to the working directory if the ini file's path
	 * is. SCHEME_HTTP: the URL. Else the command. It may have secrets in it.
	 */
	char *source;
	char *filename_column; /* of a pattern: the column of the rows' files; NULL: none */
	char *source_name;     /* by which the source is shown; see source_address.h */
	uint64_t interval_ms;  /* 0: refreshed only at start and reload */
	bool watch;            /* refreshed on change as well */
	bool appends;          /* mode = append: follow.h */
	uint64_t append_room;  /* bytes for rows that come later */
	uint64_t settle_ms;    /* how long a file has to rest before it is read; 0: a tick */
	/* what a table has to be like before it is published: expect.h */
	bool require_newline, frozen_schema;
	uint64_t min_rows;
	char *require_columns;    /* names between commas; NULL: none */
	uint64_t expect_every_ms; /* data that is older is stale; 0: never */
	/* the rest of this paragraph: of a source that is fetched */
	uint64_t timeout_ms;
	uint64_t max_source;       /* bytes; 0: the daemon's max_bytes is the only bound */
	char *environment;         /* variables for the command, as one line; NULL: none */
	struct command_user *user; /* who runs the command; NULL: the daemon's user */
	char *working_directory;   /* of the command; NULL: the ini file's directory */
	uint64_t max_bytes;        /* of a snapshot; 0: the daemon's is the only bound */
	uint64_t max_row_bytes;    /* of a record of the source; 0: max_bytes is the only bound */
	char *username;            /* for a URL; NULL: none, or it stands in the URL */
	char *password_file, *token_file, *ca_file; /* for a URL; NULL: none */
	char *proxy;                                /* for a URL; NULL: what the environment says */
	struct csv_options *csv;
	char *csv_segment;   /* NULL: none */
	char *array_segment; /* NULL: none */
	char *array_columns; /* NULL: all numeric columns */
	enum array_dtype array_dtype;
	struct reject_limit max_rejects;
	uint64_t segment_room;            /* bytes reserved for a plain segment; 0: not given */
	struct shm_access access;         /* of the snapshots; the mode may be FILE_MODE_AUTO */
	struct shm_access segment_access; /* of the plain segments; mode 0: as the snapshot's */
	struct buffer text; /* every key and value but the interval, for config_feed_equal */
	/* "LINE KEY\n" for each key that is set; empty when the configuration is loaded */
	struct buffer keys;
};

struct config_daemon {
	char *instance;
	char *directory;
	unsigned directory_line, keep_line; /* lines of the main file; 0: not set there */
	char *include;
	char *metrics_file, *metrics_listen; /* NULL: none */
	uint64_t workers;                    /* 0: as many as there are CPUs, at least 2 */
	uint64_t max_feeds, max_bytes, min_free, spare_bytes;
	int log_level, log_format; /* enum log_level, enum log_format */
	bool keep_on_exit;
	struct shm_access access; /* for feeds that set none, and for the catalog */
};

struct config {
	struct config_daemon daemon;
	struct config_feed **feeds; /* sorted by name */
	size_t n_feeds;
};

/*
 * Reads `path` and the files that it includes. Returns SHMPUB_ERR_INVALID when there are
 * problems, another failure when the files could not even be read. *out is NULL on failure.
 */
int config_load(struct config **out, const char *path, struct config_problems *problems,
                struct shmpub_error *err);
/*
 * Checks as config_load does. If there is no problem, it also looks at each source: one that is
 * missing, or that this process may not read, is a warning.
 */
int config_judge(struct config **out, const char *path, struct config_problems *problems,
                 struct shmpub_error *err);
/* `c` may be NULL. */
void config_free(struct config *c);

/* The feed of that name, or NULL. */
struct config_feed *config_find(const struct config *c, struct span name);

/* Takes a reference, and returns `feed`. */
struct config_feed *config_feed_acquire(struct config_feed *feed);
void config_feed_release(struct config_feed *feed); /* `feed` may be NULL */
/* True when both configurations make the same snapshot of the same source. */
bool config_feed_equal(const struct config_feed *a, const struct config_feed *b);
/* For config.c: makes a configuration with the defaults. The caller owns its one reference. */
int config_feed_new(struct config_feed **out, struct span name, struct config_place at,
                    struct shmpub_error *err);

/* For config.c: with the defaults of [daemon] and no feeds. */
int config_new(struct config **out, struct shmpub_error *err);
/*
 * For config.c and config_defaults.c: sets a key of [feed NAME] or an option of CSV. SHMPUB_ERR_INVALID:
 * `err` says what is wrong with the value.
 */
int config_feed_set(struct config_feed *f, struct span name, struct span value, struct span base,
                    struct shmpub_error *err);
/*
 * Returns the line that has set the key `name` before, or 0. *as is the name that stands in that line:
 * it may be another name of the same key. `keys`: as config_feed.keys.
 */
unsigned config_key_line(const struct buffer *keys, struct span name, struct span *as);
/* For config.c: fills in the defaults. On failure *d must be deinitialised as well. */
int config_daemon_init(struct config_daemon *d, struct shmpub_error *err);
void config_daemon_deinit(struct config_daemon *d);
/*
 * For a reload: gives `next` the values of `now` for the keys that are read only at the start. Strings
 * move, because others point to them: those of `next` go to `now`.
 */
void config_daemon_keep_fixed(struct config_daemon *next, struct config_daemon *now);

/*
 * Sets *out to the name of the feed that on_bad_lines = feed makes beside `feed`: NAME.rejects. The
 * caller frees it.
 */
int config_rejects_name(char **out, const char *feed, struct shmpub_error *err);
/* True when `name` is a feed's or that of its rejects. */
bool config_has_place(const struct config *c, struct span name);
/* The places in the catalog that the feed needs: one more for what on_bad_lines = feed leaves out. */
static inline size_t config_feed_places(const struct config_feed *f)
{
	return f->csv->keeps_rejects ? 2 : 1;
}

static inline struct config_place config_feed_place(const struct config_feed *f)
{
	return (struct config_place){ f->file, f->file_number, f->line };
}

#endif
