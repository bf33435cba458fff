/*
 * The type of a column whose cells are numbers without exception, when pandas infers it from text
 * that it has already made: from the values of a category, or from a level of the index. These
 * rules differ from those of its parser (evidence.h): the order of cells does not count, and a
 * negative integer beside one above int64 makes text.
 *
 * Threads: a struct numeric belongs to one thread. All zero it stands for no numbers.
 */
#ifndef SHMPUB_TYPES_NUMERIC_H
#define SHMPUB_TYPES_NUMERIC_H

#include "types/verdict.h"

/* Which sorts of numbers there are. */
struct numeric {
	bool has_negative; /* an integer below 0, within int64 */
	bool has_unsigned; /* an integer above int64, within uint64 */
	bool has_beyond;   /* an integer outside both */
	bool has_float;    /* a number that is no integer */
};

/* Adds a number by the answer of value_int(); `i` is its value if the answer is INT_SIGNED. */
static inline void numeric_note(struct numeric *n, enum int_answer answer, int64_t i)
{
	n->has_negative |= answer == INT_SIGNED && i < 0;
	n->has_unsigned |= answer == INT_UNSIGNED;
	n->has_beyond |= answer == INT_BEYOND;
	n->has_float |= answer == INT_NONE;
}

/* Adds a text that is a number. */
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

/* Returns the type that pandas infers; `has_null`: there is NA among the numbers. */
struct verdict numeric_verdict(const struct numeric *n, bool has_null);

#endif
