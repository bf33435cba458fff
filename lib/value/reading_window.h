/*
 * What reading.c and reading_number.c share: a window over the tokens of a date. reading.c goes
 * through the tokens and takes words and zones; reading_number.c takes numbers. Internal to this
 * room.
 */
#ifndef SHMPUB_VALUE_READING_WINDOW_H
#define SHMPUB_VALUE_READING_WINDOW_H

#include "value/lexer.h"
#include "value/reading.h"
#include "value/token.h"
#include "value/ymd.h"

#define AHEAD 7u   /* how many tokens after the current one are read */
#define WINDOW 16u /* a power of two that holds them, the current token and two before it */

struct reader {
	struct reading *r;
	struct ymd ymd;
	struct lexer lexer;
	struct span window[WINDOW];
	size_t at;       /* the number of the current token */
	size_t n_tokens; /* how many tokens were read, up to AHEAD after the current one */
	bool has_offset; /* offset_s is set */
	int64_t offset_s;
};

/* Returns the token `offset` places after the current one, or an empty span: there is none. */
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

/* Returns the hour of 24 for an hour of 12 and am (0) or pm (1). */
static inline int32_t reading_hour(int32_t hour, int32_t ampm)
{
	if (hour < 12 && ampm == 1)
		return hour + 12;
	return hour == 12 && ampm == 0 ? 0 : hour;
}

/*
 * Takes the current token, a number, and *n_more tokens after it, by the rules of dateutil's
 * `_parse_numeric_token`. False: the text is no date.
 */
bool reading_number(struct reader *rd, int *n_more);

#endif
