/*
 * The log of shmpubd: to systemd's journal, to standard error, or to a service's sink. One factual
 * record for each event; log_event.h has the forms.
 *
 * Use:     log_open -> log_line, log_event ... -> log_close. What is told without a log (a start
 *          that fails, --check) goes through log_print(), which waits until the line is written.
 * Threads: the loop thread.
 */
#ifndef SHMPUBD_LOG_H
#define SHMPUBD_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include "base/compiler.h"
#include "base/span.h"
#include "log_event.h"
#include "log_journal.h"
#include "log_queue.h"

/*
 * LOG_FORMAT_AUTO: the journal, when standard error goes there; else text on a terminal, and logfmt
 * where a program reads it. A sink always gets LOG_FORM_LEVELS.
 */
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_LOGFMT, LOG_FORMAT_JOURNAL };

struct log {
	struct log_queue *queue;
	int level; /* events of a higher level are dropped */
	enum log_form form;
	enum log_form spare_form; /* of standard error, where the journal takes nothing */
	struct log_journal journal;
	struct log_sink sink; /* of the journal */
};

/*
 * `sink`: NULL means that `format` decides. Fails as log_queue_open(), and with SHMPUB_ERR_SYS when
 * the journal is asked for and there is none. The log stays where it is until it is closed.
 */
int log_open(struct log *log, int level, enum log_format format, const struct log_sink *sink,
             struct shmpub_error *err);
/* Waits a tenth of a second at most: see log_queue.h. */
void log_line(const struct log *log, enum log_level level, const char *format, ...)
        PRINTF_LIKE(3, 4);
/* The same with the fields of `e`, but for the text. */
void log_event(const struct log *log, const struct log_event *e, const char *format, ...)
        PRINTF_LIKE(3, 4);
void log_event_v(const struct log *log, const struct log_event *e, const char *format,
                 va_list args);
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
/* Returns an enum log_format, or -1 for an unknown name. */
int log_format_parse(struct span name);

#endif
