#include "value/calendar.h"
#include "value/reading.h"
#include "value/scan.h"
#include "value/token.h"
#include "value/value.h"

/*
 * A date in no common form to its moment: what pandas does around dateutil. Numbers with
 * two separators are read without it, small numbers and a leading minus are refused,
 * and what was not written is filled up.
 */

/* pandas: no date begins with a minus; a number below 1000 is none unless a zero comes first. */
static bool looks_like_date(struct span text)
{
	double number;

	return text.size > 0 && text.data[0] != '-' &&
	       (text.data[0] == '0' || !value_float(&number, text) || number >= 1000);
}

/*
 * Decimals after the sixth count for pandas only when the microseconds are whole
 * milliseconds: "46.1230004" is nanoseconds, "46.1234004" is not.
 */
static void set_fraction(struct timestamp *t, const struct reading *r)
{
	size_t whole = 0;
	size_t n;

	while (whole < r->seconds.size && scan_is_digit(r->seconds.data[whole]))
		whole++;
	n = whole < r->seconds.size ? r->seconds.size - whole - 1 : 0;
	if (n > 6 && r->microsecond % 1000 != 0)
		n = 6;
	t->digits = (int8_t)(n < 9 ? n : 9);
	for (size_t i = 0; i < 9; i++) {
		t->nanoseconds *= 10;
		if (i < n)
			t->nanoseconds += (uint32_t)(r->seconds.data[whole + 1 + i] - '0');
	}
}

/* pandas fills up what begins with HH:MM with today's date; here it is none. */
static bool lacks_date_behind_time(const struct reading *r)
{
	return r->n_tokens > 2 && token_is_whole(r->tokens[0]) && r->tokens[0].size <= 2 &&
	       token_is_byte(r->tokens[1], ':') &&
	       (r->year == READ_UNSET || r->month == READ_UNSET || r->day == READ_UNSET);
}

/* One or two digits and a separator. */
static bool delimited_part(int32_t *out, struct span *text)
{
	size_t n = text->size > 1 && scan_is_digit(text->data[1]) ? 2 : 1;

	if (text->size < n + 1 || !strchr(" -./\\", text->data[n]) || text->data[n] == '\0' ||
	    !token_whole(out, span_of(text->data, n)))
		return false;
	*text = span_of(text->data + n + 1, text->size - n - 1);
	return true;
}

/* Month, day, year of four digits with any separators, which pandas reads without dateutil. */
static bool delimited(struct timestamp *out, struct span text)
{
	int32_t month, day, year;

	if (!delimited_part(&month, &text) || !delimited_part(&day, &text) || text.size != 4 ||
	    !token_whole(&year, text))
		return false;
	if (month > 12) {
		int32_t swapped = month;

		month = day;
		day = swapped;
	}
	if (year < 1000 || month < 1 || month > 12 || day < 1 ||
	    day > calendar_month_days(year, month))
		return false;
	*out = (struct timestamp){ .seconds = calendar_days(year, month, day) * SECONDS_PER_DAY };
	return true;
}

static bool digits_at(int32_t *out, struct span text, size_t at, size_t size)
{
	return at + size <= text.size && token_whole(out, span_of(text.data + at, size));
}

/* Where the parts of a quarter stand, and how long its year is; 0: this is none. */
struct quarter {
	size_t digit, year, year_size;
};

/* 2024Q1, 24Q1, 1Q2024, 1Q24, each with a minus between year and Q or not. */
static struct quarter quarter_parts(struct span text)
{
	size_t q = 1, n = text.size;
	bool has_minus;

	while (q < n && q < 6 && text.data[q] != 'Q' && text.data[q] != 'q')
		q++;
	if (n < 4 || n > 7 || q == n || q == 6)
		return (struct quarter){ 0, 0, 0 };
	has_minus = text.data[q == 1 ? q + 1 : q - 1] == '-';
	if (q == 1)
		return n - has_minus == 4   ? (struct quarter){ 0, n - 2, 2 }
		       : n - has_minus == 6 ? (struct quarter){ 0, n - 4, 4 }
		                            : (struct quarter){ 0, 0, 0 };
	if (q - has_minus == 2 && n == q + 2)
		return (struct quarter){ n - 1, 0, 2 };
	if (q - has_minus == 4 && n == q + 2)
		return (struct quarter){ n - 1, 0, 4 };
	return (struct quarter){ 0, 0, 0 };
}

/* The first day of a quarter. True when the text is one, good or bad. */
static bool quarter(int32_t *year, int32_t *month, struct span text)
{
	struct quarter at = quarter_parts(text);

	*year = *month = 0;
	if (at.year_size == 0 || !digits_at(year, text, at.year, at.year_size))
		return false;
	if (at.year_size == 2)
		*year += 2000;
	if (text.data[at.digit] >= '1' && text.data[at.digit] <= '4')
		*month = (text.data[at.digit] - '1') * 3 + 1;
	return true;
}

/* "Feb 0071", "feb-0071": all four digits count, as they would not for dateutil. */
static bool month_and_year(int32_t *year, int32_t *month, struct span text)
{
	size_t at = 4;

	if (text.size < 8 || (text.data[3] != '-' && !scan_is_blank(text.data[3])))
		return false;
	while (text.data[3] != '-' && at < text.size && scan_is_blank(text.data[at]))
		at++;
	*month = token_month(span_of(text.data, 3));
	return *month != READ_UNSET && at + 4 == text.size && digits_at(year, text, at, 4);
}

bool reading_moment(struct timestamp *out, struct span text, int32_t this_year)
{
	struct reading r;
	int32_t year, month;

	if (delimited(out, text))
		return true;
	if (quarter(&year, &month, text) || month_and_year(&year, &month, text)) {
		*out = (struct timestamp){ .seconds = month && year
			                                      ? calendar_days(year, month, 1) *
			                                                SECONDS_PER_DAY
			                                      : 0 };
		return month > 0 && year > 0;
	}
	if (!looks_like_date(text) || !reading_parse(&r, text, this_year) ||
	    lacks_date_behind_time(&r) || !reading_complete(&r))
		return false;
	*out = (struct timestamp){
		.seconds = calendar_days(r.year, r.month, r.day) * SECONDS_PER_DAY + r.hour * 3600 +
		           r.minute * 60 + r.second,
		.has_zone = r.has_zone,
		.offset_s = r.offset_s,
		.is_utc = r.has_zone && r.offset_s == 0,
	};
	set_fraction(out, &r);
	return true;
}
