#include "event_log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "messages.h"
#include "scm.h"
#include "wide.h"

/*
 * The event viewer finds the text of a message by its number in a file: the registry names that
 * file for each source. Ours is this program, whose resource is made of messages.mc. The text
 * of each number is "%1", which stands for a whole line of the daemon.
 */

#define SOURCES "SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\"

static const struct {
	WORD type;
	DWORD id;
} events[] = {
	[LOG_LEVEL_ERROR] = { EVENTLOG_ERROR_TYPE, EVENT_ERROR },
	[LOG_LEVEL_WARNING] = { EVENTLOG_WARNING_TYPE, EVENT_WARNING },
	[LOG_LEVEL_INFO] = { EVENTLOG_INFORMATION_TYPE, EVENT_INFO },
};

/* --- the source ----------------------------------------------------------------------------------- */

static int source_path(wchar_t **out, const char *name, struct shmpub_error *err)
{
	struct buffer path = BUFFER_NONE;
	int r = buffer_printf(&path, err, "%s%s", SOURCES, name);

	*out = NULL;
	if (!r)
		r = wide_from_utf8(out, buffer_span(&path), err);
	buffer_free(&path);
	return r;
}

/* True when the source names a program called shmpubd.exe, or no file at all. */
static bool is_ours(HKEY key)
{
	static const wchar_t ours[] = L"\\shmpubd.exe";
	const size_t n = ARRAY_LEN(ours) - 1;
	wchar_t file[1024];
	DWORD size = sizeof(file);
	LSTATUS status = RegGetValueW(key, NULL, L"EventMessageFile",
	                              RRF_RT_REG_SZ | RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND, NULL,
	                              file, &size);

	if (status == ERROR_FILE_NOT_FOUND)
		return true;
	return status == ERROR_SUCCESS && wcslen(file) > n &&
	       _wcsicmp(file + wcslen(file) - n, ours) == 0;
}

static LSTATUS set_values(HKEY key, const wchar_t *program)
{
	DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
	LSTATUS status = RegSetValueExW(key, L"EventMessageFile", 0, REG_EXPAND_SZ,
	                                (const BYTE *)program,
	                                (DWORD)((wcslen(program) + 1) * sizeof(*program)));

	if (status == ERROR_SUCCESS)
		status = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types,
		                        sizeof(types));
	return status;
}

int event_log_register(const char *name, const char *program, struct shmpub_error *err)
{
	wchar_t *path = NULL, *file = NULL;
	LSTATUS status;
	HKEY key;
	int r = source_path(&path, name, err);

	if (!r)
		r = wide_from_utf8(&file, span_str(program), err);
	if (r)
		goto out;
	status = RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0,
	                         KEY_QUERY_VALUE | KEY_SET_VALUE, NULL, &key, NULL);
	if (status == ERROR_SUCCESS) {
		if (!is_ours(key))
			r = error_set(err, SHMPUB_ERR_INVALID,
			              "the event log has a source '%s' of another program: choose "
			              "another --name",
			              name);
		else
			status = set_values(key, file);
		RegCloseKey(key);
	}
	if (!r && status != ERROR_SUCCESS)
		r = scm_failed(err, (DWORD)status, "a source for the event log");
out:
	mem_free(file);
	mem_free(path);
	return r;
}

int event_log_unregister(const char *name, struct shmpub_error *err)
{
	wchar_t *path;
	LSTATUS status;
	HKEY key;
	bool has_to_go = false;
	int r = source_path(&path, name, err);

	if (r)
		return r;
	status = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_QUERY_VALUE, &key);
	if (status == ERROR_SUCCESS) {
		has_to_go = is_ours(key);
		RegCloseKey(key);
	}
	if (has_to_go)
		status = RegDeleteKeyW(HKEY_LOCAL_MACHINE, path);
	mem_free(path);
	if (status == ERROR_SUCCESS || status == ERROR_FILE_NOT_FOUND)
		return SHMPUB_OK;
	return scm_failed(err, (DWORD)status, "the source of the event log");
}

/* --- lines ---------------------------------------------------------------------------------------- */

void event_log_open(struct event_log *log, const char *name)
{
	wchar_t *wide;

	*log = EVENT_LOG_NONE;
	if (wide_from_utf8(&wide, span_str(name), NULL) == SHMPUB_OK)
		log->source = RegisterEventSourceW(NULL, wide);
	mem_free(wide);
}

void event_log_close(struct event_log *log)
{
	if (log->source != NULL)
		DeregisterEventSource(log->source);
	*log = EVENT_LOG_NONE;
}

/*
 * The viewer takes a "%1" inside an insert for another insert: a space after the '%' prevents
 * that.
 */
static int escape_inserts(struct buffer *out, struct span line)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; i < line.size && !r; i++) {
		r = buffer_append(out, span_of(line.data + i, 1), NULL);
		if (!r && line.data[i] == '%' && i + 1 < line.size &&
		    strchr("%0123456789", line.data[i + 1]) != NULL)
			r = buffer_append(out, span_str(" "), NULL);
	}
	return r;
}

static void report(const struct event_log *log, enum log_level level, struct span line)
{
	struct buffer text = BUFFER_NONE;
	wchar_t *wide = NULL;
	const wchar_t *strings[1];

	if (log->source == NULL || line.size == 0 || level > LOG_LEVEL_INFO)
		return; /* debug lines go to consoles only */
	if (escape_inserts(&text, line) == SHMPUB_OK &&
	    wide_from_bytes(&wide, buffer_span(&text), NULL) == SHMPUB_OK) {
		strings[0] = wide;
		ReportEventW(log->source, events[level].type, 0, events[level].id, NULL, 1, 0,
		             strings, NULL);
	}
	mem_free(wide);
	buffer_free(&text);
}

void event_log_line(const struct event_log *log, enum log_level level, const char *format, ...)
{
	char text[2 * SHMPUB_ERROR_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report(log, level, span_str(text));
}

static struct span take_line(struct span *lines)
{
	const char *end = memchr(lines->data, '\n', lines->size);
	size_t n = end != NULL ? (size_t)(end - lines->data) : lines->size;
	struct span line = span_of(lines->data, n);

	n += end != NULL;
	*lines = span_of(lines->data + n, lines->size - n);
	return line;
}

void event_log_lines(const struct event_log *log, enum log_level level, struct span lines)
{
	while (lines.size)
		report(log, level, take_line(&lines));
}

/* Takes the level off a line "<4>text" (the form is described in log.h). */
static enum log_level take_level(struct span *line)
{
	char priority = '3';

	if (line->size >= 3 && line->data[0] == '<' && line->data[2] == '>') {
		priority = line->data[1];
		*line = span_of(line->data + 3, line->size - 3);
	}
	if (priority <= '3')
		return LOG_LEVEL_ERROR;
	if (priority == '4')
		return LOG_LEVEL_WARNING;
	return priority <= '6' ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

void event_log_write(void *arg, const char *lines, size_t size)
{
	struct span left = span_of(lines, size), line;
	enum log_level level;

	while (left.size) {
		line = take_line(&left);
		level = take_level(&line);
		report(arg, level, line);
	}
}
