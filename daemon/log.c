#include "log.h"

#include <stdarg.h>
#include <time.h>

/*
 * A line is put together first and written at once, so that lines of two processes on
 * one terminal do not mix. What comes from sources is inside error messages, where
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

static void stamp(char *out, size_t size)
{
	time_t now = time(NULL);
	const struct tm *utc = gmtime(&now);

	if (utc == NULL || strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", utc) == 0)
		out[0] = '\0';
}

void log_line(const struct log *log, enum log_level level, const char *format, ...)
{
	char text[2 * SHMPUB_ERROR_SIZE], when[32];
	va_list args;

	if ((int)level > log->level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (log->is_journal) {
		fprintf(log->out, "<%d>%s\n", levels[level].priority, text);
	} else {
		stamp(when, sizeof(when));
		fprintf(log->out, "%s %s: %s\n", when, levels[level].name, text);
	}
	fflush(log->out);
}
