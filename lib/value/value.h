/*
 * One cell's text to one value: the rules of pandas' C parser, byte for byte.
 *
 * Pure functions over (pointer, size): no allocation, no state, no locale, no NUL
 * needed; never read outside the span; time is linear in the size. False: the text is
 * not such a value, and *out is unspecified.
 *
 * Blanks are space and \t \n \v \f \r. Numbers may stand between blanks; words (true,
 * inf, NA) may not. Dates are in value/timestamp.h and value/date_format.h, which this
 * header includes; sets of words in value/words.h.
 *
 * How pandas settles a column of numbers (tests/differential/test_value.py asks it):
 *  1. all cells, in order, by value_int. All INT_SIGNED or NA: int64 (float64 with NA).
 *     The first other answer decides: INT_NONE: go to 3. INT_UNSIGNED, INT_BEYOND: go to 2.
 *  2. all cells again, in order, by value_uint until UINT_NONE (go to 3) or UINT_BEYOND
 *     (every cell by value_python_int: object column of ints, NA is NaN; text with the NA
 *     words kept literally when one cell is not). At the end: UINT_NEGATIVE or NA seen
 *     beside a value above INT64_MAX: text, NA words kept literally; else uint64.
 *  3. all cells by value_float: float64; else by value_bool: bool (object with NA); else text.
 */
#ifndef SHMPUB_VALUE_VALUE_H
#define SHMPUB_VALUE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"
#include "value/date_format.h"
#include "value/timestamp.h"
#include "value/words.h"

/* The options that change what a cell means. NULL sets: pandas' default words. */
struct value_rules {
	char decimal;                      /* the byte before the decimals */
	char thousands;                    /* a byte to pass over between digits; 0: none */
	const struct word_set *true_words; /* besides any spelling of TRUE and FALSE */
	const struct word_set *false_words;
};

#define VALUE_RULES_NONE ((struct value_rules){ '.', '\0', NULL, NULL })

enum int_answer {
	INT_NONE,     /* not an integer, or beyond int64 with blanks behind it */
	INT_SIGNED,   /* fits int64 */
	INT_UNSIGNED, /* above INT64_MAX, fits uint64 */
	INT_BEYOND,   /* an integer that fits neither */
};

/* Blanks, one sign, digits, blanks; value in *out (uint64 bits when INT_UNSIGNED). */
enum int_answer value_int(int64_t *out, struct span text);
enum int_answer value_int_rules(int64_t *out, struct span text, const struct value_rules *rules);

enum uint_answer {
	UINT_NONE,
	UINT_VALUE,
	UINT_NEGATIVE, /* begins with '-', whatever follows */
	UINT_BEYOND,
};

/* The second look that pandas takes at a column in which value_int found a large cell. */
enum uint_answer value_uint(uint64_t *out, struct span text);
enum uint_answer value_uint_rules(uint64_t *out, struct span text, const struct value_rules *rules);

/*
 * As Python's int(): blanks, sign, digits with single underscores between them, at most
 * 4,300 digits. Writes the canonical decimal text to out (room for text.size + 1 bytes)
 * and returns its size; 0: not an integer.
 */
size_t value_python_int(char *out, struct span text);

/*
 * Correctly rounded (to nearest, ties to even). Blanks, sign, digits with a decimal point
 * anywhere, exponent, blanks; or inf / infinity in any case, with a sign but no blanks.
 * No spelling of nan is a number: those that count are NA words.
 */
bool value_float(double *out, struct span text);
bool value_float_rules(double *out, struct span text, const struct value_rules *rules);

/* As pandas reads text that it has made once (categories, levels): not exactly behind a plus sign. */
bool value_float_again(double *out, struct span text);
/* As Python's float() reads a word for NA: blanks around, underscores between digits. */
bool value_python_float(double *out, struct span text);

/* TRUE and FALSE in any mixture of cases; with rules also their words. */
bool value_bool(bool *out, struct span text);
bool value_bool_rules(bool *out, struct span text, const struct value_rules *rules);

/* pandas' default NA words, the empty field included. */
bool value_is_na(struct span text);

#endif
