/*
 * The file for node_exporter's textfile collector: written aside and renamed, so that the collector
 * reads a whole text, by a worker, because a disk may hang.
 *
 * Threads:  the loop thread.
 * Lifetime: the job belongs to the pool while is_busy is true.
 * Errors:   a failure is kept in the file's `error` until a write succeeds.
 */
#ifndef SHMPUBD_METRICS_FILE_H
#define SHMPUBD_METRICS_FILE_H

#include <stdbool.h>
#include "base/buffer.h"
#include "pool.h"

struct metrics_file {
	const char *path; /* NULL: there is none */
	struct pool_job job;
	struct buffer text; /* belongs to a worker while is_busy */
	bool is_busy;
	struct shmpub_error error; /* of the last write; code 0: it went well */
	/* The write has ended. */
	void (*written)(struct metrics_file *f);
	void *arg;
};

/* Gives a copy of `text` to a worker. Does nothing while the last write is under way. */
void metrics_file_write(struct metrics_file *f, struct pool *pool, struct span text);
/* Writes at once, unless a worker still writes. */
void metrics_file_write_now(struct metrics_file *f, struct span text);
/* Frees the memory. No write may be under way. */
void metrics_file_deinit(struct metrics_file *f);

#endif
