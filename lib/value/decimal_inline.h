/*
 * decimal_nearest, to be inlined where every nanosecond counts. Internal to this room.
 */
#ifndef SHMPUB_VALUE_DECIMAL_INLINE_H
#define SHMPUB_VALUE_DECIMAL_INLINE_H

#include "value/decimal.h"
#include "value/power_table.h"
#include "base/compiler.h"
#include "base/u128.h"

/*
 * The nearest double to w * 10^q, w a 64-bit integer.
 *
 * The method is that of Lemire, "Number parsing at a gigabyte per second" (Software:
 * Practice and Experience 51, 2021): w is shifted until its top bit is set and
 * multiplied by a 128-bit approximation of 5^q; the upper bits of the product are the
 * answer's significand. Mushtak and Lemire, "Fast number parsing without fallback"
 * (2023), show that the approximation is good enough for every 64-bit w, so there is no
 * "can't tell" here. A product that is exactly halfway can arise only where 5^q (or
 * 5^-q) fits 64 bits, q in [-4, 23]: then ties go to even.
 */

#define DECIMAL_BITS 52
#define DECIMAL_BIAS 1023
#define DECIMAL_INFINITE 2047
#define DECIMAL_POWER_INFINITE 308 /* above it even 1 is infinite */

static inline double decimal_from_bits(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* Upper 128 bits of w * 5^q, exact in the bits that can matter. */
static inline struct u128 decimal_scaled(uint64_t w, int q)
{
	const uint64_t *power = power_of_five[q - POWER_SMALLEST];
	struct u128 product = u128_multiply(w, power[0]);

	/* The lower half of the power can only change these bits when all of them are set. */
	if ((product.high & 0x1ff) == 0x1ff) {
		struct u128 more = u128_multiply(w, power[1]);

		product.low += more.high;
		product.high += product.low < more.high;
	}
	return product;
}

/* Subnormal numbers: fewer bits than usual, rounded where they end. */
static inline double decimal_subnormal(uint64_t significand, int shift)
{
	if (shift >= 64)
		return 0.0;
	significand >>= shift;
	significand += significand & 1; /* never halfway: 5^q has too many bits here */
	/* When rounding reached 2^52, the bits are those of the smallest normal number. */
	return decimal_from_bits(significand >> 1);
}

ALWAYS_INLINE double decimal_nearest_inline(uint64_t mantissa, int64_t exponent)
{
	struct u128 product;
	uint64_t significand;
	int zeros, upper, biased, q;

	if (mantissa == 0 || exponent < POWER_SMALLEST)
		return 0.0;
	if (exponent > DECIMAL_POWER_INFINITE)
		return decimal_from_bits((uint64_t)DECIMAL_INFINITE << DECIMAL_BITS);
	q = (int)exponent;
	zeros = bits_leading_zeros(mantissa);
	product = decimal_scaled(mantissa << zeros, q);
	upper = (int)(product.high >> 63);
	/* 54 bits: the significand with its top bit, and one to round by. */
	significand = product.high >> (upper + 64 - DECIMAL_BITS - 3);
	/* 217706 / 2^16 approximates log2(10): floor(q * log2(10)) for every q in the table. */
	biased = ((217706 * q) >> 16) + 63 + upper - zeros + DECIMAL_BIAS;
	if (biased <= 0)
		return decimal_subnormal(significand, 1 - biased);
	if (product.low <= 1 && q >= -4 && q <= 23 && (significand & 3) == 1 &&
	    significand << (upper + 64 - DECIMAL_BITS - 3) == product.high)
		significand &= ~UINT64_C(1); /* halfway, and the even neighbour is below */
	significand += significand & 1;
	significand >>= 1;
	if (significand >= UINT64_C(2) << DECIMAL_BITS) {
		significand = UINT64_C(1) << DECIMAL_BITS;
		biased++;
	}
	if (biased >= DECIMAL_INFINITE)
		return decimal_from_bits((uint64_t)DECIMAL_INFINITE << DECIMAL_BITS);
	significand &= ~(UINT64_C(1) << DECIMAL_BITS);
	return decimal_from_bits(significand | (uint64_t)biased << DECIMAL_BITS);
}

#endif
