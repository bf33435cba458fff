/*
 * The date and time of one cell, as written, before its column's unit and zone are known.
 *
 * What pandas 3.1 makes of a parse_dates column (tests/differential compares with pandas):
 *   unit      Microseconds. Nanoseconds if a cell has more than six decimals of a second, zeros
 *             included; decimals after the ninth are dropped. Seconds if the column has no
 *             value. timestamp_unit() returns the unit that one cell needs.
 *   zone      If no cell has an offset, the column has no zone. If all have the same offset, the
 *             column has that zone: UTC for 0, else "UTC+01:00", which is "+01:00" in Arrow. If
 *             offsets differ or only some cells have one, the column is text.
 *   range     If a cell does not fit int64 in the column's unit, or is INT64_MIN, the column is
 *             text (timestamp_to_unit() returns false).
 *   no date   If one cell is no date, the whole column is text, cells with numbers included.
 *   null      Besides the NA words, NaT, nat, NAT, nan, NaN and NAN (value_is_nat()).
 *
 * Threads: pure functions, any thread.
 */
#ifndef SHMPUB_VALUE_TIMESTAMP_H
#define SHMPUB_VALUE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct timestamp {
	int64_t seconds; /* from 1970-01-01 00:00 to the written date and time, without offset */
	uint32_t nanoseconds; /* of the second, below 10^9 */
	int8_t digits;        /* decimals of the second that were written, 0 to 9 */
	bool has_zone;
	int32_t offset_s; /* of the zone, east of UTC */
	bool is_utc;      /* the zone is written as Z, or as a name of UTC */
};

/*
 * Parses ISO 8601 as pandas reads it, in any of its forms; iso8601.c lists them. In a column all
 * cells have one form: see date_format.h.
 */
bool value_iso8601(struct timestamp *out, struct span text);

/* Returns true for the words that are null in a date column (see above), and for the empty text. */
bool value_is_nat(struct span text);

/* Returns microseconds, or nanoseconds if more than six decimals were written. */
enum shmpub_unit timestamp_unit(const struct timestamp *t);

/* Returns how many of the unit make a second. */
static inline int64_t timestamp_unit_rate(enum shmpub_unit unit)
{
	static const int64_t rates[] = {
		[SHMPUB_SECOND] = 1,
		[SHMPUB_MILLISECOND] = 1000,
		[SHMPUB_MICROSECOND] = 1000000,
		[SHMPUB_NANOSECOND] = 1000000000,
	};

	return rates[unit];
}

/*
 * Converts to a count of `unit` since 1970-01-01, in UTC if a zone was written. False: the count
 * does not fit int64 or is INT64_MIN, or the timestamp has parts smaller than the unit.
 */
bool timestamp_to_unit(int64_t *out, const struct timestamp *t, enum shmpub_unit unit);

#endif
