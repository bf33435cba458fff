#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/span.h"
#include "base/utf8.h"

/*
 * An error is one line of text for a person, written where the facts are known. It may contain
 * bytes from a hostile file (a column's name, a cell). So control characters become '?': a
 * message never breaks a log line or moves a terminal's cursor. Bytes that are not UTF-8 become
 * '?' too, so that every message can be printed or decoded without a check. (The first bytes of
 * a cell may end inside a character.)
 */

static void replace_unprintable(char *line)
{
	struct span left = span_str(line);
	size_t good;

	for (char *p = line; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	while ((good = utf8_valid_prefix(left)) < left.size) {
		line += good;
		*line++ = '?';
		left = span_of(line, left.size - good - 1);
	}
}

/* Drops the first bytes of a character whose other bytes did not fit. */
static void trim_partial_character(char *line, size_t size)
{
	size_t back = 0;

	while (back < 4 && back < size && ((unsigned char)line[size - 1 - back] & 0xC0) == 0x80)
		back++;
	if (back < size && (unsigned char)line[size - 1 - back] >= 0xC0)
		line[size - 1 - back] = '\0';
}

static void fill(struct shmpub_error *err, int code, int sys, const char *format, va_list args)
{
	int n;

	if (err == NULL)
		return;
	err->code = code;
	err->sys = sys;
	err->line = 0;
	err->quoted_at = err->quoted_size = 0;
	n = vsnprintf(err->message, sizeof(err->message), format, args);
	if (n < 0)
		err->message[0] = '\0';
	else if ((size_t)n >= sizeof(err->message))
		trim_partial_character(err->message, sizeof(err->message) - 1);
	replace_unprintable(err->message);
}

int error_set(struct shmpub_error *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, code, 0, format, args);
	va_end(args);
	return code;
}

int error_sys(struct shmpub_error *err, int sys, const char *format, ...)
{
	va_list args;
	size_t used;

	va_start(args, format);
	fill(err, SHMPUB_ERR_SYS, sys, format, args);
	va_end(args);
	if (err != NULL) {
		used = strlen(err->message);
		snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror(sys));
	}
	return SHMPUB_ERR_SYS;
}

static void append(struct shmpub_error *err, const char *format, va_list args)
{
	size_t used = strlen(err->message), room = sizeof(err->message) - used;
	int n = vsnprintf(err->message + used, room, format, args);

	if (n < 0)
		err->message[used] = '\0';
	else if ((size_t)n >= room)
		trim_partial_character(err->message, sizeof(err->message) - 1);
	replace_unprintable(err->message);
}

#define LINE_FORMAT "line %llu: "

static void set_line(struct shmpub_error *err, uint64_t line)
{
	err->line = line < UINT32_MAX ? (uint32_t)line : UINT32_MAX;
}

int error_set_line(struct shmpub_error *err, int code, uint64_t line, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return code;
	error_set(err, code, LINE_FORMAT, (unsigned long long)line);
	set_line(err, line);
	va_start(args, format);
	append(err, format, args);
	va_end(args);
	return code;
}

void error_put_line(struct shmpub_error *err, uint64_t line)
{
	if (err == NULL)
		return;
	error_prefix(err, 0, LINE_FORMAT, (unsigned long long)line);
	set_line(err, line);
}

void error_move_line(struct shmpub_error *err, uint64_t line)
{
	int before = snprintf(NULL, 0, LINE_FORMAT, (unsigned long long)err->line);

	error_prefix(err, (size_t)before, LINE_FORMAT, (unsigned long long)line);
	set_line(err, line);
}

void error_put_path(struct shmpub_error *err, const char *path)
{
	int prefix_size = snprintf(NULL, 0, LINE_FORMAT, (unsigned long long)err->line);

	if (err->line == 0 || err->line == UINT32_MAX)
		error_prefix(err, 0, "%s: ", path);
	else
		error_prefix(err, (size_t)prefix_size, "%s:%lu: ", path, (unsigned long)err->line);
}

void error_quote(struct shmpub_error *err, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return;
	err->quoted_at = (uint16_t)strlen(err->message);
	va_start(args, format);
	append(err, format, args);
	va_end(args);
	err->quoted_size = (uint16_t)(strlen(err->message) - err->quoted_at);
}

void error_add(struct shmpub_error *err, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return;
	va_start(args, format);
	append(err, format, args);
	va_end(args);
}

void error_prefix(struct shmpub_error *err, size_t skip, const char *format, ...)
{
	struct shmpub_error before = *err;
	size_t begin = before.quoted_at, end = begin + before.quoted_size, shift, size;
	va_list args;

	va_start(args, format);
	fill(err, before.code, before.sys, format, args);
	va_end(args);
	err->line = before.line;
	shift = strlen(err->message);
	error_add(err, "%s", before.message + skip);
	size = strlen(err->message);
	if (end <= begin || end <= skip)
		return;
	begin = begin > skip ? begin - skip + shift : shift;
	end = end - skip + shift < size ? end - skip + shift : size;
	if (end <= begin)
		return; /* the longer message has no room for the cell */
	err->quoted_at = (uint16_t)begin;
	err->quoted_size = (uint16_t)(end - begin);
}

void error_public_message(char out[SHMPUB_ERROR_SIZE], const struct shmpub_error *err)
{
	size_t size = strlen(err->message), begin = err->quoted_at;
	size_t end = begin + err->quoted_size;

	if (end <= begin || end > size)
		snprintf(out, SHMPUB_ERROR_SIZE, "%s", err->message);
	else
		snprintf(out, SHMPUB_ERROR_SIZE, "%.*s...%s", (int)begin, err->message,
		         err->message + end);
}

const char *error_code_name(int code)
{
	static const char *const names[] = {
		[-SHMPUB_ERR_SYS] = "sys",       [-SHMPUB_ERR_NOMEM] = "nomem",
		[-SHMPUB_ERR_FORMAT] = "format", [-SHMPUB_ERR_INVALID] = "invalid",
		[-SHMPUB_ERR_CSV] = "csv",       [-SHMPUB_ERR_BUSY] = "busy",
		[-SHMPUB_ERR_LIMIT] = "limit",   [-SHMPUB_ERR_OWNER] = "owner",
		[-SHMPUB_ERR_ACCESS] = "access",
	};

	return code < 0 && code > -(int)ARRAY_LEN(names) ? names[-code] : "";
}

int error_nomem(struct shmpub_error *err, size_t size)
{
	return error_set(err, SHMPUB_ERR_NOMEM, "out of memory (%zu bytes wanted)", size);
}
