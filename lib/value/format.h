/*
 * Values back to text, as pandas' to_csv writes them, so that pandas reads the same again.
 *
 * Pure functions; no NUL is written. They return the size, at most FORMAT_MAX.
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

/* Python's repr: the shortest digits that read back the same; inf, -inf, nan. */
size_t format_float64(char *out, double value);

/*
 * How much a column of timestamps must show, so that all its cells have one form: the
 * greatest over its values. FORMAT_DATE: all at midnight; else decimals of a second, 0,
 * 3, 6 or 9. Nanoseconds are always 9, since pandas takes the unit from them.
 */
#define FORMAT_DATE (-1)
int format_decimals(int64_t value, enum shmpub_unit unit);

/*
 * "2024-03-01", "2024-03-01 09:30:00.123"; with a zone "2024-03-01 09:30:00+01:00".
 * `timezone` as in a schema: NULL, "UTC", "+01:00"; with another name the moment is
 * written in UTC. With a zone FORMAT_DATE counts as 0. INT64_MIN is the caller's to skip.
 */
size_t format_timestamp(char *out, int64_t value, enum shmpub_unit unit, int decimals,
                        const char *timezone);

#endif
