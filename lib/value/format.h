/*
 * Writes values as text, in the form of pandas' to_csv(), so that pandas reads the same values
 * back.
 *
 * `out` has room for FORMAT_MAX bytes; no NUL is written. The functions that write return the
 * size of the text.
 *
 * Threads: pure functions, any thread.
 */
#ifndef SHMPUB_VALUE_FORMAT_H
#define SHMPUB_VALUE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "shmpub/shmpub.h"

#define FORMAT_MAX 64

size_t format_bool(char *out, bool value); /* True, False */
size_t format_int64(char *out, int64_t value);
size_t format_uint64(char *out, uint64_t value);

/* Writes as Python's repr(): the fewest digits that read back the same; inf, -inf, nan. */
size_t format_float64(char *out, double value);

/*
 * Returns how many decimals of a second a timestamp needs: 0, 3, 6 or 9, or FORMAT_DATE for
 * midnight, which needs no time of day. With nanoseconds the result is always 9, because pandas
 * takes the unit from the number of decimals. All cells of a column are to have one form, so
 * the column needs the largest result of its values.
 */
#define FORMAT_DATE (-1)
int format_decimals(int64_t value, enum shmpub_unit unit);

/*
 * Writes "2024-03-01" or "2024-03-01 09:30:00.123", with a zone "2024-03-01 09:30:00+01:00".
 * `decimals` is a result of format_decimals(); with a zone FORMAT_DATE means 0. `timezone` is
 * that of a schema: NULL, "UTC" or "+01:00"; with any other name the time is written in UTC.
 * `value` must not be INT64_MIN, which stands for null.
 */
size_t format_timestamp(char *out, int64_t value, enum shmpub_unit unit, int decimals,
                        const char *timezone);

#endif
