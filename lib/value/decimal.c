#include "value/decimal.h"
#include "value/decimal_inline.h"

/* A copy of the function that is not inlined; decimal_inline.h describes the method. */

double decimal_nearest(uint64_t mantissa, int64_t exponent)
{
	return decimal_nearest_inline(mantissa, exponent);
}
