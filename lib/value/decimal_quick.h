/*
 * The nearest double to a number with a decimal point, for the usual case. Internal to this room.
 */
#ifndef SHMPUB_VALUE_DECIMAL_QUICK_H
#define SHMPUB_VALUE_DECIMAL_QUICK_H

#include "value/decimal_inline.h"

#define DECIMAL_QUICK_MAX 31

/* Of 10^-n: power_of_five[-n - POWER_SMALLEST][0], and floor(log2(10^-n)) + 2. */
static const struct {
	uint64_t power;
	int64_t exponent;
} decimal_quick_powers[DECIMAL_QUICK_MAX + 1] = {
	{ UINT64_C(0x8000000000000000), 2 },   { UINT64_C(0xcccccccccccccccc), -2 },
	{ UINT64_C(0xa3d70a3d70a3d70a), -5 },  { UINT64_C(0x83126e978d4fdf3b), -8 },
	{ UINT64_C(0xd1b71758e219652b), -12 }, { UINT64_C(0xa7c5ac471b478423), -15 },
	{ UINT64_C(0x8637bd05af6c69b5), -18 }, { UINT64_C(0xd6bf94d5e57a42bc), -22 },
	{ UINT64_C(0xabcc77118461cefc), -25 }, { UINT64_C(0x89705f4136b4a597), -28 },
	{ UINT64_C(0xdbe6fecebdedd5be), -32 }, { UINT64_C(0xafebff0bcb24aafe), -35 },
	{ UINT64_C(0x8cbccc096f5088cb), -38 }, { UINT64_C(0xe12e13424bb40e13), -42 },
	{ UINT64_C(0xb424dc35095cd80f), -45 }, { UINT64_C(0x901d7cf73ab0acd9), -48 },
	{ UINT64_C(0xe69594bec44de15b), -52 }, { UINT64_C(0xb877aa3236a4b449), -55 },
	{ UINT64_C(0x9392ee8e921d5d07), -58 }, { UINT64_C(0xec1e4a7db69561a5), -62 },
	{ UINT64_C(0xbce5086492111aea), -65 }, { UINT64_C(0x971da05074da7bee), -68 },
	{ UINT64_C(0xf1c90080baf72cb1), -72 }, { UINT64_C(0xc16d9a0095928a27), -75 },
	{ UINT64_C(0x9abe14cd44753b52), -78 }, { UINT64_C(0xf79687aed3eec551), -82 },
	{ UINT64_C(0xc612062576589dda), -85 }, { UINT64_C(0x9e74d1b791e07e48), -88 },
	{ UINT64_C(0xfd87b5f28300ca0d), -92 }, { UINT64_C(0xcad2f7f5359a3b3e), -95 },
	{ UINT64_C(0xa2425ff75e14fc31), -98 }, { UINT64_C(0x81ceb32c4b43fcf4), -101 },
};

/*
 * The bits of the nearest double to mantissa * 10^-n_decimals, n_decimals from 1 to
 * DECIMAL_QUICK_MAX. False in one case of 512, and for 0: then decimal_nearest() is to be asked.
 *
 * As decimal_nearest(), with the rounding left to the processor. The 64-bit power is below the true
 * one by less than 1, so the product is too small by less than 2^64. Where the lowest nine bits
 * of the product's upper half are not all ones, no bit above them can change. The true product is
 * not an integral multiple of 2^64 then: it lies above its known bits, which the lowest bit says
 * in place of all bits that are cut off. A number halfway between two doubles is approached from
 * below, so that its product ends in nine ones and is not for here.
 *
 * The result is between 10^-31 and 2^64, so that its exponent needs no check.
 */
ALWAYS_INLINE bool decimal_quick(uint64_t *bits, uint64_t mantissa, uint32_t n_decimals)
{
	uint64_t high, zeros;
	double v;

	if (mantissa == 0)
		return false;
	zeros = (uint64_t)bits_leading_zeros(mantissa);
	high = u128_multiply(mantissa << zeros, decimal_quick_powers[n_decimals].power).high;
	if (((high + 1) & 0x1ff) == 0)
		return false;
	v = (double)(int64_t)(high >> 1 | 1);
	memcpy(bits, &v, sizeof(v));
	*bits += ((uint64_t)decimal_quick_powers[n_decimals].exponent - zeros) << DECIMAL_BITS;
	return true;
}

#endif
