/*
 * Writes log lines by a thread of its own, so that whoever has a line never waits for whoever
 * should read it: a full pipe, a stopped terminal, a disk that hangs.
 *
 * While lines go out, log_queue_put() returns when its line is written. When one takes long, it
 * waits a tenth of a second, and the next puts do not wait at all for some seconds. Lines that
 * find no room are counted, and the count is written when lines go out again.
 *
 * Threads:  log_queue_put is called by one thread.
 * Lifetime: log_queue_close waits a second at most. It returns true when the thread has ended
 *           and the queue is freed; else the queue stays, and the process must end by _Exit().
 * Errors:   SHMPUB_ERR_SYS (no thread), SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_LOG_QUEUE_H
#define SHMPUBD_LOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include "shmpub/shmpub.h"

struct log_queue;

/* A place to write lines to: standard error, or what a service has instead of it. */
struct log_sink {
	const char *name; /* named in the line that says that lines were lost */
	/*
	 * Gets whole records as they were put: lines, each with its newline. The queue's thread
	 * calls it, and it may block.
	 */
	void (*write)(void *arg, const char *lines, size_t size);
	void *arg;
};

/* How the record is made that tells of lost lines. */
struct log_lost {
	/* Writes a record that says `text` to `out`, and returns its size. The queue's thread. */
	size_t (*write)(void *arg, char *out, const char *text);
	void *arg;
	size_t size; /* of `out` */
};

/* `sink`: NULL means standard error; another sink must live as long as the queue. */
int log_queue_open(struct log_queue **out, const struct log_sink *sink, struct log_lost lost,
                   struct shmpub_error *err);
/* Appends a record: a line that ends in a newline, or what the sink takes instead. */
void log_queue_put(struct log_queue *q, const char *line, size_t size);
/* What the queue does for standard error. It waits until everything is written. */
void log_queue_write_standard_error(const char *data, size_t size);
/* `q` may be NULL. */
bool log_queue_close(struct log_queue *q);

#endif
