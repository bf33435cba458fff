#include "value/reading.h"
#include "value/calendar.h"
#include "value/scan.h"
#include "value/token.h"
#include "value/ymd.h"
#include <time.h>

/*
 * Dates as people write them, by the rules of Python's dateutil, which pandas asks when
 * no stricter rule fits: "Mar 1, 2024 9:30 PM", "1/2/24", "20240301T0930+01:00".
 *
 * The text falls into numbers, words, blanks and single other bytes. Times, zones and
 * names say themselves what they are; the numbers left over are up to three of year,
 * month and day, told apart at the end by names, size and place. A token that fits
 * nowhere ends the attempt.
 */

struct reader {
	struct reading *r;
	struct ymd ymd;
	bool offset_known;
};

/* The digits before the point, and the decimals as millionths. */
static bool decimal(int32_t *out, int32_t *millionths, struct span token)
{
	size_t n = 0;

	while (n < token.size && scan_is_digit(token.data[n]))
		n++;
	*millionths = 0;
	for (size_t i = 0; i < 6; i++) {
		*millionths *= 10;
		if (n + 1 + i < token.size)
			*millionths += token.data[n + 1 + i] - '0';
	}
	return token_whole(out, span_of(token.data, n));
}

static struct span part(struct span token, size_t offset, size_t size)
{
	return span_of(token.data + offset, size);
}

static struct span token_at(const struct reader *rd, size_t i)
{
	return i < rd->r->n_tokens ? rd->r->tokens[i] : SPAN_NONE;
}

static int32_t adjust(int32_t hour, int32_t ampm)
{
	if (hour < 12 && ampm == 1)
		return hour + 12;
	return hour == 12 && ampm == 0 ? 0 : hour;
}

static bool set_seconds(struct reading *r, struct span token)
{
	r->seconds = token;
	return decimal(&r->second, &r->microsecond, token);
}

/* Decimals of a minute are seconds; none written leaves them open. */
static bool set_minutes(struct reading *r, struct span token)
{
	int32_t millionths;

	if (!decimal(&r->minute, &millionths, token))
		return false;
	r->second = millionths ? (int32_t)((int64_t)millionths * 60 / 1000000) : READ_UNSET;
	return true;
}

static bool set_hms(struct reading *r, struct span token, int32_t which)
{
	int32_t millionths;

	if (which == 1)
		return set_minutes(r, token);
	if (which == 2)
		return set_seconds(r, token);
	if (!decimal(&r->hour, &millionths, token))
		return false;
	if (millionths)
		r->minute = (int32_t)((int64_t)millionths * 60 / 1000000);
	return true;
}

/* Where the h, m or s of the number at i stands; READ_UNSET: nowhere. */
static int64_t hms_at(const struct reader *rd, size_t i)
{
	if (token_hms(token_at(rd, i + 1)) != READ_UNSET)
		return (int64_t)i + 1;
	if (token_is_byte(token_at(rd, i + 1), ' ') && token_hms(token_at(rd, i + 2)) != READ_UNSET)
		return (int64_t)i + 2;
	if (i > 0 && token_hms(token_at(rd, i - 1)) != READ_UNSET)
		return (int64_t)i - 1;
	if (i > 1 && i + 1 == rd->r->n_tokens && token_is_byte(token_at(rd, i - 1), ' ') &&
	    token_hms(token_at(rd, i - 2)) != READ_UNSET)
		return (int64_t)i - 2;
	return READ_UNSET;
}

/* HHMM, HHMMSS[.f], YYMMDD, YYYYMMDD[HHMM[SS]]: one token for several numbers. */
static bool compact(struct reader *rd, struct span token, bool *taken)
{
	struct reading *r = rd->r;
	struct ymd *ymd = &rd->ymd;
	size_t n = token.size;
	bool ok;

	*taken = true;
	if (n == 6 || (n > 6 && token.data[6] == '.')) {
		if (ymd->n == 0 && token_is_whole(token))
			return ymd_add_token(ymd, part(token, 0, 2)) &&
			       ymd_add_token(ymd, part(token, 2, 2)) &&
			       ymd_add_token(ymd, part(token, 4, 2));
		return token_whole(&r->hour, part(token, 0, 2)) &&
		       token_whole(&r->minute, part(token, 2, 2)) &&
		       set_seconds(r, part(token, 4, n - 4));
	}
	if (n != 8 && n != 12 && n != 14) {
		*taken = false;
		return true;
	}
	ok = ymd_add_token(ymd, part(token, 0, 4)) && ymd_add_token(ymd, part(token, 4, 2)) &&
	     ymd_add_token(ymd, part(token, 6, 2));
	if (ok && n > 8)
		ok = token_whole(&r->hour, part(token, 8, 2)) &&
		     token_whole(&r->minute, part(token, 10, 2));
	if (ok && n > 12)
		ok = token_whole(&r->second, part(token, 12, 2));
	return ok;
}

