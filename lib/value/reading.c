#include "value/reading.h"
#include "value/calendar.h"
#include "value/reading_window.h"
#include "value/scan.h"
#include <time.h>

/*
 * Dates as people write them: the algorithm of Python's dateutil (`parser._parse` in
 * dateutil/parser/_parser.py), which pandas uses if no stricter rule matches: "Mar 1, 2024 9:30
 * PM", "1/2/24", "20240301T0930+01:00".
 *
 * The tokens are taken in order, each by the first rule that matches the token and its
 * neighbours. The order of the rules is dateutil's, and the result depends on it. Times, zones
 * and names can be recognised at once. The other numbers, at most three, are year, month and
 * day; ymd.c decides at the end which is which. A token without a matching rule makes the text
 * no date.
 *
 * dateutil splits the whole text into tokens first. No rule looks back more than two tokens or
 * ahead more than seven, so a window of tokens suffices here.
 */

static void read_ahead(struct reader *rd)
{
	struct span next;

	while (rd->n_tokens <= rd->at + AHEAD && lexer_next(&next, &rd->lexer))
		rd->window[rd->n_tokens++ % WINDOW] = next;
}

/* Returns the year within fifty years of `this_year` that ends with these two digits. */
static int32_t full_year(int32_t year, int32_t this_year)
{
	year += this_year / 100 * 100;
	if (year >= this_year + 50)
		return year - 100;
	return year < this_year - 50 ? year + 100 : year;
}

/* Takes the name of a month: alone, or as in Jan-01[-99] or "Jan of 01". */
static bool take_month_name(struct reader *rd, int32_t month, int32_t this_year, int *n_more)
{
	struct span next = token_at(rd, 1);
	int32_t year;

	if (!ymd_add_month(&rd->ymd, month))
		return false;
	if (token_is_byte(next, '-') || token_is_byte(next, '/')) {
		*n_more = 2;
		if (!ymd_add_token(&rd->ymd, token_at(rd, 2)))
			return false;
		if (!span_eq(token_at(rd, 3), next))
			return true;
		*n_more = 4;
		return ymd_add_token(&rd->ymd, token_at(rd, 4));
	}
	if (token_at(rd, 4).size == 0 || !token_is_space(next) ||
	    !token_is_space(token_at(rd, 3)) || !scan_is_word(token_at(rd, 2), "of", 2))
		return true;
	*n_more = 4; /* even if the token there is no year: dateutil skips it */
	if (!token_whole(&year, token_at(rd, 4)))
		return true;
	return ymd_add_year(&rd->ymd, year < 100 ? full_year(year, this_year) : year);
}

static bool take_ampm(struct reader *rd, int32_t ampm)
{
	if (rd->r->hour < 0 || rd->r->hour > 12)
		return false;
	rd->r->hour = reading_hour(rd->r->hour, ampm);
	return true;
}

/* A zone's name is up to five capital letters, somewhere after a time. */
static bool could_be_zone(const struct reader *rd, struct span token)
{
	if (rd->r->hour == READ_UNSET || rd->r->zone_name.size > 0 || token.size > 5)
		return false;
	if (token_is_byte(token, 'z'))
		return true;
	for (size_t i = 0; i < token.size; i++) {
		if ((unsigned char)(token.data[i] - 'A') >= 26)
			return false;
	}
	return token.size > 0;
}

static bool is_utc_name(struct span token)
{
	return scan_is_word(token, "utc", 3) || scan_is_word(token, "gmt", 3) ||
	       scan_is_word(token, "z", 1);
}

/*
 * Takes a zone's name. "GMT+3" means "my time + 3 is GMT": so the sign after a name is reversed,
 * and the name is dropped if it is one of UTC.
 */
static void take_zone_name(struct reader *rd, struct span token)
{
	bool plus = is_byte_at(rd, 1, '+');

	rd->r->zone_name = token;
	if (plus || is_byte_at(rd, 1, '-')) {
		rd->window[(rd->at + 1) % WINDOW] = span_str(plus ? "-" : "+");
		if (is_utc_name(token))
			rd->r->zone_name = SPAN_NONE;
	} else if (token_is_byte(token, 'z')) {
		rd->has_offset = true;
		rd->offset_s = 0;
	}
}

