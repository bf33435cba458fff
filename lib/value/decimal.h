/*
 * Converts a decimal number to the nearest double, ties to even. Internal to this room.
 *
 * decimal_nearest() takes numbers of up to 19 digits. decimal_exact() takes numbers of any
 * length; it computes with large integers, of bounded size, on the stack.
 *
 * Threads: pure functions, any thread.
 */
#ifndef SHMPUB_VALUE_DECIMAL_H
#define SHMPUB_VALUE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

/* Returns the double nearest to mantissa * 10^exponent. */
double decimal_nearest(uint64_t mantissa, int64_t exponent);

/*
 * Returns the double nearest to `digits` times 10^exponent. `digits` has no sign; bytes that are
 * no digits are ignored, so that the text of a number may be passed with its decimal point.
 */
double decimal_exact(struct span digits, int64_t exponent);

#endif
