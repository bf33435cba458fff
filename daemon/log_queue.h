/*
 * Where lines go, behind a thread of its own, so that nobody who writes a line waits for
 * whoever should read it: a full pipe, a stopped terminal, a disk that hangs.
 *
 * What does not fit any more is counted, and told when lines go out again. As long as they do, a
 * line is out when log_queue_put() returns; else it waits for a tenth of a second, and
 * then for nothing for a while.
 *
 * Threads:  log_queue_put by one thread.
 * Lifetime: log_queue_close waits for what is left, but not for ever: true when the thread
 *           has ended. Else the queue must stay where it is, and the process end by _Exit().
 * Errors:   SHMPUB_ERR_SYS (no thread), SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_LOG_QUEUE_H
#define SHMPUBD_LOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include "shmpub/shmpub.h"

struct log_queue;

/* Where lines go: standard error, or what a service has instead of it. */
struct log_sink {
	const char *name; /* for the line that says that lines were lost */
	/* Whole lines, each with its newline. The queue's thread calls it; it may take its time. */
	void (*write)(void *arg, const char *lines, size_t size);
	void *arg;
};

/*
 * `prefix`: what a line of the queue's own begins with. `sink`: NULL is standard error;
 * else it must live as long as the queue.
 */
int log_queue_open(struct log_queue **out, const struct log_sink *sink, const char *prefix,
                   struct shmpub_error *err);
/* `line` ends in a newline. */
void log_queue_put(struct log_queue *q, const char *line, size_t size);
/* NULL is fine. */
bool log_queue_close(struct log_queue *q);

#endif
