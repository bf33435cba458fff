/*
 * Collects up to three numbers, and finds out which is the year, which the month and which the
 * day of a date (dateutil's `_ymd`). Internal to this room.
 *
 * Threads: no state but the caller's.
 */
#ifndef SHMPUB_VALUE_YMD_H
#define SHMPUB_VALUE_YMD_H

#include "value/reading.h"

#define YMD_MAX 3

struct ymd {
	int32_t values[YMD_MAX];
	int n;
	int year_at, month_at; /* the index of the year and of the month; READ_UNSET: not known */
	bool has_full_year;    /* the year is not to be completed with a century */
};

#define YMD_NONE ((struct ymd){ .year_at = READ_UNSET, .month_at = READ_UNSET })

/*
 * These add a number. False: there are three numbers already, there is a second year or month,
 * or the token is no number.
 */
bool ymd_add_month(struct ymd *ymd, int32_t month);
bool ymd_add_year(struct ymd *ymd, int32_t year);
/* A number of more than two digits is the year. */
bool ymd_add_token(struct ymd *ymd, struct span token);
/* A number above 100 is the year; `decimals`: it has decimals that are not all zero. */
bool ymd_add_value(struct ymd *ymd, int32_t value, bool decimals);

/* Returns true if the number may be a day of the month, as far as the month is known. */
bool ymd_could_be_day(const struct ymd *ymd, int32_t value, bool decimals);

/*
 * Sets year, month and day of *r; a part that is not known stays READ_UNSET. False: no number was
 * added.
 */
bool ymd_resolve(struct reading *r, const struct ymd *ymd);

#endif
