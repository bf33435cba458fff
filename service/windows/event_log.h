/*
 * Windows' event log: registers a service as a source of events, and writes its lines.
 *
 * Each service is a source of its own, under its name, in the log "Application".
 *
 * Threads:  event_log_line() and the sink may be called by any thread.
 * Lifetime: from event_log_open() to event_log_close(). EVENT_LOG_NONE may be closed, and drops
 *           lines.
 * Errors:   of registering: SHMPUB_ERR_SYS, SHMPUB_ERR_INVALID, SHMPUB_ERR_NOMEM. A line that
 *           the log does not take is lost: there is nobody to tell.
 */
#ifndef SHMPUBD_SERVICE_EVENT_LOG_H
#define SHMPUBD_SERVICE_EVENT_LOG_H

#include <windows.h>
#include "base/span.h"
#include "log.h"

struct event_log {
	HANDLE source;
};
#define EVENT_LOG_NONE ((struct event_log){ .source = NULL })

/*
 * Makes the source `name`, with `program` as the file of its messages. A source of that name
 * that belongs to another program is refused (SHMPUB_ERR_INVALID).
 */
int event_log_register(const char *name, const char *program, struct shmpub_error *err);
/* Removes the source, if it belongs to a shmpubd. */
int event_log_unregister(const char *name, struct shmpub_error *err);

void event_log_open(struct event_log *log, const char *name);
void event_log_line(const struct event_log *log, enum log_level level, const char *format, ...)
        PRINTF_LIKE(3, 4);
/* Writes one event for each line. */
void event_log_lines(const struct event_log *log, enum log_level level, struct span lines);
/* The write function for app_options.log_sink; `arg` is the struct event_log. */
void event_log_write(void *arg, const char *lines, size_t size);
void event_log_close(struct event_log *log);

#endif
