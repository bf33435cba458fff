/*
 * Splits a date as a person writes it into tokens, as dateutil does (`_timelex` in
 * dateutil/parser/_parser.py). Internal to this room.
 *
 * A lexer owns no memory and belongs to one thread; the text must outlive it.
 */
#ifndef SHMPUB_VALUE_LEXER_H
#define SHMPUB_VALUE_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/span.h"

struct lexer {
	const char *p, *end; /* the text that is not yet split */
	struct span parts;   /* the rest of a token that is split at its points */
	bool has_nul;        /* a token contained a NUL byte; dateutil would drop that byte */
};

static inline struct lexer lexer_of(struct span text)
{
	return (struct lexer){ text.data, text.data + text.size, SPAN_NONE, false };
}

/*
 * Sets *out to the next token, which is never empty. Each character of white space is a token.
 * False: there are no more tokens.
 */
bool lexer_next(struct span *out, struct lexer *lexer);

/*
 * Returns the size in bytes of the character at `p` if it is white space for Python's
 * str.isspace(), which knows characters beyond ASCII too; 0: it is another character, or `end`.
 */
size_t lexer_space(const char *p, const char *end);

/* Returns the first byte from `p` on that is not white space, or `end`. */
static inline const char *lexer_skip_spaces(const char *p, const char *end)
{
	for (size_t n; (n = lexer_space(p, end)) > 0;)
		p += n;
	return p;
}

#endif
