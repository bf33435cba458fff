#include "columns/timezone.h"

/*
 * The list of time zones changes every few months, so there is none in this library. Only
 * the form of a name is checked here; a program that shows local times uses the list of
 * its own system.
 */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool timezone_is_offset(struct span zone)
{
	const char *z = zone.data;

	return zone.size == 6 && (z[0] == '+' || z[0] == '-') && is_digit(z[1]) && is_digit(z[2]) &&
	       z[3] == ':' && is_digit(z[4]) && is_digit(z[5]) &&
	       (z[1] - '0') * 10 + (z[2] - '0') < 24 && z[4] < '6';
}

/* Letters, digits, _ + - in parts between slashes, of which none is empty. */
static bool is_name(struct span zone)
{
	if (zone.size < 2 || zone.size > TIMEZONE_MAX || !is_letter(zone.data[0]))
		return false;
	for (size_t i = 0; i < zone.size; i++) {
		char c = zone.data[i];

		if (c == '/' && (i + 1 == zone.size || zone.data[i + 1] == '/'))
			return false;
		if (!is_letter(c) && !is_digit(c) && c != '_' && c != '+' && c != '-' && c != '/')
			return false;
	}
	return true;
}

bool timezone_is_valid(struct span zone)
{
	return timezone_is_offset(zone) || is_name(zone);
}

bool timezone_is_common(struct span zone)
{
	int hours;

	if (!timezone_is_offset(zone))
		return true;
	hours = (zone.data[1] - '0') * 10 + (zone.data[2] - '0');
	return zone.data[4] == '0' && zone.data[5] == '0' &&
	       hours <= (zone.data[0] == '-' ? 12 : 14);
}