/* Takes +hhmm, +h[h]:mm or +h[h], and a name if one follows: "+0100 (CET)". */
static bool take_zone_offset(struct reader *rd, int *n_more)
{
	struct span hours = token_at(rd, 1);
	int32_t h, m = 0;
	int n = 1;

	if (hours.size == 4) {
		if (!token_whole(&h, token_part(hours, 0, 2)) ||
		    !token_whole(&m, token_part(hours, 2, 2)))
			return false;
	} else if (is_byte_at(rd, 2, ':')) {
		if (!token_whole(&h, hours) || !token_whole(&m, token_at(rd, 3)))
			return false;
		n = 3;
	} else if (hours.size > 2 || !token_whole(&h, hours)) {
		return false;
	}
	rd->has_offset = true;
	rd->offset_s = ((int64_t)h * 3600 + (int64_t)m * 60) * (is_byte_at(rd, 0, '-') ? -1 : 1);
	if (token_is_jump(token_at(rd, n + 1)) && is_byte_at(rd, n + 2, '(') &&
	    token_at(rd, n + 3).size >= 3 && could_be_zone(rd, token_at(rd, n + 3)) &&
	    is_byte_at(rd, n + 4, ')')) {
		rd->r->zone_name = token_at(rd, n + 3);
		n += 4;
	}
	*n_more = n;
	return true;
}

/* Takes the current token, and *n_more of those after it. */
static bool take_token(struct reader *rd, int32_t this_year, int *n_more)
{
	struct span t = token_at(rd, 0);

	if (token_is_number(t))
		return reading_number(rd, n_more);
	if (token_is_not_finite(t)) /* dateutil takes these for numbers, and then fails */
		return false;
	if (token_weekday(t) != TOKEN_NONE) {
		rd->r->weekday = token_weekday(t);
		return true;
	}
	if (token_month(t) != TOKEN_NONE)
		return take_month_name(rd, token_month(t), this_year, n_more);
	if (token_ampm(t) != TOKEN_NONE)
		return take_ampm(rd, token_ampm(t));
	if (!rd->has_offset && could_be_zone(rd, t)) {
		take_zone_name(rd, t);
		return true;
	}
	if (rd->r->hour != READ_UNSET && (token_is_byte(t, '+') || token_is_byte(t, '-')))
		return take_zone_offset(rd, n_more);
	return token_is_jump(t);
}

/* Sets the zone by dateutil's `validate`. False: pandas refuses the zone. */
static bool set_zone(struct reader *rd)
{
	struct reading *r = rd->r;

	if (is_utc_name(r->zone_name) || (rd->has_offset && rd->offset_s == 0)) {
		rd->has_offset = true;
		rd->offset_s = 0;
		r->zone_name = span_str("UTC");
	}
	if (!rd->has_offset)
		return r->zone_name.size == 0;
	r->has_zone = true;
	if (rd->offset_s <= -SECONDS_PER_DAY || rd->offset_s >= SECONDS_PER_DAY)
		return false;
	r->offset_s = (int32_t)rd->offset_s;
	return true;
}

bool reading_parse(struct reading *out, struct span text, int32_t this_year)
{
	struct reader rd = { .r = out, .ymd = YMD_NONE, .lexer = lexer_of(text) };

	*out = (struct reading){
		.year = READ_UNSET,
		.month = READ_UNSET,
		.day = READ_UNSET,
		.weekday = READ_UNSET,
		.hour = READ_UNSET,
		.minute = READ_UNSET,
		.second = READ_UNSET,
		.microsecond = READ_UNSET,
	};
	for (read_ahead(&rd); rd.at < rd.n_tokens; read_ahead(&rd)) {
		int n_more = 0;

		if (!take_token(&rd, this_year, &n_more))
			return false;
		rd.at += (size_t)n_more + 1;
	}
	if (rd.lexer.has_nul || !ymd_resolve(out, &rd.ymd))
		return false;
	if (out->year != READ_UNSET && out->year < 100 && !rd.ymd.has_full_year)
		out->year = full_year(out->year, this_year);
	return (out->weekday == READ_UNSET || out->day != READ_UNSET) && set_zone(&rd);
}

static void set_default(int32_t *field, int32_t value)
{
	if (*field == READ_UNSET)
		*field = value;
}

bool reading_complete(struct reading *r)
{
	set_default(&r->year, 1);
	set_default(&r->month, 1);
	set_default(&r->day, 1);
	set_default(&r->hour, 0);
	set_default(&r->minute, 0);
	set_default(&r->second, 0);
	set_default(&r->microsecond, 0);
	if (r->year < 1 || r->year > 9999 || r->month < 1 || r->month > 12 || r->day < 1 ||
	    r->day > calendar_month_days(r->year, r->month))
		return false;
	r->weekday = calendar_weekday(calendar_days(r->year, r->month, r->day));
	return r->hour < 24 && r->minute < 60 && r->second < 60;
}

int32_t reading_this_year(void)
{
	int64_t year;
	int32_t month, day;

	calendar_date((int64_t)time(NULL) / SECONDS_PER_DAY, &year, &month, &day);
	return (int32_t)year;
}
