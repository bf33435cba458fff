#include "value/format.h"
#include "value/calendar.h"
#include "value/scan.h"
#include "value/timestamp.h"

/*
 * Integers, booleans and timestamps as text; floats are in format_float.c.
 */

static size_t write_bytes(char *out, const char *text, size_t size)
{
	memcpy(out, text, size);
	return size;
}

size_t format_bool(char *out, bool value)
{
	return value ? write_bytes(out, "True", 4) : write_bytes(out, "False", 5);
}

size_t format_uint64(char *out, uint64_t value)
{
	char text[20];
	size_t at = sizeof(text);

	for (; value >= 10; value /= 10)
		text[--at] = (char)('0' + value % 10);
	text[--at] = (char)('0' + value);
	return write_bytes(out, text + at, sizeof(text) - at);
}

size_t format_int64(char *out, int64_t value)
{
	if (value >= 0)
		return format_uint64(out, (uint64_t)value);
	*out = '-';
	return 1 + format_uint64(out + 1, 0 - (uint64_t)value);
}

/* Writes exactly `size` digits and returns the byte after them, as do the functions below. */
static char *write_digits(char *out, uint64_t value, size_t size)
{
	for (size_t i = size; i > 0; i--) {
		out[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return out + size;
}

static const int unit_decimals[] = {
	[SHMPUB_SECOND] = 0,
	[SHMPUB_MILLISECOND] = 3,
	[SHMPUB_MICROSECOND] = 6,
	[SHMPUB_NANOSECOND] = 9,
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Returns the remainder of floor_div(), which is never negative. */
static int64_t floor_mod(int64_t a, int64_t b)
{
	return a % b < 0 ? a % b + b : a % b;
}

int format_decimals(int64_t value, enum shmpub_unit unit)
{
	int64_t rate = timestamp_unit_rate(unit);
	int64_t fraction = floor_mod(value, rate);
	int decimals = unit_decimals[unit];

	if (unit == SHMPUB_NANOSECOND)
		return decimals;
	if (fraction == 0)
		return value % (SECONDS_PER_DAY * rate) == 0 ? FORMAT_DATE : 0;
	while (fraction % 1000 == 0) {
		fraction /= 1000;
		decimals -= 3;
	}
	return decimals;
}

/* Returns the seconds of "+hh:mm", and 0 for any other name: such a zone is written in UTC. */
static int64_t parse_zone_offset(const char *zone)
{
	int64_t minutes;

	if ((zone[0] != '+' && zone[0] != '-') || strlen(zone) != 6 || zone[3] != ':' ||
	    !scan_is_digit(zone[1]) || !scan_is_digit(zone[2]) || !scan_is_digit(zone[4]) ||
	    !scan_is_digit(zone[5]))
		return 0;
	minutes = ((zone[1] - '0') * 10 + (zone[2] - '0')) * 60 + (zone[4] - '0') * 10 +
	          (zone[5] - '0');
	return zone[0] == '-' ? -60 * minutes : 60 * minutes;
}

static char *write_date(char *out, int64_t days)
{
	int64_t year;
	int32_t month, day;

	calendar_date(days, &year, &month, &day);
	if (year < 0) {
		*out++ = '-';
		year = -year;
	}
	if (year > 9999)
		out += format_int64(out, year);
	else
		out = write_digits(out, (uint64_t)year, 4);
	*out++ = '-';
	out = write_digits(out, (uint64_t)month, 2);
	*out++ = '-';
	return write_digits(out, (uint64_t)day, 2);
}

static char *write_time(char *out, int64_t second_of_day)
{
	out = write_digits(out, (uint64_t)second_of_day / 3600, 2);
	*out++ = ':';
	out = write_digits(out, (uint64_t)second_of_day / 60 % 60, 2);
	*out++ = ':';
	return write_digits(out, (uint64_t)second_of_day % 60, 2);
}

static char *write_zone(char *out, int64_t offset_s)
{
	uint64_t minutes = (uint64_t)(offset_s < 0 ? -offset_s : offset_s) / 60;

	*out++ = offset_s < 0 ? '-' : '+';
	out = write_digits(out, minutes / 60, 2);
	*out++ = ':';
	return write_digits(out, minutes % 60, 2);
}

size_t format_timestamp(char *out, int64_t value, enum shmpub_unit unit, int decimals,
                        const char *timezone)
{
	int64_t rate = timestamp_unit_rate(unit);
	int64_t seconds = floor_div(value, rate);
	int64_t fraction = floor_mod(value, rate);
	int64_t offset_s = timezone ? parse_zone_offset(timezone) : 0;
	int64_t days;
	char *p = out;

	/* With a unit of seconds a value near the bounds of int64 could overflow. */
	if (unit != SHMPUB_SECOND ||
	    (seconds < INT64_MAX - SECONDS_PER_DAY && seconds > INT64_MIN + SECONDS_PER_DAY))
		seconds += offset_s;
	days = floor_div(seconds, SECONDS_PER_DAY);
	p = write_date(p, days);
	if (decimals == FORMAT_DATE && !timezone)
		return (size_t)(p - out);
	*p++ = ' ';
	p = write_time(p, floor_mod(seconds, SECONDS_PER_DAY));
	if (decimals > 0) {
		int64_t nanoseconds = fraction * (1000000000 / rate);

		*p++ = '.';
		write_digits(p, (uint64_t)nanoseconds, 9);
		p += decimals;
	}
	if (timezone)
		p = write_zone(p, offset_s);
	return (size_t)(p - out);
}
