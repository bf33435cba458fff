/*
 * A date as a person writes it, cut into tokens as dateutil cuts it (`_timelex` in
 * dateutil/parser/_parser.py). Internal to this room. Pure; one pass, no limit on the text.
 */
#ifndef SHMPUB_VALUE_LEXER_H
#define SHMPUB_VALUE_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/span.h"

struct lexer {
	const char *p, *end;
	struct span parts; /* of a token that falls apart at its points: what is still to come */
	bool has_nul;      /* within a token that was given out, which dateutil reads without it */
};

static inline struct lexer lexer_of(struct span text)
{
	return (struct lexer){ text.data, text.data + text.size, SPAN_NONE, false };
}

/* The next token, never empty; false at the end. Every white space is a token of its own. */
bool lexer_next(struct span *out, struct lexer *lexer);

/* Bytes of the white space at `p` (Python's str.isspace, so beyond ASCII too); 0: none. */
size_t lexer_space(const char *p, const char *end);

#endif
