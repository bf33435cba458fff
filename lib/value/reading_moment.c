#include "value/calendar.h"
#include "value/lexer.h"
#include "value/reading.h"
#include "value/scan.h"
#include "value/token.h"
#include "value/value.h"

/*
 * Dates of a column without a format: pandas' `parse_datetime_string` (pandas/_libs/tslibs/
 * parsing.pyx).
 *
 * Before dateutil three short forms are tried in order: numbers with two separators; years and
 * quarters; a month with its year. Each answers that the text is not of its form, so that the
 * next one is tried, or that it parsed the text, or that the text is no date.
 */

enum answer { OTHER_FORM, PARSED, NO_DATE };

/* For pandas a number below 1000 is no date, unless its first digit is a zero. */
static bool looks_like_date(struct span text)
{
	double number;

	return text.size > 0 &&
	       (text.data[0] == '0' || !value_float(&number, text) || number >= 1000);
}

/* Parses `size` digits at offset `at`. */
static bool digits_at(int32_t *out, struct span text, size_t at, size_t size)
{
	return at + size <= text.size && token_whole(out, span_of(text.data + at, size));
}

/* Whether the text begins with H:MM or HH:MM. */
static bool looks_like_time(struct span text)
{
	size_t n = text.size >= 4 && text.data[1] == ':' ? 1 : 2;
	int32_t hour, minute;

	return text.size >= 4 && text.data[n] == ':' && digits_at(&hour, text, 0, n) &&
	       digits_at(&minute, text, n + 1, 2) && hour < 24 && minute < 60;
}

static enum answer set_date(struct timestamp *out, int32_t year, int32_t month, int32_t day)
{
	if (year < 1 || month < 1 || month > 12 || day < 1 ||
	    day > calendar_month_days(year, month))
		return NO_DATE;
	*out = (struct timestamp){ .seconds = calendar_days(year, month, day) * SECONDS_PER_DAY };
	return PARSED;
}

/* Takes one or two digits and a separator off *text. */
static bool take_delimited_part(int32_t *out, struct span *text)
{
	size_t n = text->size > 1 && scan_is_digit(text->data[1]) ? 2 : 1;

	if (text->size < n + 1 || !memchr(" /-.", text->data[n], 4) || !digits_at(out, *text, 0, n))
		return false;
	*text = span_of(text->data + n + 1, text->size - n - 1);
	return true;
}

/*
 * Parses month, day and a year of four digits, with any separators. If the first number is too
 * large for a month, it is the day.
 */
static enum answer parse_delimited(struct timestamp *out, struct span text)
{
	int32_t month, day, year;

	if (!take_delimited_part(&month, &text) || !take_delimited_part(&day, &text) ||
	    text.size != 4 || !token_whole(&year, text) || year < 1000)
		return OTHER_FORM;
	return month > 12 ? set_date(out, year, day, month) : set_date(out, year, month, day);
}

/* Skips the white space that Python's int() skips; 0x1C to 0x1F do not belong to it. */
static const char *skip_blanks(const char *p, const char *end)
{
	for (size_t n; (n = lexer_space(p, end)) > 0 && (n > 1 || scan_is_blank(*p));)
		p += n;
	return p;
}

/* Parses an integer as Python's int() does: " 19", "2_19". */
static bool parse_python_int(int32_t *out, struct span text)
{
	const char *end = text.data + text.size;
	bool negative;
	const char *p = scan_sign(&negative, skip_blanks(text.data, end), end);
	int32_t value = 0;

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

/* The offsets of the parts of a quarter, and the size of its year; 0: the text is no quarter. */
struct quarter {
	size_t digit, year, year_size;
};

/* Finds the parts of 2024Q1, 24Q1, 1Q2024 or 1Q24, perhaps with a minus between year and Q. */
static struct quarter find_quarter(struct span text)
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

/* Parses a quarter; the result is its first day. */
static enum answer parse_quarter(struct timestamp *out, struct span text)
{
	struct quarter at = find_quarter(text);
	int32_t year, number;

	if (at.year_size == 0 ||
	    !parse_python_int(&year, span_of(text.data + at.year, at.year_size)))
		return OTHER_FORM;
	if (at.year_size == 2)
		year += 2000;
	if (!digits_at(&number, text, at.digit, 1) || number < 1 || number > 4)
		return NO_DATE;
	return set_date(out, year, number * 3 - 2, 1) == PARSED ? PARSED : OTHER_FORM;
}

/* Parses "Feb 0071" or "feb-0071". Here the year is 71; dateutil would add a century. */
static enum answer parse_month_and_year(struct timestamp *out, struct span text)
{
	const char *p = text.data + 3;
	const char *end = text.data + text.size;
	int32_t month, year;

	if (text.size < 8)
		return OTHER_FORM;
	month = token_month(span_of(text.data, 3));
	p = *p == '-' ? p + 1 : lexer_skip_spaces(p, end);
	if (month == TOKEN_NONE || p == text.data + 3 || end - p != 4 ||
	    !token_whole(&year, span_of(p, 4)))
		return OTHER_FORM;
	return set_date(out, year, month, 1) == PARSED ? PARSED : OTHER_FORM;
}

/* Parses a year of four characters, a quarter, or a month with its year. */
static enum answer parse_abbreviated(struct timestamp *out, struct span text)
{
	enum answer answer;
	int32_t year;

	if (text.size <= 16 && n_characters(text) == 4 && parse_python_int(&year, text) &&
	    set_date(out, year, 1, 1) == PARSED)
		return PARSED;
	answer = parse_quarter(out, text);
	return answer == OTHER_FORM ? parse_month_and_year(out, text) : answer;
}

/* A minus sign at the beginning means a year before 1, which only ISO 8601 has. */
static bool begins_with_minus(struct span text)
{
	const char *end = text.data + text.size;
	const char *p = lexer_skip_spaces(text.data, end);

	return p < end && *p == '-';
}

/* Returns the decimals of the first "d:dd:dd.ddd" in a text, or an empty span. */
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
 * dateutil reads six decimals of a second. If these are whole milliseconds, pandas searches the
 * text for more decimals: so "46.1230004" has nanoseconds and "46.1234004" has none.
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

static bool parse_as_dateutil(struct timestamp *out, struct span text, int32_t this_year)
{
	struct reading r;
	bool has_fraction;

	if (!reading_parse(&r, text, this_year))
		return false;
	/* pandas completes text that begins with a time with today's date. Here it is no date. */
	if (looks_like_time(text) &&
	    (r.year == READ_UNSET || r.month == READ_UNSET || r.day == READ_UNSET))
		return false;
	has_fraction = r.microsecond != READ_UNSET;
	if (!reading_complete(&r))
		return false;
	*out = (struct timestamp){
		.seconds = calendar_days(r.year, r.month, r.day) * SECONDS_PER_DAY + r.hour * 3600 +
		           r.minute * 60 + r.second,
		.has_zone = r.has_zone,
		.offset_s = r.offset_s,
		.is_utc = r.has_zone && r.offset_s == 0,
	};
	if (has_fraction)
		set_fraction(out, &r, text);
	return true;
}

bool reading_moment(struct timestamp *out, struct span text, int32_t this_year)
{
	enum answer answer;

	if (!looks_like_date(text))
		return false;
	if (looks_like_time(text))
		return parse_as_dateutil(out, text, this_year);
	answer = parse_delimited(out, text);
	if (answer == OTHER_FORM)
		answer = parse_abbreviated(out, text);
	if (answer != OTHER_FORM)
		return answer == PARSED;
	return !begins_with_minus(text) && parse_as_dateutil(out, text, this_year);
}
