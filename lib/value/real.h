/* A decimal of at most 64 bits to the nearest double, cheapest way first. Internal to this room. */
#ifndef SHMPUB_VALUE_REAL_H
#define SHMPUB_VALUE_REAL_H

#include "value/decimal_inline.h"

#define REAL_POWER_MAX 22

/* The powers of ten that are doubles exactly. */
extern const double real_powers[REAL_POWER_MAX + 1];

/*
 * Up to 2^53 and a power of ten up to 10^22 are doubles exactly, so that one
 * multiplication or division rounds once, as it should (Clinger 1990).
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

static inline double real_from(uint64_t mantissa, int64_t exponent)
{
	return real_from_inline(mantissa, exponent);
}

#endif
