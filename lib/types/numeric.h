/*
 * What pandas makes of text that is numbers, all of it, when it looks at text that it has made
 * once already: the values of a category, and a level of the index. It is not the cascade of its
 * parser (evidence.h): there is no order among the cells, and integers of both signs beside
 * one above int64 are text.
 *
 * Pure; a struct numeric belongs to one thread, and all zero it has seen nothing.
 */
#ifndef SHMPUB_TYPES_NUMERIC_H
#define SHMPUB_TYPES_NUMERIC_H

#include "types/verdict.h"

/* What there was among the numbers. */
struct numeric {
	bool has_negative; /* an integer below 0, within int64 */
	bool has_unsigned; /* an integer above int64, within uint64 */
	bool has_beyond;   /* an integer within neither */
	bool has_float;    /* a number that is no integer */
};

/* A number as value_int() answers for it; `i` is its value where it is INT_SIGNED. */
static inline void numeric_note(struct numeric *n, enum int_answer answer, int64_t i)
{
	n->has_negative |= answer == INT_SIGNED && i < 0;
	n->has_unsigned |= answer == INT_UNSIGNED;
	n->has_beyond |= answer == INT_BEYOND;
	n->has_float |= answer == INT_NONE;
}

/* The same of a text that is known to be a number. */
static inline void numeric_add(struct numeric *n, struct span text)
{
	int64_t i = 0;
	enum int_answer answer = value_int(&i, text);

	numeric_note(n, answer, i);
}

static inline void numeric_join(struct numeric *n, const struct numeric *other)
{
	n->has_negative |= other->has_negative;
	n->has_unsigned |= other->has_unsigned;
	n->has_beyond |= other->has_beyond;
	n->has_float |= other->has_float;
}

/* As pandas' maybe_convert_numeric; `has_null`: NA stands among the numbers. */
struct verdict numeric_verdict(const struct numeric *n, bool has_null);

#endif
