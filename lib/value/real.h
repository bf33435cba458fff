/*
 * Converts a decimal number whose digits fit 64 bits to the nearest double. Internal to this
 * room; pure, any thread.
 */
#ifndef SHMPUB_VALUE_REAL_H
#define SHMPUB_VALUE_REAL_H

#include "value/decimal_inline.h"

#define REAL_POWER_MAX 22

/* 10^0 to 10^22, the powers of ten that a double holds exactly. */
extern const double real_powers[REAL_POWER_MAX + 1];

/*
 * Returns the double nearest to mantissa * 10^exponent. If the mantissa is at most 2^53 and the
 * power of ten at most 10^22, doubles hold both exactly; then one multiplication or division,
 * which rounds once, gives the right result (Clinger 1990). Other numbers take longer.
 */
ALWAYS_INLINE double real_from_inline(uint64_t mantissa, int64_t exponent)
{
	if (mantissa <= UINT64_C(1) << 53) {
		if (exponent >= -REAL_POWER_MAX && exponent <= 0)
			return (double)(int64_t)mantissa / real_powers[-exponent];
		if (exponent > 0 && exponent <= REAL_POWER_MAX)
			return (double)(int64_t)mantissa * real_powers[exponent];
	}
	return decimal_nearest_inline(mantissa, exponent);
}

/* As real_from_inline(), where the compiler may decide whether to inline. */
static inline double real_from(uint64_t mantissa, int64_t exponent)
{
	return real_from_inline(mantissa, exponent);
}

#endif
