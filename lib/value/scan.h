/*
 * Helpers for the parsers of this room: blanks, signs, words, and digits, eight at a time.
 *
 * A function with `p` and `end` reads bytes from `p` on, none from `end` on, and returns the
 * first byte that it did not take. Pure, any thread.
 */
#ifndef SHMPUB_VALUE_SCAN_H
#define SHMPUB_VALUE_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "base/compiler.h"
#include "base/span.h"

static inline bool scan_is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static inline bool scan_is_blank(char c)
{
	return c == ' ' || (unsigned char)(c - '\t') < 5;
}

static inline const char *scan_blanks(const char *p, const char *end)
{
	while (p < end && scan_is_blank(*p))
		p++;
	return p;
}

/* Takes a sign if there is one; *is_negative: it is a minus. */
static inline const char *scan_sign(bool *is_negative, const char *p, const char *end)
{
	*is_negative = p < end && *p == '-';
	return p < end && (*p == '-' || *p == '+') ? p + 1 : p;
}

/* Returns an ASCII letter in lower case, any other byte as it is, whatever the locale. */
static inline char scan_lower(char c)
{
	if ((unsigned char)(c - 'A') < 26)
		return (char)(c + ('a' - 'A'));
	return c;
}

static inline bool scan_is_letter(char c)
{
	return (unsigned char)(scan_lower(c) - 'a') < 26;
}

/* Returns true if `text` is `word` in any mixture of cases; `word` must be in lower case. */
static inline bool scan_is_word(struct span text, const char *word, size_t size)
{
	if (text.size != size)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (scan_lower(text.data[i]) != word[i])
			return false;
	}
	return true;
}

/*
 * Returns 0x80 in place of each of the eight bytes that is no digit. Exact up to the first such
 * byte; those after it may be wrong.
 */
static inline uint64_t scan_not_digits(uint64_t v)
{
	uint64_t x = v ^ UINT64_C(0x3030303030303030);

	/* A byte of x is 0 to 9 exactly if neither that byte nor that byte + 0x76 reaches 0x80. */
	return (((x & UINT64_C(0x7f7f7f7f7f7f7f7f)) + UINT64_C(0x7676767676767676)) | x) &
	       UINT64_C(0x8080808080808080);
}

/*
 * Returns the number that eight digits spell. The first step makes numbers of two digits, the
 * second numbers of four, the last one the number of eight (Lemire 2021, section 4).
 */
static inline uint32_t scan_eight(uint64_t v)
{
	v -= UINT64_C(0x3030303030303030);
	v = v * 10 + (v >> 8);
	v = (((v & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064)) +
	     (((v >> 16) & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001))) >>
	    32;
	return (uint32_t)v;
}

/*
 * Takes digits and appends them to *number. If there are too many for 64 bits, *number is
 * wrong; callers know that from the count of digits.
 */
static inline const char *scan_digits(uint64_t *number, const char *p, const char *end)
{
	uint64_t n = *number;

	while (end - p >= 8) {
		uint64_t v = load_le64(p);

		if (scan_not_digits(v))
			break;
		n = n * 100000000 + scan_eight(v);
		p += 8;
	}
	while (p < end && scan_is_digit(*p))
		n = n * 10 + (uint64_t)(*p++ - '0');
	*number = n;
	return p;
}

/* From here on no more digits of an exponent are added up: the number is 0 or infinite anyway. */
/* Returns how many digits the text begins with. */
static inline size_t scan_count_digits(struct span text)
{
	size_t n = 0;

	while (n < text.size && scan_is_digit(text.data[n]))
		n++;
	return n;
}

#define SCAN_EXPONENT_BOUND (INT64_C(1) << 40)

/* Takes an exponent, with or without a sign, and adds it to *out. NULL: there are no digits. */
static inline const char *scan_exponent(int64_t *out, const char *p, const char *end)
{
	bool negative;
	int64_t n = 0;

	p = scan_sign(&negative, p, end);
	if (p == end || !scan_is_digit(*p))
		return NULL;
	for (; p < end && scan_is_digit(*p); p++) {
		if (n < SCAN_EXPONENT_BOUND)
			n = n * 10 + (*p - '0');
	}
	*out += negative ? -n : n;
	return p;
}

#endif
