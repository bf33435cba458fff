/*
 * The proleptic Gregorian calendar: today's rules of leap years, extended to all years.
 *
 * Days are counted as by Hinnant, "chrono-compatible low-level date algorithms": years begin in
 * March, so that the leap day is the last day of a year, and the calendar repeats every 400
 * years.
 *
 * Threads: pure functions, any thread. Nothing is checked: callers pass years far from the
 * bounds of their type, and months and days that exist.
 */
#ifndef SHMPUB_VALUE_CALENDAR_H
#define SHMPUB_VALUE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define SECONDS_PER_DAY 86400

static inline bool calendar_is_leap(int32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static inline int32_t calendar_month_days(int32_t year, int32_t month)
{
	static const int8_t days[] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && calendar_is_leap(year) ? 29 : days[month];
}

/* Returns the days from 1970-01-01 to the date. */
static inline int64_t calendar_days(int32_t year, int32_t month, int32_t day)
{
	int32_t y = month <= 2 ? year - 1 : year;
	int32_t era = (y >= 0 ? y : y - 399) / 400;
	int32_t year_of_era = y - era * 400;
	int32_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return (int64_t)era * 146097 + day_of_era - 719468;
}

/* Sets the date that is `days` days after 1970-01-01. */
static inline void calendar_date(int64_t days, int64_t *year, int32_t *month, int32_t *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int32_t doe = (int32_t)(z - era * 146097);
	int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int32_t shifted = (5 * doy + 2) / 153;

	*day = doy - (153 * shifted + 2) / 5 + 1;
	*month = shifted < 10 ? shifted + 3 : shifted - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

/* Returns the weekday of the date `days` days after 1970-01-01; Monday is 0. */
static inline int32_t calendar_weekday(int64_t days)
{
	int64_t d = (days + 3) % 7;

	return (int32_t)(d < 0 ? d + 7 : d);
}

#endif
