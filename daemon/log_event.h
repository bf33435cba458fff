/*
 * One event of the log: a record that is made once, and the forms in which it is written.
 *
 *     text          2026-01-31T12:00:00Z warning: feed a: /data/a.csv:7: ...
 *     levels        <4>feed a: /data/a.csv:7: ...           (sd-daemon(3))
 *     logfmt        time=2026-01-31T12:00:00.000Z level=warning msg="/data/a.csv:7: ..." feed=a code=csv line=7
 *     level_logfmt  <4>time=... : for a journal that reads lines
 *     journal       MESSAGE=feed a: ...\nPRIORITY=4\nFEED=a\n... (systemd.io/JOURNAL_NATIVE_PROTOCOL)
 *
 * Threads: no state.
 * Errors:  none. What does not fit into a bound of this header is cut at the end of a character.
 */
#ifndef SHMPUBD_LOG_EVENT_H
#define SHMPUBD_LOG_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "shmpub/shmpub.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_form {
	LOG_FORM_TEXT,
	LOG_FORM_LEVELS,
	LOG_FORM_LOGFMT,
	LOG_FORM_LEVEL_LOGFMT,
	LOG_FORM_JOURNAL,
};

#define LOG_TEXT_SIZE ((size_t)2 * SHMPUB_ERROR_SIZE)
/* Room for any event in any form: logfmt makes six bytes of one at most. */
#define LOG_RECORD_SIZE (6 * LOG_TEXT_SIZE + 1024)

struct log_event {
	enum log_level level;
	const char *feed; /* NULL: the event is of no feed */
	const char *text; /* without "feed NAME: " */
	/* the table that was published, or that stands */
	bool has_table;
	uint64_t sequence, rows, bytes;
	uint64_t duration_us; /* of reading and parsing */
	/* of a failure */
	int code;      /* a negative enum shmpub_status; 0: none */
	uint64_t line; /* of the source; 0: none */
	uint64_t
	        n_times; /* how often it came since it was told before; 0: told for the first time */
};

/*
 * Writes the event to `out`, which has LOG_RECORD_SIZE bytes, and returns its size. Forms of lines
 * end in a newline. `now_ns`: the wall clock.
 */
size_t log_event_write(char *out, enum log_form form, const struct log_event *e, int64_t now_ns);

/* Returns an enum log_level, or -1 for an unknown name. */
int log_level_find(const char *name, size_t size);
/* The number of syslog(3). */
int log_level_priority(enum log_level level);

#endif