/* 01-02[-03], 01-Jan[-03]: *i ends on the last token taken. */
static bool separated(struct reader *rd, size_t *i)
{
	struct span separator = token_at(rd, *i + 1);
	struct span second = token_at(rd, *i + 2);
	struct span third = token_at(rd, *i + 4);

	if (!ymd_add_token(&rd->ymd, token_at(rd, *i)))
		return false;
	*i += 1;
	if (second.size == 0 || token_is_jump(second))
		return true;
	if (token_is_whole(second) ? !ymd_add_token(&rd->ymd, second)
	                           : !(token_month(second) != READ_UNSET &&
	                               ymd_add(&rd->ymd, token_month(second), YMD_MONTH)))
		return false;
	*i += 1;
	if (!span_eq(token_at(rd, *i + 1), separator))
		return true;
	*i += 2;
	if (token_month(third) != READ_UNSET)
		return ymd_add(&rd->ymd, token_month(third), YMD_MONTH);
	return ymd_add_token(&rd->ymd, third);
}

/* HH:MM[:SS[.f]] */
static bool clock_time(struct reader *rd, size_t *i)
{
	struct reading *r = rd->r;

	if (!token_whole(&r->hour, token_at(rd, *i)) || !token_is_number(token_at(rd, *i + 2)) ||
	    !set_minutes(r, token_at(rd, *i + 2)))
		return false;
	*i += 2;
	if (!token_is_byte(token_at(rd, *i + 1), ':'))
		return true;
	*i += 2;
	return token_is_number(token_at(rd, *i)) && set_seconds(r, token_at(rd, *i));
}

static bool lone_number(struct reader *rd, size_t *i, int32_t value)
{
	struct span next = token_at(rd, *i + 1);

	if (next.size == 0 || token_is_jump(next)) {
		int32_t ampm = token_ampm(token_at(rd, *i + 2));

		*i += 1;
		if (next.size == 0 || ampm == READ_UNSET)
			return ymd_add_value(&rd->ymd, value);
		rd->r->hour = adjust(value, ampm);
		rd->r->pm_or_am = true;
		*i += 1;
		return true;
	}
	if (token_ampm(next) != READ_UNSET && value < 24) {
		rd->r->hour = adjust(value, token_ampm(next));
		rd->r->pm_or_am = true;
		*i += 1;
		return true;
	}
	return ymd_could_be_day(&rd->ymd, value) && ymd_add_value(&rd->ymd, value);
}

static bool number(struct reader *rd, size_t *i)
{
	struct span token = token_at(rd, *i);
	struct span next = token_at(rd, *i + 1);
	int32_t value, millionths;
	int64_t hms;
	bool taken;

	if (rd->ymd.n == 3 && (token.size == 2 || token.size == 4) && token_is_whole(token) &&
	    rd->r->hour == READ_UNSET && !token_is_byte(next, ':') &&
	    token_hms(next) == READ_UNSET) {
		if (token.size == 4 && !token_whole(&rd->r->minute, part(token, 2, 2)))
			return false;
		return token_whole(&rd->r->hour, part(token, 0, 2));
	}
	if (!compact(rd, token, &taken))
		return false;
	if (taken)
		return true;
	hms = hms_at(rd, *i);
	if (hms != READ_UNSET) {
		int32_t which = token_hms(token_at(rd, (size_t)hms)) + (hms < (int64_t)*i);

		if (hms > (int64_t)*i)
			*i = (size_t)hms;
		return which > 2 || set_hms(rd->r, token, which);
	}
	if (token_is_byte(next, ':') && token_at(rd, *i + 2).size > 0)
		return clock_time(rd, i);
	if (token_is_byte(next, '-') || token_is_byte(next, '/') || token_is_byte(next, '.'))
		return separated(rd, i);
	return decimal(&value, &millionths, token) && lone_number(rd, i, value);
}

/* Jan-01[-99], "Jan of 01"; else the month alone. */
static bool month_name(struct reader *rd, size_t *i, int32_t month)
{
	struct span next = token_at(rd, *i + 1);

	if (!ymd_add(&rd->ymd, month, YMD_MONTH))
		return false;
	if (!token_is_byte(next, '-') && !token_is_byte(next, '/'))
		return true;
	if (!ymd_add_token(&rd->ymd, token_at(rd, *i + 2)))
		return false;
	*i += 2;
	if (!span_eq(token_at(rd, *i + 1), next))
		return true;
	*i += 2;
	return ymd_add_token(&rd->ymd, token_at(rd, *i));
}

