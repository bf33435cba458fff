/*
 * The element types of an array segment, under numpy's names.
 *
 * Threads: no state, only constant tables.
 */
#ifndef SHMPUBD_ARRAY_DTYPE_H
#define SHMPUBD_ARRAY_DTYPE_H

#include <stddef.h>
#include "base/span.h"

enum array_dtype {
	ARRAY_NONE = 0,
	ARRAY_INT8,
	ARRAY_INT16,
	ARRAY_INT32,
	ARRAY_INT64,
	ARRAY_UINT8,
	ARRAY_UINT16,
	ARRAY_UINT32,
	ARRAY_UINT64,
	ARRAY_FLOAT32,
	ARRAY_FLOAT64,
};

/* Returns ARRAY_NONE for an unknown name. */
enum array_dtype array_dtype_parse(struct span name);
const char *array_dtype_name(enum array_dtype dtype);
size_t array_dtype_size(enum array_dtype dtype);

#endif
