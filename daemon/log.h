/*
 * What shmpubd tells on stderr: one factual line at a time.
 *
 * Threads: the loop thread.
 * Form:    under systemd "<6>text" (sd-daemon(3): the journal takes the level from it and
 *          has the time itself); else "2026-01-31T12:00:00Z info: text".
 */
#ifndef SHMPUBD_LOG_H
#define SHMPUBD_LOG_H

#include <stdbool.h>
#include <stdio.h>
#include "base/error.h"
#include "base/span.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log {
	FILE *out;
	int level; /* lines above it are not written */
	bool is_journal;
};

void log_line(const struct log *log, enum log_level level, const char *format, ...)
        ERROR_PRINTF(3, 4);
/* -1: no such level. */
int log_level_parse(struct span name);

#endif
