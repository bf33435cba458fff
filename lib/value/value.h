/*
 * One cell's text to one value: the rules of pandas' C parser, byte for byte.
 *
 * Pure functions over (pointer, size): no allocation, no state, no NUL needed;
 * never read outside the span. False: the text is not such a value.
 */
#ifndef SHMPUB_VALUE_VALUE_H
#define SHMPUB_VALUE_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

enum int_answer {
	INT_NONE,    /* not an integer */
	INT_SIGNED,  /* fits int64 */
	INT_UNSIGNED,/* above INT64_MAX, fits uint64 */
	INT_BEYOND,  /* an integer that fits neither */
};

/* As pandas' str_to_int64/uint64: surrounding blanks, one sign, digits; value in *out (uint64 bits when INT_UNSIGNED). */
enum int_answer value_int(int64_t *out, struct span text);
/* Correctly rounded; surrounding blanks, sign, inf/infinity/nan spellings as pandas takes them. */
bool value_float(double *out, struct span text);
/* pandas' true and false words. */
bool value_bool(bool *out, struct span text);
/* pandas' default NA words, the empty field included. */
bool value_is_na(struct span text);

struct timestamp { /* a moment as written, before a unit is chosen */
	int64_t seconds;     /* since 1970-01-01, in local time of the zone written */
	uint32_t nanoseconds;
	int8_t digits;       /* decimals of a second that were written, 0 to 9 */
	bool has_zone;
	int32_t offset_s;    /* east of UTC */
	bool is_utc;         /* written as Z */
};

/* ISO 8601 as pandas' parse_dates takes it by inference. */
bool value_iso8601(struct timestamp *out, struct span text);
/* By a strptime format (date_format); the directives pandas knows. */
bool value_strptime(struct timestamp *out, struct span text, struct span format);
/* To a count of `unit`, UTC when a zone was written; false: outside int64 or finer than the unit holds. */
bool timestamp_to_unit(int64_t *out, const struct timestamp *t, enum shmpub_unit unit);

#endif
