#include "value/format.h"
#include "value/power_table.h"
#include "value/scan.h"
#include "base/u128.h"
#include <assert.h>

/*
 * Finds the shortest decimal that reads back as the same double; if there are several, the one
 * nearest to the double.
 *
 * The method is that of Giulietti, "The Schubfach way to render doubles" (2021). The decimals
 * that round to the double form an interval. There is a power of ten 10^k such that one or two
 * multiples of 10^k, and at most one multiple of 10^(k+1), lie in it. The double and the ends of
 * the interval are multiplied by 4, so that they are integers, and scaled by 10^-k with one
 * 128-bit product each. The products are rounded to odd, which keeps every comparison right.
 */

#define FRACTION_BITS 52
#define EXPONENT_BIAS 1075 /* of the significand as an integer */

struct shortest {
	uint64_t digits;
	int32_t exponent;
};

static inline int32_t floor_log10_pow2(int32_t e)
{
	return (e * 1262611) >> 22;
}

static inline int32_t floor_log10_three_quarters_pow2(int32_t e)
{
	return (e * 1262611 - 524031) >> 22;
}

static inline int32_t floor_log2_pow10(int32_t e)
{
	return (e * 1741647) >> 19;
}

/*
 * Returns the smallest 128-bit number that is not below the scaled 10^k. The numbers in the table
 * are cut off, not rounded up, where 5^k has more than 128 bits.
 */
static struct u128 power_above(int32_t k)
{
	const uint64_t *power = power_of_five[k - POWER_SMALLEST];
	struct u128 p = { power[0], power[1] };

	if (k > 55) { /* 5^55 is the last one that 128 bits hold */
		p.low++;
		p.high += p.low == 0;
	}
	return p;
}

/*
 * Returns the upper 64 bits of power * n, rounded to odd: the lowest bit is set if the product is
 * not a whole number. A 1 below them only comes from power_above(), which rounds up.
 */
static uint64_t round_to_odd(struct u128 power, uint64_t n)
{
	struct u128 low = u128_multiply(power.low, n);
	struct u128 high = u128_multiply(power.high, n);

	high.low += low.high;
	high.high += high.low < low.high;
	return high.high | (high.low > 1);
}

static struct shortest shorten(uint64_t significand, int32_t exponent, bool is_lower_closer)
{
	const bool even = (significand & 1) == 0;
	const uint64_t middle = 4 * significand;
	const int32_t k = is_lower_closer ? floor_log10_three_quarters_pow2(exponent)
	                                  : floor_log10_pow2(exponent);
	const int32_t shift = exponent + floor_log2_pow10(-k) + 1;
	const struct u128 power = power_above(-k);
	const uint64_t v = round_to_odd(power, middle << shift);
	/* The ends of the interval belong to it if the significand is even. */
	const uint64_t low = round_to_odd(power, (middle - (is_lower_closer ? 1 : 2)) << shift) +
	                     !even;
	const uint64_t high = round_to_odd(power, (middle + 2) << shift) - !even;
	const uint64_t s = v / 4;

	assert(shift >= 1 && shift <= 4);
	if (s >= 10) {
		const uint64_t tens = s / 10;
		const bool below = low <= 40 * tens;
		const bool above = 40 * tens + 40 <= high;

		if (below != above)
			return (struct shortest){ tens + above, k + 1 };
	}
	const bool below = low <= 4 * s;
	const bool above = 4 * s + 4 <= high;

	if (below != above)
		return (struct shortest){ s + above, k };
	/* Both neighbours lie in the interval, or neither: take the nearer one, ties to even. */
	if (v > 4 * s + 2 || (v == 4 * s + 2 && (s & 1)))
		return (struct shortest){ s + 1, k };
	return (struct shortest){ s, k };
}

static char *put(char *out, const char *text, size_t size)
{
	memcpy(out, text, size);
	return out + size;
}

static char *zeros(char *out, int32_t n)
{
	memset(out, '0', (size_t)n);
	return out + n;
}

/*
 * Writes digits with the decimal point after `point` of them, as Python does: without an
 * exponent from 1e-4 to below 1e16, and else with one of at least two digits.
 */
static char *write_decimal(char *out, const char *digits, int32_t n, int32_t point)
{
	int32_t exponent = point - 1;

	if (point > 0 && point <= 16 && point >= n)
		return put(zeros(put(out, digits, (size_t)n), point - n), ".0", 2);
	if (point > 0 && point <= 16) {
		out = put(out, digits, (size_t)point);
		*out++ = '.';
		return put(out, digits + point, (size_t)(n - point));
	}
	if (point <= 0 && point > -4)
		return put(zeros(put(out, "0.", 2), -point), digits, (size_t)n);
	*out++ = digits[0];
	if (n > 1) {
		*out++ = '.';
		out = put(out, digits + 1, (size_t)(n - 1));
	}
	*out++ = 'e';
	*out++ = exponent < 0 ? '-' : '+';
	exponent = exponent < 0 ? -exponent : exponent;
	if (exponent < 10)
		*out++ = '0';
	return out + format_int64(out, exponent);
}

size_t format_float64(char *out, double value)
{
	char digits[20];
	struct shortest shortest;
	uint64_t bits, fraction;
	int32_t exponent, n;
	char *p = out;

	memcpy(&bits, &value, sizeof(bits));
	fraction = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
	exponent = (int32_t)(bits >> FRACTION_BITS) & 2047;
	if (exponent == 2047 && fraction)
		return (size_t)(put(p, "nan", 3) - out);
	if (bits >> 63)
		*p++ = '-';
	if (exponent == 2047)
		return (size_t)(put(p, "inf", 3) - out);
	if (exponent == 0 && fraction == 0)
		return (size_t)(put(p, "0.0", 3) - out);
	if (exponent == 0)
		shortest = shorten(fraction, 1 - EXPONENT_BIAS, false);
	else
		shortest = shorten(fraction | UINT64_C(1) << FRACTION_BITS,
		                   exponent - EXPONENT_BIAS, fraction == 0 && exponent > 1);
	while (shortest.digits % 10 == 0) {
		shortest.digits /= 10;
		shortest.exponent++;
	}
	n = (int32_t)format_uint64(digits, shortest.digits);
	return (size_t)(write_decimal(p, digits, n, n + shortest.exponent) - out);
}
