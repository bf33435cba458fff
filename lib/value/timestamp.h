/*
 * A moment as a cell spells it, before its column has a unit and a zone.
 *
 * What pandas 3.1 makes of a parse_dates column (tests/differential asks it):
 *   unit      microseconds; nanoseconds when one cell has more than six decimals of a
 *             second, zeros counted, decimals after the ninth dropped; seconds when
 *             there is no value at all. timestamp_unit() is what one cell asks for.
 *   zone      all cells naive: naive. All with one and the same offset: that zone (UTC
 *             for 0, else "UTC+01:00"; "+01:00" in Arrow). Anything mixed: text.
 *   range     a cell outside its column's unit (timestamp_to_unit says so), or equal to
 *             INT64_MIN in it: text.
 *   one cell that is no date: the whole column is text, numbers included.
 *   NaT, nat, NAT, nan, NaN, NAN: null as well in date columns (value_is_nat).
 */
#ifndef SHMPUB_VALUE_TIMESTAMP_H
#define SHMPUB_VALUE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct timestamp {
	int64_t seconds;      /* since 1970-01-01, in local time of the zone written */
	uint32_t nanoseconds; /* below 10^9 */
	int8_t digits;        /* decimals of a second that were written, 0 to 9 */
	bool has_zone;
	int32_t offset_s; /* east of UTC */
	bool is_utc;      /* written as Z, or as a name of UTC */
};

/* ISO 8601 as pandas reads it: every form at once; see date_format.h for one form per column. */
bool value_iso8601(struct timestamp *out, struct span text);

/* Null in a date column although no NA word; the empty text too. */
bool value_is_nat(struct span text);

/* Microseconds, or nanoseconds when more than six decimals were written. */
enum shmpub_unit timestamp_unit(const struct timestamp *t);

/* To a count of `unit`, UTC when a zone was written; false: outside int64 or finer than the unit holds. */
bool timestamp_to_unit(int64_t *out, const struct timestamp *t, enum shmpub_unit unit);

#endif
