#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/utf8.h"

/*
 * Text is written at once and no tree is built, because rows of large tables pass through here.
 * A comma is put before every value, except the first one after an opening bracket, and one
 * after a key.
 */

static void put(struct json *j, struct span bytes)
{
	if (!j->has_failed && buffer_append(j->out, bytes, NULL) != SHMPUB_OK)
		j->has_failed = true;
}

static void begin_value(struct json *j)
{
	if (j->needs_comma)
		put(j, span_str(","));
	j->needs_comma = true;
}

void json_open(struct json *j, char bracket)
{
	begin_value(j);
	put(j, span_of(&bracket, 1));
	j->needs_comma = false;
}

void json_close(struct json *j, char bracket)
{
	put(j, span_of(&bracket, 1));
	j->needs_comma = true;
}

void json_plain(struct json *j, struct span text)
{
	begin_value(j);
	put(j, text);
}

static void put_escape(struct json *j, unsigned char c)
{
	static const char *const letters[] = {
		['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f",
		['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\"
	};
	char code[8];

	if (c < ARRAY_LEN(letters) && letters[c] != NULL) {
		put(j, span_str(letters[c]));
		return;
	}
	(void)snprintf(code, sizeof(code), "\\u%04x", c);
	put(j, span_str(code));
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\' && c != 0x7F;
}

/* Writes valid UTF-8. Runs of characters that need no escape are copied whole. */
static void put_valid(struct json *j, const char *p, const char *end)
{
	while (p < end) {
		const char *run = p;

		while (p < end && is_plain((unsigned char)*p))
			p++;
		put(j, span_of(run, (size_t)(p - run)));
		if (p < end)
			put_escape(j, (unsigned char)*p++);
	}
}

static void put_quoted(struct json *j, struct span text)
{
	const char *p = text.data, *end = text.data + text.size;

	put(j, span_str("\""));
	while (p < end) {
		size_t good = utf8_valid_prefix(span_of(p, (size_t)(end - p)));

		put_valid(j, p, p + good);
		p += good;
		if (p < end) {
			put(j, span_str("\xEF\xBF\xBD"));
			p++;
		}
	}
	put(j, span_str("\""));
}

void json_string(struct json *j, struct span text)
{
	begin_value(j);
	put_quoted(j, text);
}

void json_key(struct json *j, struct span key)
{
	begin_value(j);
	put_quoted(j, key);
	put(j, span_str(":"));
	j->needs_comma = false;
}

static void put_uint(struct json *j, uint64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, v);
	json_plain(j, span_str(text));
}

void json_int(struct json *j, int64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, v);
	json_plain(j, span_str(text));
}

void json_bool(struct json *j, bool v)
{
	json_plain(j, span_str(v ? "true" : "false"));
}

void json_null(struct json *j)
{
	json_plain(j, span_str("null"));
}

void json_member_string(struct json *j, const char *key, struct span text)
{
	json_key(j, span_str(key));
	json_string(j, text);
}

void json_member_uint(struct json *j, const char *key, uint64_t v)
{
	json_key(j, span_str(key));
	put_uint(j, v);
}

void json_member_int(struct json *j, const char *key, int64_t v)
{
	json_key(j, span_str(key));
	json_int(j, v);
}

static size_t digits(struct span s, size_t at)
{
	size_t n = 0;

	while (at + n < s.size && s.data[at + n] >= '0' && s.data[at + n] <= '9')
		n++;
	return n;
}

bool json_is_number(struct span s)
{
	size_t at = s.size > 0 && s.data[0] == '-' ? 1 : 0;
	size_t n = digits(s, at);

	if (n == 0 || (n > 1 && s.data[at] == '0'))
		return false;
	at += n;
	if (at < s.size && s.data[at] == '.') {
		n = digits(s, at + 1);
		if (n == 0)
			return false;
		at += n + 1;
	}
	if (at < s.size && (s.data[at] == 'e' || s.data[at] == 'E')) {
		at++;
		if (at < s.size && (s.data[at] == '+' || s.data[at] == '-'))
			at++;
		n = digits(s, at);
		if (n == 0)
			return false;
		at += n;
	}
	return at == s.size;
}
