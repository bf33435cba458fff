#include "columns/column_type.h"

#include <stddef.h>
#include "base/span.h"

/*
 * null_bits: pandas takes the values of a column without a mask, so a null must look like a
 * missing value there: NaN among floats and NaT, the smallest int64, among timestamps.
 * Integers have no such value, and 0 stands for a null.
 */

enum {
	ARROW_ID_NULL = 1,
	ARROW_ID_INT = 2,
	ARROW_ID_FLOATING_POINT = 3,
	ARROW_ID_BOOL = 6,
	ARROW_ID_TIMESTAMP = 10,
	ARROW_ID_LARGE_UTF8 = 20,
};
#define ARROW_PRECISION_DOUBLE 2

#define NAN_BITS UINT64_C(0x7FF8000000000000)
#define NAT_BITS UINT64_C(0x8000000000000000)

static const struct column_type types[] = {
	[SHMPUB_NULL] = { .name = "object",
	                  .pandas_name = "empty",
	                  .form = FORM_NONE,
	                  .arrow_id = ARROW_ID_NULL },
	[SHMPUB_BOOL] = { .name = "bool",
	                  .pandas_name = "bool",
	                  .form = FORM_BITS,
	                  .kind = SHMPUB_KIND_BOOL,
	                  .arrow_id = ARROW_ID_BOOL },
	[SHMPUB_INT64] = { .name = "int64",
	                   .pandas_name = "int64",
	                   .form = FORM_VALUES,
	                   .value_size = 8,
	                   .is_number = true,
	                   .arrow_id = ARROW_ID_INT,
	                   .arrow_parameters = ARROW_INT,
	                   .arrow_value = true },
	[SHMPUB_UINT64] = { .name = "uint64",
	                    .pandas_name = "uint64",
	                    .form = FORM_VALUES,
	                    .value_size = 8,
	                    .is_number = true,
	                    .arrow_id = ARROW_ID_INT,
	                    .arrow_parameters = ARROW_INT,
	                    .arrow_value = false },
	[SHMPUB_FLOAT64] = { .name = "float64",
	                     .pandas_name = "float64",
	                     .form = FORM_VALUES,
	                     .value_size = 8,
	                     .is_number = true,
	                     .null_bits = NAN_BITS,
	                     .arrow_id = ARROW_ID_FLOATING_POINT,
	                     .arrow_parameters = ARROW_ENUM,
	                     .arrow_value = ARROW_PRECISION_DOUBLE },
	[SHMPUB_TIMESTAMP] = { .name = "datetime64",
	                       .pandas_name = "datetime",
	                       .form = FORM_VALUES,
	                       .value_size = 8,
	                       .has_unit = true,
	                       .null_bits = NAT_BITS,
	                       .arrow_id = ARROW_ID_TIMESTAMP,
	                       .arrow_parameters = ARROW_TIMESTAMP },
	[SHMPUB_TEXT] = { .name = "str",
	                  .pandas_name = "unicode",
	                  .form = FORM_TEXT,
	                  .kind = SHMPUB_KIND_INT,
	                  .arrow_id = ARROW_ID_LARGE_UTF8 },
};

const struct column_type *column_type(enum shmpub_type type)
{
	return (size_t)type < ARRAY_LEN(types) ? &types[type] : NULL;
}

enum column_form form_of_type(enum shmpub_type type)
{
	const struct column_type *row = column_type(type);

	return row != NULL ? row->form : FORM_NONE;
}

const char *unit_name(enum shmpub_unit unit)
{
	static const char *const names[] = {
		[SHMPUB_SECOND] = "s",
		[SHMPUB_MILLISECOND] = "ms",
		[SHMPUB_MICROSECOND] = "us",
		[SHMPUB_NANOSECOND] = "ns",
	};

	return names[unit];
}

const char *kind_name(enum shmpub_kind kind)
{
	return kind == SHMPUB_KIND_INT ? "int" : kind == SHMPUB_KIND_BOOL ? "bool" : NULL;
}
