#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include "base/buffer.h"
#include "process.h"

/*
 * A line is put together first and written in one call, so that lines of two processes on one
 * terminal do not mix. Text of sources gets here only inside error messages, in which
 * base/error.c has already made control characters harmless.
 */

static const struct {
	const char *name;
	int priority; /* syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

int log_level_parse(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		if (span_is(name, levels[i].name))
			return (int)i;
	}
	return -1;
}

int log_open(struct log *log, int level, const struct log_sink *sink, struct shmpub_error *err)
{
	*log = (struct log){ .level = level, .is_journal = sink != NULL || process_has_journal() };
	return log_queue_open(&log->queue, sink, log->is_journal ? "<4>" : "shmpubd: ", err);
}

bool log_close(struct log *log)
{
	bool is_over = log_queue_close(log->queue);

	log->queue = NULL;
	return is_over;
}

static void format_time(char *out, size_t size)
{
	time_t now = time(NULL);
	const struct tm *utc = gmtime(&now);

	if (utc == NULL || strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", utc) == 0)
		out[0] = '\0';
}

void log_line(const struct log *log, enum log_level level, const char *format, ...)
{
	char text[2 * SHMPUB_ERROR_SIZE], line[sizeof(text) + 64], when[32];
	va_list args;
	int n;

	if ((int)level > log->level || log->queue == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (log->is_journal) {
		n = snprintf(line, sizeof(line), "<%d>%s\n", levels[level].priority, text);
	} else {
		format_time(when, sizeof(when));
		n = snprintf(line, sizeof(line), "%s %s: %s\n", when, levels[level].name, text);
	}
	log_queue_put(log->queue, line, (size_t)n);
}

/* Writes the line in one piece: on Windows a stream without a buffer may write it byte by byte. */
static void print_line(const char *prefix, struct span line)
{
	struct buffer whole = BUFFER_NONE;

	if (buffer_append(&whole, span_str(prefix), NULL) == SHMPUB_OK &&
	    buffer_append(&whole, line, NULL) == SHMPUB_OK &&
	    buffer_append(&whole, span_str("\n"), NULL) == SHMPUB_OK)
		(void)fwrite(whole.data, 1, whole.size, stderr);
	else
		fprintf(stderr, "%s%.*s\n", prefix, (int)line.size, line.data);
	buffer_free(&whole);
}

void log_print(enum log_level level, const char *prefix, struct span lines)
{
	char journal[8];

	snprintf(journal, sizeof(journal), "<%d>", levels[level].priority);
	if (process_has_journal())
		prefix = journal;
	while (lines.size) {
		const char *end = memchr(lines.data, '\n', lines.size);
		size_t n = end != NULL ? (size_t)(end - lines.data) : lines.size;

		print_line(prefix, span_of(lines.data, n));
		n += end != NULL;
		lines = span_of(lines.data + n, lines.size - n);
	}
}
