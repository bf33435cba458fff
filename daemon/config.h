/*
 * What shmpubd.ini says, checked whole.
 *
 * Threads:  the loop thread. A job holds its feed's configuration by a reference and
 *           only reads it; references are taken and given back on the loop thread.
 * Lifetime: a config lives until config_free; a config_feed until its last reference
 *           is gone, which may be later.
 * Errors:   what is wrong in the text goes, all of it, into struct config_problems.
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

/* A mode that is judged by the source: see file_mode.h. */
#define FILE_MODE_AUTO 010000u

struct config_feed {
	unsigned n_references;
	char *name;
	char *file; /* where the section stands, for messages */
	unsigned file_number, line;
	unsigned source_line; /* where its source stands */
	uint32_t refused; /* a bit for each row of feed_keys whose value was refused or misspelt */
	char *source; /* a path: absolute, or relative to the working directory as the ini file is */
	uint64_t interval_ms; /* 0: at start and reload only */
	struct csv_options *csv;
	char *csv_segment;   /* NULL: none */
	char *array_segment; /* NULL: none */
	char *array_columns; /* NULL: all numeric columns */
	enum array_dtype array_dtype;
	uint64_t segment_room;    /* bytes that a segment has from the beginning; 0: not said */
	struct shm_access access; /* of the snapshot; the mode may be FILE_MODE_AUTO */
	struct shm_access segment_access; /* of the article's segments; mode 0: by the snapshot's */
	struct buffer text; /* every key with its value, to see what a reload changed */
};

struct config_daemon {
	char *instance;
	char *directory;
	unsigned directory_line, keep_line; /* of the main file; 0: not set there */
	char *include;
	uint64_t workers; /* 0: as many as there are CPUs, at least 2 */
	uint64_t max_feeds, max_bytes, spare_bytes;
	int log_level; /* enum log_level */
	bool keep_on_exit;
	struct shm_access access; /* as in struct config_feed; of the catalog as well */
};

struct config {
	struct config_daemon daemon;
	struct config_feed **feeds; /* sorted by name */
	size_t n_feeds;
};

/*
 * Read `path` and what it includes. SHMPUB_ERR_INVALID when there are problems,
 * another failure when they could not even be looked for; *out is then NULL.
 */
int config_load(struct config **out, const char *path, struct config_problems *problems,
                struct shmpub_error *err);
/*
 * The same judgement, and where there is no problem a look at each source: one that is
 * missing or that this process may not read is a warning.
 */
int config_judge(const char *path, struct config_problems *problems, struct shmpub_error *err);
/* NULL is fine. */
void config_free(struct config *c);

/* The feed of that name, or NULL. */
struct config_feed *config_find(const struct config *c, struct span name);

struct config_feed *config_feed_acquire(struct config_feed *feed);
void config_feed_release(struct config_feed *feed); /* NULL is fine */
/* True when a snapshot made under `a` is what `b` would make. */
bool config_feed_equal(const struct config_feed *a, const struct config_feed *b);
/* For config.c: one reference, the defaults; *out is the caller's. */
int config_feed_new(struct config_feed **out, struct span name, struct config_place at,
                    struct shmpub_error *err);

static inline struct config_place config_feed_place(const struct config_feed *f)
{
	return (struct config_place){ f->file, f->file_number, f->line };
}

#endif
