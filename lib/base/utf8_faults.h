/*
 * What two neighbouring bytes of UTF-8 can have wrong, in three tables. They are asked by the high
 * half of the first byte, by its low half, and by the high half of the second byte; each entry
 * has a bit for each kind of fault, and what all three say is a fault. Two continuation bytes in
 * a row are no fault after the lead of a character of three or four bytes: the kernels look for
 * those leads as well.
 *
 * Method: J. Keiser, D. Lemire, "Validating UTF-8 in less than one instruction per byte",
 * Software: Practice and Experience 51, 2021, section 6.
 */
#ifndef SHMPUB_BASE_UTF8_FAULTS_H
#define SHMPUB_BASE_UTF8_FAULTS_H

#include <stdint.h>

enum {
	SHORT = 1 << 0,      /* a lead without its continuation */
	LONG = 1 << 1,       /* a continuation after ASCII */
	OVERLONG_3 = 1 << 2, /* E0 80..9F */
	LARGE = 1 << 3,      /* above 10FFFF: F4 90.. */
	SURROGATE = 1 << 4,  /* ED A0..BF */
	OVERLONG_2 = 1 << 5, /* C0, C1 */
	LARGE_1000 = 1 << 6, /* F5.. followed by 80..8F */
	OVERLONG_4 = 1 << 6, /* F0 80..8F */
	TWO = 1 << 7,        /* two continuations: a fault unless a longer lead is before them */
	ANY = SHORT | LONG | TWO,
};

static const uint8_t faults_of_first_high[16] = {
	LONG,
	LONG,
	LONG,
	LONG,
	LONG,
	LONG,
	LONG,
	LONG,
	TWO,
	TWO,
	TWO,
	TWO,
	SHORT | OVERLONG_2,
	SHORT,
	SHORT | OVERLONG_3 | SURROGATE,
	SHORT | LARGE | LARGE_1000 | OVERLONG_4,
};

static const uint8_t faults_of_first_low[16] = {
	ANY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4,
	ANY | OVERLONG_2,
	ANY,
	ANY,
	ANY | LARGE,
	ANY | LARGE | LARGE_1000,
	ANY | LARGE | LARGE_1000,
	ANY | LARGE | LARGE_1000,
	ANY | LARGE | LARGE_1000,
	ANY | LARGE | LARGE_1000,
	ANY | LARGE | LARGE_1000,
	ANY | LARGE | LARGE_1000,
	ANY | LARGE | LARGE_1000,
	ANY | LARGE | LARGE_1000 | SURROGATE,
	ANY | LARGE | LARGE_1000,
	ANY | LARGE | LARGE_1000,
};

static const uint8_t faults_of_second_high[16] = {
	SHORT,
	SHORT,
	SHORT,
	SHORT,
	SHORT,
	SHORT,
	SHORT,
	SHORT,
	LONG | OVERLONG_2 | TWO | OVERLONG_3 | LARGE_1000 | OVERLONG_4,
	LONG | OVERLONG_2 | TWO | OVERLONG_3 | LARGE,
	LONG | OVERLONG_2 | TWO | SURROGATE | LARGE,
	LONG | OVERLONG_2 | TWO | SURROGATE | LARGE,
	SHORT,
	SHORT,
	SHORT,
	SHORT,
};

#endif
