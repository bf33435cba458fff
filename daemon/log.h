/*
 * The log of shmpubd, on standard error or in a service's sink: one factual line at a time.
 *
 * Use:     log_open -> log_line ... -> log_close. What is told without a log (a start that
 *          fails, --check) goes through log_print(), which waits until the line is written.
 * Threads: the loop thread.
 * Form:    "<6>text" for a sink and under systemd (sd-daemon(3): the journal takes the level
 *          from the number and adds the time); else "2026-01-31T12:00:00Z info: text".
 */
#ifndef SHMPUBD_LOG_H
#define SHMPUBD_LOG_H

#include <stdbool.h>
#include "base/error.h"
#include "base/span.h"
#include "log_queue.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log {
	struct log_queue *queue;
	int level; /* lines of a higher level are dropped */
	bool is_journal;
};

/* `sink`: NULL means standard error. Fails as log_queue_open(). */
int log_open(struct log *log, int level, const struct log_sink *sink, struct shmpub_error *err);
/* Waits a tenth of a second at most: see log_queue.h. */
void log_line(const struct log *log, enum log_level level, const char *format, ...)
        PRINTF_LIKE(3, 4);
/*
 * Waits a second at most until all lines are written. False when they could not be: the process
 * must then end by _Exit().
 */
bool log_close(struct log *log);

/*
 * Writes each line of `lines` to standard error, with `prefix` in front, or under the journal
 * with the level.
 */
void log_print(enum log_level level, const char *prefix, struct span lines);

/* Returns an enum log_level, or -1 for an unknown name. */
int log_level_parse(struct span name);

#endif
