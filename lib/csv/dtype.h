/*
 * The words of the option `dtype`.
 *
 * Threads: no state.
 */
#ifndef SHMPUB_CSV_DTYPE_H
#define SHMPUB_CSV_DTYPE_H

#include "csv/options.h"

/* The names, as a message lists them. */
#define CSV_DTYPES "int64, float64, bool, str, category or timestamp"

/* Returns the dtype's name, which the option takes; "any type" for CSV_DTYPE_AUTO. */
const char *csv_dtype_name(enum csv_dtype dtype);
/* Returns false, and leaves *out, if no dtype has this word. */
bool csv_dtype_parse(enum csv_dtype *out, struct span word);

#endif
