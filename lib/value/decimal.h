/*
 * A decimal number to the nearest double. Internal to this room.
 *
 * Pure functions. decimal_nearest answers for all numbers of up to 19 digits; decimal_exact for
 * any, from the digits themselves, with integers of bounded size on the stack.
 */
#ifndef SHMPUB_VALUE_DECIMAL_H
#define SHMPUB_VALUE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

/* mantissa * 10^exponent; any mantissa is exact, exponents are those of one decimal text. */
double decimal_nearest(uint64_t mantissa, int64_t exponent);

/*
 * digits (no sign; at most one byte that is no digit, and that is passed over, so that
 * the text of a number can be given as it is) times 10^exponent, exponent being that of
 * the last digit.
 */
double decimal_exact(struct span digits, int64_t exponent);

#endif
