/*
 * Parses the text of one cell to one value, by the rules of pandas' C parser.
 *
 * Threads: pure functions, any thread. They allocate nothing and depend on no locale. They read
 *          only the bytes of the span, of which no NUL is needed, in time linear in its size.
 * Errors:  false means that the text is not a value of that kind; *out is then unspecified.
 *
 * Blanks are space and \t \n \v \f \r. A number may have blanks before and after it; a word
 * (true, inf, NA) may not. Dates are in value/timestamp.h and value/date_format.h, sets of words
 * in value/words.h; this header includes all three.
 *
 * How pandas decides the type of a column of numbers (tests/differential/test_value.py compares
 * these steps with pandas):
 *  1. value_int() parses all cells in order. If every cell is INT_SIGNED, the type is int64; if
 *     some are NA, float64. The first cell with another answer decides how to continue: after
 *     INT_NONE with step 3, after INT_UNSIGNED or INT_BEYOND with step 2.
 *  2. value_uint() parses all cells again in order.
 *     - At a cell that is UINT_NONE, continue with step 3.
 *     - At a cell that is UINT_BEYOND, value_python_int() parses every cell: the result is an
 *       object column of Python integers, with NaN for NA. If one cell is no integer for Python,
 *       the column is text, and NA words are kept as they are written.
 *     - At the end, if a cell above INT64_MAX stands beside an NA or a UINT_NEGATIVE, the column
 *       is text, and NA words are kept as they are written. If not, the type is uint64.
 *  3. If value_float() parses all cells, the type is float64. If value_bool() does, it is bool
 *     (object if some cells are NA). If neither does, the column is text.
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

/* The options that change how a cell is parsed. */
struct value_rules {
	char decimal;                       /* the byte between whole part and decimals */
	char thousands;                     /* a byte to ignore between digits; 0: there is none */
	const struct word_set *true_words;  /* besides TRUE in any case; NULL: no other word */
	const struct word_set *false_words; /* besides FALSE in any case; NULL: no other word */
};

#define VALUE_RULES_NONE ((struct value_rules){ '.', '\0', NULL, NULL })

enum int_answer {
	INT_NONE,     /* not an integer, or one beyond int64 that has blanks after it */
	INT_SIGNED,   /* an integer that fits int64 */
	INT_UNSIGNED, /* an integer above INT64_MAX that fits uint64 */
	INT_BEYOND,   /* an integer that fits neither */
};

/*
 * Parses an integer: blanks, perhaps a sign, digits, blanks. *out is the value, or the bits of a
 * uint64 if the answer is INT_UNSIGNED.
 */
enum int_answer value_int(int64_t *out, struct span text);
enum int_answer value_int_rules(int64_t *out, struct span text, const struct value_rules *rules);

enum uint_answer {
	UINT_NONE,
	UINT_VALUE,
	UINT_NEGATIVE, /* the text begins with '-'; what follows was not looked at */
	UINT_BEYOND,   /* an integer that does not fit uint64 */
};

/* Parses an unsigned integer, for step 2 above. */
enum uint_answer value_uint(uint64_t *out, struct span text);
enum uint_answer value_uint_rules(uint64_t *out, struct span text, const struct value_rules *rules);

/*
 * Parses an integer as Python's int() does: blanks, perhaps a sign, at most 4,300 digits with
 * single underscores between them, blanks. Writes the integer in its usual form (no plus sign,
 * no leading zeros) to `out`, which has room for text.size + 1 bytes, and returns the size of
 * that. 0: the text is not an integer.
 */
size_t value_python_int(char *out, struct span text);

/*
 * Returns true if the text is an integer above UINT64_MAX of digits alone, as Python prints it. It
 * may be false for one of more than 64 digits.
 */
bool value_is_plain_long(struct span text);

/*
 * Parses a number, correctly rounded (to the nearest double, ties to even) except where pandas
 * is not exact: see real.c. The form is: blanks, perhaps a sign, digits with or without a
 * decimal point anywhere, perhaps an exponent, blanks. Or inf or infinity in any case, with or
 * without a sign, and without blanks. "nan" is not a number; some spellings of it are NA words.
 */
bool value_float(double *out, struct span text);
bool value_float_rules(double *out, struct span text, const struct value_rules *rules);

/*
 * Parses a number as pandas does where it parses text for a second time (categories and levels
 * of an index): a number with a plus sign is then not correctly rounded.
 */
bool value_float_reparsed(double *out, struct span text);
/* Parses a word of na_values as Python's float(): blanks around, underscores between digits. */
bool value_python_float(double *out, struct span text);

/* Parses TRUE or FALSE in any mixture of cases; with rules, their words too. */
bool value_bool(bool *out, struct span text);
bool value_bool_rules(bool *out, struct span text, const struct value_rules *rules);

/* Returns true for the empty text and for pandas' default NA words. */
bool value_is_na(struct span text);

#endif
