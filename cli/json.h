/*
 * Writes JSON (RFC 8259). The output is valid for any input: bytes that are not UTF-8 become
 * U+FFFD.
 *
 * Use:     json_open, members or values, json_close.
 * Threads: no state of its own.
 * Errors:  kept in has_failed; ask once at the end.
 */
#ifndef SHMPUB_CLI_JSON_H
#define SHMPUB_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/span.h"

struct json {
	struct buffer *out;
	bool needs_comma;
	bool has_failed; /* memory ran out */
};

static inline struct json json_to(struct buffer *out)
{
	return (struct json){ .out = out };
}

void json_open(struct json *j, char bracket);  /* '{' or '[' */
void json_close(struct json *j, char bracket); /* '}' or ']' */
/* The member's value must be written next. */
void json_key(struct json *j, struct span key);
void json_string(struct json *j, struct span text);
void json_int(struct json *j, int64_t v);
void json_bool(struct json *j, bool v);
void json_null(struct json *j);
void json_plain(struct json *j, struct span text); /* text that is JSON already, such as a number */
/* A key and its value. */
void json_member_string(struct json *j, const char *key, struct span text);
void json_member_uint(struct json *j, const char *key, uint64_t v);
void json_member_int(struct json *j, const char *key, int64_t v);
/* True if the text is a number in JSON's form. */
bool json_is_number(struct span text);

#endif
