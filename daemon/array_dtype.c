#include "array_dtype.h"

/* Types of fixed width only: the size of `int` or `long` differs between systems. */
static const struct {
	const char *name;
	size_t size;
} dtypes[] = {
	[ARRAY_NONE] = { "", 0 },           [ARRAY_INT8] = { "int8", 1 },
	[ARRAY_INT16] = { "int16", 2 },     [ARRAY_INT32] = { "int32", 4 },
	[ARRAY_INT64] = { "int64", 8 },     [ARRAY_UINT8] = { "uint8", 1 },
	[ARRAY_UINT16] = { "uint16", 2 },   [ARRAY_UINT32] = { "uint32", 4 },
	[ARRAY_UINT64] = { "uint64", 8 },   [ARRAY_FLOAT32] = { "float32", 4 },
	[ARRAY_FLOAT64] = { "float64", 8 },
};

enum array_dtype array_dtype_parse(struct span name)
{
	for (size_t i = 1; i < ARRAY_LEN(dtypes); i++) {
		if (span_is(name, dtypes[i].name))
			return (enum array_dtype)i;
	}
	return ARRAY_NONE;
}

const char *array_dtype_name(enum array_dtype dtype)
{
	return dtypes[dtype].name;
}

size_t array_dtype_size(enum array_dtype dtype)
{
	return dtypes[dtype].size;
}