static bool could_be_zone(const struct reader *rd, struct span token)
{
	const struct reading *r = rd->r;

	if (r->hour == READ_UNSET || r->zone_name.size > 0 || rd->offset_known || token.size > 5 ||
	    !token_is_letter(token.data[0]))
		return false;
	if (token_is_byte(token, 'z'))
		return true;
	for (size_t i = 0; i < token.size; i++) {
		if (token.data[i] != (char)(token.data[i] & ~0x20))
			return false;
	}
	return true;
}

/* Names of UTC; another name is kept and means nothing. */
static bool zone_name(struct reader *rd, size_t i)
{
	struct span token = token_at(rd, i);
	struct span next = token_at(rd, i + 1);

	/* "GMT+3" is turned round by dateutil: not worth being right about. Nor is "15.Z". */
	if (token_is_byte(next, '+') || token_is_byte(next, '-') ||
	    (i > 0 && token_is_byte(token_at(rd, i - 1), '.')))
		return false;
	rd->r->zone_name = token;
	if (scan_is_word(token, "utc", 3) || scan_is_word(token, "gmt", 3) ||
	    scan_is_word(token, "z", 1)) {
		rd->offset_known = true;
		rd->r->has_zone = true;
		rd->r->offset_s = 0;
	}
	return true;
}

static bool zone_offset(struct reader *rd, size_t *i)
{
	int32_t sign = token_is_byte(token_at(rd, *i), '-') ? -1 : 1;
	struct span hours = token_at(rd, *i + 1);
	int32_t h, m = 0;

	if (!token_is_whole(hours))
		return false;
	if (hours.size == 4) {
		if (!token_whole(&h, part(hours, 0, 2)) || !token_whole(&m, part(hours, 2, 2)))
			return false;
	} else if (token_is_byte(token_at(rd, *i + 2), ':')) {
		if (!token_whole(&h, hours) || !token_whole(&m, token_at(rd, *i + 3)))
			return false;
		*i += 2;
	} else if (hours.size > 2 || !token_whole(&h, hours)) {
		return false;
	}
	*i += 1;
	if (h > 23 || m > 59)
		return false;
	rd->r->has_zone = true;
	rd->offset_known = true;
	rd->r->offset_s = sign * (h * 3600 + m * 60);
	return true;
}

static bool am_or_pm(struct reader *rd, int32_t ampm)
{
	if (rd->r->hour < 0 || rd->r->hour > 12)
		return false;
	rd->r->hour = adjust(rd->r->hour, ampm);
	rd->r->pm_or_am = true;
	return true;
}

static bool token(struct reader *rd, size_t *i)
{
	struct span t = token_at(rd, *i);

	if (token_is_number(t))
		return number(rd, i);
	if (token_weekday(t) != READ_UNSET) {
		rd->r->weekday = token_weekday(t);
		return true;
	}
	if (token_month(t) != READ_UNSET)
		return month_name(rd, i, token_month(t));
	if (token_ampm(t) != READ_UNSET)
		return am_or_pm(rd, token_ampm(t));
	if (could_be_zone(rd, t))
		return zone_name(rd, *i);
	if (rd->r->hour != READ_UNSET && (token_is_byte(t, '+') || token_is_byte(t, '-')))
		return zone_offset(rd, i);
	return token_is_jump(t);
}

/* Two digits mean the year of that ending within fifty years of now. */
static int32_t full_year(int32_t year, int32_t this_year)
{
	year += this_year / 100 * 100;
	if (year >= this_year + 50)
		return year - 100;
	return year < this_year - 50 ? year + 100 : year;
}

bool reading_parse(struct reading *out, struct span text, int32_t this_year)
{
	struct reader rd = { .r = out, .ymd = YMD_NONE };

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
	out->n_tokens = token_split(out->tokens, READ_TOKENS_MAX, text);
	if (out->n_tokens > READ_TOKENS_MAX)
		return false;
	for (size_t i = 0; i < out->n_tokens; i++) {
		if (!token(&rd, &i))
			return false;
	}
	if (!ymd_resolve(out, &rd.ymd))
		return false;
	if (out->year != READ_UNSET && out->year < 100 && !rd.ymd.century)
		out->year = full_year(out->year, this_year);
	return true;
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
	/* A name of a zone that is not understood makes pandas give up. */
	return r->hour < 24 && r->minute < 60 && r->second < 60 &&
	       (r->zone_name.size == 0 || r->has_zone);
}

int32_t reading_this_year(void)
{
	int64_t year;
	int32_t month, day;

	calendar_date((int64_t)time(NULL) / SECONDS_PER_DAY, &year, &month, &day);
	return (int32_t)year;
}
