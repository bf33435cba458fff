#include "value/decimal.h"
#include "value/decimal_inline.h"

/* The one copy for those who are not in a hurry; the essay is in decimal_inline.h. */

double decimal_nearest(uint64_t mantissa, int64_t exponent)
{
	return decimal_nearest_inline(mantissa, exponent);
}
