/*
 * decimal_nearest() as an inline function, for the loops over many cells. Internal to this
 * room; pure, any thread.
 */
#ifndef SHMPUB_VALUE_DECIMAL_INLINE_H
#define SHMPUB_VALUE_DECIMAL_INLINE_H

#include "value/decimal.h"
#include "value/power_table.h"
#include "base/compiler.h"
#include "base/u128.h"

/*
 * The double nearest to w * 10^q, where w is a 64-bit integer.
 *
 * The method is that of Lemire, "Number parsing at a gigabyte per second" (Software: Practice
 * and Experience 51, 2021). w is shifted left until its top bit is set, and multiplied by a
 * 128-bit approximation of 5^q. The upper bits of the product are the significand of the
 * result. Mushtak and Lemire, "Fast number parsing without fallback" (2023), show that the
 * approximation suffices for every 64-bit w, so no slower method is needed in doubtful cases. A
 * product exactly halfway between two doubles is possible only where 5^q (or 5^-q) fits 64
 * bits, which means q in [-4, 23]; it is rounded to even.
 */

#define DECIMAL_BITS 52
#define DECIMAL_BIAS 1023
#define DECIMAL_INFINITE 2047
#define DECIMAL_POWER_INFINITE 308 /* with a larger exponent even the mantissa 1 is infinite */

static inline double decimal_from_bits(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* Returns the upper 128 bits of w * 5^q, exact in all bits that rounding depends on. */
static inline struct u128 decimal_scaled(uint64_t w, int q)
{
	const uint64_t *power = power_of_five[q - POWER_SMALLEST];
	struct u128 product = u128_multiply(w, power[0]);

	/* The lower half of the power can change the significand only if these bits are all set. */
	if ((product.high & 0x1ff) == 0x1ff) {
		struct u128 more = u128_multiply(w, power[1]);

		product.low += more.high;
		product.high += product.low < more.high;
	}
	return product;
}

/* Subnormal numbers have fewer bits than others, and are rounded at the last one they have. */
static inline double decimal_subnormal(uint64_t significand, int shift)
{
	if (shift >= 64)
		return 0.0;
	significand >>= shift;
	significand += significand & 1; /* never exactly halfway: 5^q has too many bits here */
	/* If rounding reaches 2^52, the bits are those of the smallest normal number. */
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
	/* 54 bits: the 53 bits of the significand, and one more that decides how to round. */
	significand = product.high >> (upper + 64 - DECIMAL_BITS - 3);
	/* 217706 / 2^16 approximates log2(10); the result is floor(q * log2(10)) for all q used. */
	biased = ((217706 * q) >> 16) + 63 + upper - zeros + DECIMAL_BIAS;
	if (biased <= 0)
		return decimal_subnormal(significand, 1 - biased);
	if (product.low <= 1 && q >= -4 && q <= 23 && (significand & 3) == 1 &&
	    significand << (upper + 64 - DECIMAL_BITS - 3) == product.high)
		significand &= ~UINT64_C(1); /* exactly halfway: the even neighbour is below */
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
