#include "types/numeric.h"

/*
 * Decides as pandas' maybe_convert_numeric does (pandas/_libs/lib.pyx). An integer above int64
 * shares no type with a negative integer or with NA: such a column stays text. Otherwise NA or a
 * fraction makes the column floats, and an integer beyond 64 bits makes it Python integers.
 */

struct verdict numeric_verdict(const struct numeric *n, bool has_null)
{
	if (n->has_unsigned && (has_null || n->has_negative))
		return verdict_of(READ_TEXT, SHMPUB_TEXT);
	if (n->has_float || has_null)
		return verdict_of(READ_FLOAT, SHMPUB_FLOAT64);
	if (n->has_beyond)
		return (struct verdict){ .reading = READ_LONG,
			                 .type = SHMPUB_TEXT,
			                 .kind = SHMPUB_KIND_INT };
	return n->has_unsigned ? verdict_of(READ_UINT, SHMPUB_UINT64)
	                       : verdict_of(READ_INT, SHMPUB_INT64);
}
