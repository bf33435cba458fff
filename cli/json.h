/*
 * Writing JSON (RFC 8259): valid for any bytes, since bytes that are no UTF-8 become
 * U+FFFD and numbers that JSON lacks become null.
 *
 * An object is json_open, members, json_close. Errors: kept in the writer; ask once.
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
	bool has_failed; /* out of memory */
};

static inline struct json json_to(struct buffer *out)
{
	return (struct json){ .out = out };
}

void json_open(struct json *j, char bracket);  /* '{' or '[' */
void json_close(struct json *j, char bracket); /* '}' or ']' */
void json_key(struct json *j, struct span key);
void json_string(struct json *j, struct span text);
void json_uint(struct json *j, uint64_t v);
void json_int(struct json *j, int64_t v);
void json_bool(struct json *j, bool v);
void json_null(struct json *j);
void json_plain(struct json *j, struct span text); /* a number that is one already */
/* Key and value. */
void json_member_string(struct json *j, const char *key, struct span text);
void json_member_uint(struct json *j, const char *key, uint64_t v);
void json_member_int(struct json *j, const char *key, int64_t v);
/* Only what JSON calls a number. */
bool json_is_number(struct span text);

#endif
