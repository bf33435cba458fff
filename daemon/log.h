/*
 * What shmpubd tells on stderr, or to a service's sink: one factual line at a time.
 *
 * Use:     log_open -> log_line ... -> log_close. What is told before and after, of a start
 *          that fails or of --check, goes through log_print(), which waits for its reader.
 * Threads: the loop thread.
 * Form:    for a sink and under systemd "<6>text" (sd-daemon(3): the journal takes the level
 *          from it and has the time itself); else "2026-01-31T12:00:00Z info: text".
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
	int level; /* lines above it are not written */
	bool is_journal;
};

/* `sink`: NULL is standard error. */
int log_open(struct log *log, int level, const struct log_sink *sink, struct shmpub_error *err);
/* Never waits for long: see log_queue.h. */
void log_line(const struct log *log, enum log_level level, const char *format, ...)
        PRINTF_LIKE(3, 4);
/* False when standard error takes nothing: the process is to end by _Exit(). */
bool log_close(struct log *log);

/*
 * Lines of a program that serves nothing (yet), each with `prefix` in front, or under the
 * journal with the level.
 */
void log_print(enum log_level level, const char *prefix, struct span lines);

/* -1: no such level. */
int log_level_parse(struct span name);

#endif
