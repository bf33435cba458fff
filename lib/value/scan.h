/*
 * What the parsers of this room share: blanks, digits, and eight digits at once.
 * Everything is inline and reads only what its name says.
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

/* ASCII only: the locale has no say in what a word is. */
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

/* `word` in lower case. */
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

/* Eight bytes, the first one in the lowest bits whatever the machine. */
static inline uint64_t scan_load8(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return IS_BIG_ENDIAN ? bytes_swapped(v) : v;
}

/* 0x80 in the lane of every byte that is no digit; exact up to and including the first such. */
static inline uint64_t scan_not_digits(uint64_t v)
{
	uint64_t x = v ^ UINT64_C(0x3030303030303030);

	/* A lane is 0..9 exactly when neither it nor it + 0x76 reaches 0x80. */
	return (((x & UINT64_C(0x7f7f7f7f7f7f7f7f)) + UINT64_C(0x7676767676767676)) | x) &
	       UINT64_C(0x8080808080808080);
}

/* The number that eight digits spell: pairs, then fours, then eight (Lemire 2021, section 4). */
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
 * Digits from p on, appended to *number (which wraps silently: the caller counts them).
 * Returns the first byte that is none.
 */
static inline const char *scan_digits(uint64_t *number, const char *p, const char *end)
{
	uint64_t n = *number;

	while (end - p >= 8) {
		uint64_t v = scan_load8(p);

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

#define SCAN_EXPONENT_BOUND (INT64_C(1) << 40) /* larger ones are cut: the value is 0 or infinite */

/* The digits of an exponent from p on, with a sign or without, added to *out. NULL: none there. */
static inline const char *scan_exponent(int64_t *out, const char *p, const char *end)
{
	bool negative = p < end && *p == '-';
	int64_t n = 0;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
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
