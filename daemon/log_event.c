#include "log_event.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/compiler.h"
#include "base/error.h"
#include "base/utf8.h"

/*
 * A record is written into memory of the caller's, so that the log still works when memory has
 * run out. Every form gets its fields from one table; the form says how a field is put down.
 */

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

int log_level_find(const char *name, size_t size)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		if (span_is(span_of(name, size), levels[i].name))
			return (int)i;
	}
	return -1;
}

int log_level_priority(enum log_level level)
{
	return levels[level].priority;
}

/* --- the record under way ------------------------------------------------------------------------- */

struct record {
	char *at, *end;
};

static void put(struct record *r, struct span bytes)
{
	size_t room = (size_t)(r->end - r->at), n = bytes.size < room ? bytes.size : room;

	if (n)
		memcpy(r->at, bytes.data, n);
	r->at += n;
}

static void PRINTF_LIKE(2, 3) put_printf(struct record *r, const char *format, ...)
{
	char text[64];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(r, span_str(text));
}

/* The longest beginning of at most `most` bytes that does not end within a character. */
static struct span bounded(const char *text, size_t most)
{
	struct span s = span_of(text, strnlen(text, most + 1));
	size_t n = s.size;

	if (n <= most)
		return s;
	n = most;
	while (n > 0 && most - n < 3 && ((unsigned char)text[n] & 0xC0) == 0x80)
		n--;
	return span_of(text, n);
}

/* --- lines for people ----------------------------------------------------------------------------- */

/* A line is one line, and moves no cursor, whatever stands in a path or in somebody's message. */
static void put_printable(struct record *r, struct span text)
{
	char *from = r->at;

	put(r, text);
	for (; from < r->at; from++) {
		if ((unsigned char)*from < 0x20 || *from == 0x7f)
			*from = '?';
	}
}

static void put_message(struct record *r, const struct log_event *e,
                        void (*put_text)(struct record *r, struct span text))
{
	if (e->feed != NULL) {
		put(r, span_str("feed "));
		put_text(r, bounded(e->feed, SHMPUB_ERROR_SIZE));
		put(r, span_str(": "));
	}
	put_text(r, bounded(e->text, LOG_TEXT_SIZE));
}

