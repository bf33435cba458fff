#include "types/numeric.h"

/*
 * pandas' maybe_convert_numeric (pandas/_libs/lib.pyx). A number above int64 fits one type with
 * neither a negative one nor NA: then all stays text. Else NA or a fraction makes floats of all,
 * and integers that no type holds are Python's.
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
