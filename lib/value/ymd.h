/*
 * Up to three numbers that are the year, month and day of a date, in an order to be found
 * (dateutil's `_ymd`). Internal to this room.
 */
#ifndef SHMPUB_VALUE_YMD_H
#define SHMPUB_VALUE_YMD_H

#include "value/reading.h"

#define YMD_MAX 3

struct ymd {
	int32_t values[YMD_MAX];
	int n;
	int year_at, month_at; /* indexes of what is known, or READ_UNSET */
	bool century;          /* a year was written in full */
};

#define YMD_NONE ((struct ymd){ .year_at = READ_UNSET, .month_at = READ_UNSET })

/* False: a fourth one, or a second of that label, or no number. */
bool ymd_add_month(struct ymd *ymd, int32_t month);
bool ymd_add_year(struct ymd *ymd, int32_t year);
bool ymd_add_token(struct ymd *ymd, struct span token); /* more than two digits: a year */
bool ymd_add_value(struct ymd *ymd, int32_t value, bool decimals); /* above 100: a year */
bool ymd_could_be_day(const struct ymd *ymd, int32_t value, bool decimals);

/* Sets year, month and day of *r; what is not there stays READ_UNSET. False: nothing is. */
bool ymd_resolve(struct reading *r, const struct ymd *ymd);

#endif
