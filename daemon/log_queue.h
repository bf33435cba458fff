/*
 * Standard error behind a thread of its own, so that nobody who writes a line waits for
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

/* `prefix`: what a line of the queue's own begins with. */
int log_queue_open(struct log_queue **out, int fd, const char *prefix, struct shmpub_error *err);
/* `line` ends in a newline. */
void log_queue_put(struct log_queue *q, const char *line, size_t size);
/* NULL is fine. */
bool log_queue_close(struct log_queue *q);

#endif
