/*
 * The reader of dates as people write them, between its two files: reading.c walks over the
 * tokens and knows words and zones, reading_number.c knows numbers. Internal to this room.
 */
#ifndef SHMPUB_VALUE_READING_WINDOW_H
#define SHMPUB_VALUE_READING_WINDOW_H

#include "value/lexer.h"
#include "value/reading.h"
#include "value/token.h"
#include "value/ymd.h"

#define AHEAD 7u
#define WINDOW 16u /* a power of two, more than AHEAD and two behind */

struct reader {
	struct reading *r;
	struct ymd ymd;
	struct lexer lexer;
	struct span window[WINDOW];
	size_t at;       /* number of the token that is looked at */
	size_t n_tokens; /* that were read so far, up to AHEAD beyond `at` */
	bool has_offset;
	int64_t offset_s;
};

/* The token at `offset` from the one that is looked at; empty where there is none. */
static inline struct span token_at(const struct reader *rd, int offset)
{
	size_t i = rd->at + (size_t)offset;

	if ((offset < 0 && rd->at < (size_t)-offset) || i >= rd->n_tokens)
		return SPAN_NONE;
	return rd->window[i % WINDOW];
}

static inline bool is_byte_at(const struct reader *rd, int offset, char c)
{
	return token_is_byte(token_at(rd, offset), c);
}

static inline struct span token_part(struct span token, size_t offset, size_t size)
{
	return span_of(token.data + offset, size);
}

/* Of 24, from one of 12 with am (0) or pm (1). */
static inline int32_t reading_hour(int32_t hour, int32_t ampm)
{
	if (hour < 12 && ampm == 1)
		return hour + 12;
	return hour == 12 && ampm == 0 ? 0 : hour;
}

/* By dateutil's `_parse_numeric_token`; *n_more: how many tokens behind it belong to it. */
bool reading_number(struct reader *rd, int *n_more);

#endif
