/*
 * Parses dates as people write them ("Mar 1, 2024 9:30 PM"), by the rules of dateutil and pandas.
 * Internal to this room.
 *
 * Threads: pure functions, any thread, except reading_this_year(), which asks the clock. Only a
 * few tokens are kept at a time, however long the text is.
 */
#ifndef SHMPUB_VALUE_READING_H
#define SHMPUB_VALUE_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "value/timestamp.h"

#define READ_UNSET (-1)

struct reading {
	/* Each of these is READ_UNSET if it was not written. */
	int32_t year, month, day;
	int32_t weekday;              /* Monday is 0 */
	int32_t hour, minute, second; /* the hour is one of 24 */
	int32_t microsecond;
	bool has_zone;
	int32_t offset_s;      /* east of UTC */
	struct span zone_name; /* as written, but "UTC" if the offset is 0; may be empty */
};

/*
 * Parses text by the rules of dateutil: the month comes before the day unless its number is too
 * large, and a year of two digits is the one within fifty years of `this_year`. False: the text
 * is no date, names none of year, month and day, or pandas refuses what dateutil makes of it: a
 * weekday without a day, a zone's name without an offset (other than a name of UTC), an offset of
 * a day or more.
 */
bool reading_parse(struct reading *out, struct span text, int32_t this_year);

/*
 * Sets the parts that were not written to those of 0001-01-01 00:00, and the weekday. False: the
 * date or the time does not exist.
 */
bool reading_complete(struct reading *r);

/* Returns the year of the clock, in UTC. */
int32_t reading_this_year(void);

/*
 * Parses text as pandas does for a column without a format: some short forms of pandas' own, then
 * dateutil's rules. False: the text is no date.
 */
bool reading_moment(struct timestamp *out, struct span text, int32_t this_year);

#endif
