#include "value/calendar.h"
#include "value/lexer.h"
#include "value/reading.h"
#include "value/scan.h"
#include "value/token.h"
#include "value/value.h"

/*
 * A date in no common form to its moment: pandas' `parse_datetime_string` (pandas/_libs/
 * tslibs/parsing.pyx). Three short forms come before dateutil: numbers with two
 * separators, years and quarters, a month with its year. Each of them takes the text, leaves
 * it to the next one, or refuses it for good.
 */

enum answer { NOT_MINE, TAKEN, REFUSED };

/* pandas: a number below 1000 is no date unless a zero comes first. */
static bool looks_like_date(struct span text)
{
	double number;

	return text.size > 0 &&
	       (text.data[0] == '0' || !value_float(&number, text) || number >= 1000);
}

/* `size` digits; false where they are not. */
static bool digits_at(int32_t *out, struct span text, size_t at, size_t size)
{
	return at + size <= text.size && token_whole(out, span_of(text.data + at, size));
}

/* It begins with H:MM or HH:MM. */
static bool looks_like_time(struct span text)
{
	size_t n = text.size >= 4 && text.data[1] == ':' ? 1 : 2;
	int32_t hour, minute;

	return text.size >= 4 && text.data[n] == ':' && digits_at(&hour, text, 0, n) &&
	       digits_at(&minute, text, n + 1, 2) && hour < 24 && minute < 60;
}

static enum answer take_date(struct timestamp *out, int32_t year, int32_t month, int32_t day)
{
	if (year < 1 || month < 1 || month > 12 || day < 1 ||
	    day > calendar_month_days(year, month))
		return REFUSED;
	*out = (struct timestamp){ .seconds = calendar_days(year, month, day) * SECONDS_PER_DAY };
	return TAKEN;
}

/* One or two digits and a separator. */
static bool delimited_part(int32_t *out, struct span *text)
{
	size_t n = text->size > 1 && scan_is_digit(text->data[1]) ? 2 : 1;

	if (text->size < n + 1 || !memchr(" /-.", text->data[n], 4) || !digits_at(out, *text, 0, n))
		return false;
	*text = span_of(text->data + n + 1, text->size - n - 1);
	return true;
}

/* Month, day, year of four digits with any separators, day first when it must be. */
static enum answer delimited(struct timestamp *out, struct span text)
{
	int32_t month, day, year;

	if (!delimited_part(&month, &text) || !delimited_part(&day, &text) || text.size != 4 ||
	    !token_whole(&year, text) || year < 1000)
		return NOT_MINE;
	return month > 12 ? take_date(out, year, day, month) : take_date(out, year, month, day);
}

/* Past the white space that Python's int() knows: not the separators of ASCII. */
static const char *skip_blanks(const char *p, const char *end)
{
	for (size_t n; (n = lexer_space(p, end)) > 0 && (n > 1 || scan_is_blank(*p));)
		p += n;
	return p;
}

/* As Python's int(): " 19", "2_19". A few digits at most. */
static bool python_int(int32_t *out, struct span text)
{
	const char *end = text.data + text.size;
	const char *p = skip_blanks(text.data, end);
	bool negative = p < end && *p == '-';
	int32_t value = 0;

	p += p < end && (*p == '-' || *p == '+');
	if (p == end || !scan_is_digit(*p))
		return false;
	for (; p < end && scan_is_digit(*p); p++) {
		value = value < TOKEN_HUGE / 10 ? value * 10 + (*p - '0') : TOKEN_HUGE;
		p += end - p > 2 && p[1] == '_' && scan_is_digit(p[2]);
	}
	*out = negative ? -value : value;
	return skip_blanks(p, end) == end;
}

static size_t n_characters(struct span text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.size; i++)
		n += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return n;
}

/* Where the parts of a quarter stand, and how long its year is; 0: this is none. */
struct quarter {
	size_t digit, year, year_size;
};

/* 2024Q1, 24Q1, 1Q2024, 1Q24, each with a minus between year and Q or not. */
static struct quarter quarter_parts(struct span text)
{
	const struct quarter none = { 0, 0, 0 };
	size_t q = 1, n = text.size;

	if (n < 4 || n > 7 || n_characters(text) != n)
		return none;
	while (q < n && q < 6 && scan_lower(text.data[q]) != 'q')
		q++;
	if (q == n || q == 6)
		return none;
	if (q == 1) {
		n -= (n == 5 || n == 7) && text.data[2] == '-';
		return n == 4   ? (struct quarter){ 0, text.size - 2, 2 }
		       : n == 6 ? (struct quarter){ 0, text.size - 4, 4 }
		                : none;
	}
	n -= (n == 5 || n == 7) && text.data[q - 1] == '-';
	if (n == 4 && q <= 3)
		return (struct quarter){ text.size - 1, 0, 2 };
	return n == 6 && q >= 4 ? (struct quarter){ text.size - 1, 0, 4 } : none;
}

