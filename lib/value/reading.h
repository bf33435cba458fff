/*
 * A date as a person writes it: tokens, and what each of them seems to mean.
 * Internal to this room. Pure; a few tokens are held at a time, whatever the text.
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
	int32_t year, month, day;     /* READ_UNSET: not written */
	int32_t weekday;              /* Monday is 0 */
	int32_t hour, minute, second; /* of 24 */
	int32_t microsecond;
	bool has_zone;
	int32_t offset_s;
	struct span zone_name; /* as it is written, "UTC" for 0; or empty */
};

/*
 * The rules are dateutil's (month first unless it cannot be one, two-digit years within
 * fifty years of `this_year`), for texts that name a year, month or day at least. False
 * also for what pandas refuses of dateutil's results: a weekday without a day, a zone by
 * a name that says nothing, an offset of a day or more.
 */
bool reading_parse(struct reading *out, struct span text, int32_t this_year);

/* What was not written becomes that of the year 1's first moment; false: no such date. */
bool reading_complete(struct reading *r);

/* By the clock. */
int32_t reading_this_year(void);

/* A text to its moment by these rules, as pandas does cell by cell; microseconds at best. */
bool reading_moment(struct timestamp *out, struct span text, int32_t this_year);

#endif