static void put_time(struct record *r, int64_t now_ns, bool with_ms)
{
	time_t seconds = (time_t)(now_ns / 1000000000);
	const struct tm *utc = gmtime(&seconds);
	char text[32];

	if (utc == NULL || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", utc) == 0)
		return;
	put(r, span_str(text));
	if (with_ms)
		put_printf(r, ".%03d", (int)(now_ns / 1000000 % 1000));
	put(r, span_str("Z"));
}

/* --- fields --------------------------------------------------------------------------------------- */

struct field {
	const char *logfmt, *journal; /* its names */
	bool is_there;
	const char *text; /* NULL: the number counts */
	uint64_t number;
};

#define FIELDS 8

static void list_fields(struct field out[FIELDS], const struct log_event *e)
{
	const char *code = error_code_name(e->code);
	const struct field fields[FIELDS] = {
		{ "feed", "FEED", e->feed != NULL, e->feed, 0 },
		{ "sequence", "SEQUENCE", e->has_table, NULL, e->sequence },
		{ "rows", "ROWS", e->has_table, NULL, e->rows },
		{ "bytes", "BYTES", e->has_table, NULL, e->bytes },
		{ "duration_us", "DURATION_US", e->has_table, NULL, e->duration_us },
		{ "code", "CODE", code[0] != '\0', code, 0 },
		{ "line", "ERROR_LINE", e->line != 0, NULL, e->line },
		{ "times", "TIMES", e->n_times != 0, NULL, e->n_times },
	};

	memcpy(out, fields, sizeof(fields));
}

/* --- logfmt --------------------------------------------------------------------------------------- */

static bool is_bare(struct span value)
{
	const char *p = value.data, *end = value.data + value.size;

	while (p < end) {
		uint32_t c = utf8_next(&p, end);

		if (c <= ' ' || c == '=' || c == '"' || c == '\\' || (c >= 0x7f && c < 0xa0) ||
		    c == 0x2028 || c == 0x2029 || c == 0xfffd)
			return false;
	}
	return value.size > 0;
}

/* As in JSON. Bytes that are no UTF-8 are told as U+FFFD, one for each. */
static void put_character(struct record *r, uint32_t c, struct span bytes)
{
	static const char short_names[] = { '\n', 'n', '\r', 'r', '\t', 't', '"', '"', '\\', '\\' };

	for (size_t i = 0; i < sizeof(short_names); i += 2) {
		if (c == (unsigned char)short_names[i]) {
			put_printf(r, "\\%c", short_names[i + 1]);
			return;
		}
	}
	if (c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfffd)
		put_printf(r, "\\u%04x", (unsigned)c);
	else
		put(r, bytes);
}

static void put_value(struct record *r, struct span value)
{
	const char *p = value.data, *end = value.data + value.size;

	if (is_bare(value)) {
		put(r, value);
		return;
	}
	put(r, span_str("\""));
	while (p < end) {
		const char *from = p;
		uint32_t c = utf8_next(&p, end);

		put_character(r, c, span_of(from, (size_t)(p - from)));
	}
	put(r, span_str("\""));
}

static void put_logfmt(struct record *r, const struct log_event *e, int64_t now_ns)
{
	struct field fields[FIELDS];

	put(r, span_str("time="));
	put_time(r, now_ns, true);
	put_printf(r, " level=%s msg=", levels[e->level].name);
	put_value(r, bounded(e->text, LOG_TEXT_SIZE));
	list_fields(fields, e);
	for (const struct field *f = fields; f < fields + FIELDS; f++) {
		if (!f->is_there)
			continue;
		put_printf(r, " %s=", f->logfmt);
		if (f->text != NULL)
			put_value(r, bounded(f->text, SHMPUB_ERROR_SIZE / 8));
		else
			put_printf(r, "%" PRIu64, f->number);
	}
}

/* --- the journal's protocol ----------------------------------------------------------------------- */

/* NAME=VALUE, or where a newline stands in the value: NAME, its size as 64 bits, the value. */
static void put_journal_text(struct record *r, const char *name, struct span value)
{
	unsigned char size[8];

	put(r, span_str(name));
	if (memchr(value.data, '\n', value.size) == NULL) {
		put(r, span_str("="));
	} else {
		for (unsigned i = 0; i < sizeof(size); i++)
			size[i] = (unsigned char)((uint64_t)value.size >> (8 * i));
		put(r, span_str("\n"));
		put(r, span_of((const char *)size, sizeof(size)));
	}
	put(r, value);
	put(r, span_str("\n"));
}

static void put_journal(struct record *r, const struct log_event *e)
{
	char message[LOG_TEXT_SIZE + SHMPUB_ERROR_SIZE + 16];
	struct record text = { message, message + sizeof(message) };
	struct field fields[FIELDS];

	put_message(&text, e, put);
	put_journal_text(r, "MESSAGE", span_of(message, (size_t)(text.at - message)));
	put_printf(r, "PRIORITY=%d\nSYSLOG_IDENTIFIER=shmpubd\n", levels[e->level].priority);
	list_fields(fields, e);
	for (const struct field *f = fields; f < fields + FIELDS; f++) {
		if (f->is_there && f->text != NULL)
			put_journal_text(r, f->journal, bounded(f->text, SHMPUB_ERROR_SIZE));
		else if (f->is_there)
			put_printf(r, "%s=%" PRIu64 "\n", f->journal, f->number);
	}
}

/* -------------------------------------------------------------------------------------------------- */

size_t log_event_write(char *out, enum log_form form, const struct log_event *e, int64_t now_ns)
{
	struct record r = { out, out + LOG_RECORD_SIZE - 1 };

	if (form == LOG_FORM_JOURNAL) {
		put_journal(&r, e);
		return (size_t)(r.at - out);
	}
	if (form == LOG_FORM_LEVELS || form == LOG_FORM_LEVEL_LOGFMT)
		put_printf(&r, "<%d>", levels[e->level].priority);
	if (form == LOG_FORM_TEXT) {
		put_time(&r, now_ns, false);
		put_printf(&r, " %s: ", levels[e->level].name);
	}
	if (form == LOG_FORM_LOGFMT || form == LOG_FORM_LEVEL_LOGFMT)
		put_logfmt(&r, e, now_ns);
	else
		put_message(&r, e, put_printable);
	*r.at++ = '\n'; /* for which the last byte was kept */
	return (size_t)(r.at - out);
}