/* The first day of a quarter. */
static enum answer quarter(struct timestamp *out, struct span text)
{
	struct quarter at = quarter_parts(text);
	int32_t year, number;

	if (at.year_size == 0 || !python_int(&year, span_of(text.data + at.year, at.year_size)))
		return NOT_MINE;
	if (at.year_size == 2)
		year += 2000;
	if (!digits_at(&number, text, at.digit, 1) || number < 1 || number > 4)
		return REFUSED;
	return take_date(out, year, number * 3 - 2, 1) == TAKEN ? TAKEN : NOT_MINE;
}

/* "Feb 0071", "feb-0071": all four digits count, as they would not for dateutil. */
static enum answer month_and_year(struct timestamp *out, struct span text)
{
	const char *p = text.data + 3;
	const char *end = text.data + text.size;
	int32_t month, year;

	if (text.size < 8)
		return NOT_MINE;
	month = token_month(span_of(text.data, 3));
	if (*p == '-') {
		p++;
	} else {
		for (size_t n; (n = lexer_space(p, end)) > 0;)
			p += n;
	}
	if (month == TOKEN_NONE || p == text.data + 3 || end - p != 4 ||
	    !token_whole(&year, span_of(p, 4)))
		return NOT_MINE;
	return take_date(out, year, month, 1) == TAKEN ? TAKEN : NOT_MINE;
}

/* A year of four characters, a quarter, a month. */
static enum answer abbreviated(struct timestamp *out, struct span text)
{
	enum answer answer;
	int32_t year;

	if (text.size <= 16 && n_characters(text) == 4 && python_int(&year, text) &&
	    take_date(out, year, 1, 1) == TAKEN)
		return TAKEN;
	answer = quarter(out, text);
	return answer == NOT_MINE ? month_and_year(out, text) : answer;
}

/* A minus in front is of a year before 1, which only ISO 8601 has. */
static bool begins_with_minus(struct span text)
{
	const char *p = text.data;
	const char *end = p + text.size;

	for (size_t n; (n = lexer_space(p, end)) > 0;)
		p += n;
	return p < end && *p == '-';
}

/* The decimals in the first "d:dd:dd.ddd" of a text; empty when there is none. */
static struct span decimals_of_time(struct span text)
{
	static const char form[] = "0:00:00.0";
	const size_t size = sizeof(form) - 1;

	for (size_t i = 0; i + size <= text.size; i++) {
		const char *p = text.data + i;
		size_t n = 0;

		while (n < size && (form[n] == '0' ? scan_is_digit(p[n]) : p[n] == form[n]))
			n++;
		if (n < size)
			continue;
		while (i + n < text.size && scan_is_digit(p[n]))
			n++;
		return span_of(p + size - 1, n - size + 1);
	}
	return SPAN_NONE;
}

/*
 * dateutil knows microseconds. When they are whole milliseconds pandas looks at the text
 * once more for what comes after the sixth decimal: "46.1230004" is nanoseconds,
 * "46.1234004" is not.
 */
static void set_fraction(struct timestamp *t, const struct reading *r, struct span text)
{
	struct span decimals = SPAN_NONE;

	t->nanoseconds = (uint32_t)r->microsecond * 1000;
	if (r->microsecond % 1000 == 0)
		decimals = decimals_of_time(text);
	if (decimals.size <= 6) {
		t->digits = 6;
		return;
	}
	t->digits = 9;
	for (size_t i = 6, weight = 100; i < 9 && i < decimals.size; i++, weight /= 10)
		t->nanoseconds += (uint32_t)((size_t)(decimals.data[i] - '0') * weight);
}

static bool by_dateutil(struct timestamp *out, struct span text, int32_t this_year)
{
	struct reading r;
	bool timed;

	if (!reading_parse(&r, text, this_year))
		return false;
	/* pandas fills up what begins with a time with today's date; here it is none. */
	if (looks_like_time(text) &&
	    (r.year == READ_UNSET || r.month == READ_UNSET || r.day == READ_UNSET))
		return false;
	timed = r.microsecond != READ_UNSET;
	if (!reading_complete(&r))
		return false;
	*out = (struct timestamp){
		.seconds = calendar_days(r.year, r.month, r.day) * SECONDS_PER_DAY + r.hour * 3600 +
		           r.minute * 60 + r.second,
		.has_zone = r.has_zone,
		.offset_s = r.offset_s,
		.is_utc = r.has_zone && r.offset_s == 0,
	};
	if (timed)
		set_fraction(out, &r, text);
	return true;
}

bool reading_moment(struct timestamp *out, struct span text, int32_t this_year)
{
	enum answer answer;

	if (!looks_like_date(text))
		return false;
	if (looks_like_time(text))
		return by_dateutil(out, text, this_year);
	answer = delimited(out, text);
	if (answer == NOT_MINE)
		answer = abbreviated(out, text);
	if (answer != NOT_MINE)
		return answer == TAKEN;
	return !begins_with_minus(text) && by_dateutil(out, text, this_year);
}
