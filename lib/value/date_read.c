#include "value/date_read.h"
#include "value/calendar.h"
#include "value/scan.h"

/*
 * Dates as people write them, by the rules of Python's dateutil, which pandas asks when
 * no stricter rule fits: "Mar 1, 2024 9:30 PM", "1/2/24", "20240301T0930+01:00".
 *
 * The text falls into numbers, words, blanks and single other bytes. Times, zones and
 * names say themselves what they are; the numbers left over are up to three of year,
 * month and day, told apart at the end by names, size and place. A token that fits
 * nowhere ends the attempt.
 */

#define YMD_MAX 3

struct ymd {
	int32_t values[YMD_MAX];
	int n;
	int year_at, month_at, day_at; /* indexes of what is known, or READ_UNSET */
	bool century;                  /* a year was written in full */
};

struct reader {
	struct reading *r;
	struct ymd ymd;
	int32_t ampm; /* 0, 1 or READ_UNSET */
	bool offset_known;
};

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun",
	                              "jul", "aug", "sep", "oct", "nov", "dec" };
static const char *const long_months[] = { "january",   "february", "march",    "april",
	                                   "may",       "june",     "july",     "august",
	                                   "september", "october",  "november", "december" };
static const char *const weekdays[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
static const char *const long_weekdays[] = { "monday", "tuesday",  "wednesday", "thursday",
	                                     "friday", "saturday", "sunday" };
static const char *const jumps[] = { " ",   ".",  ",", ";", "-",  "/",  "'",  "at", "on",
	                             "and", "ad", "m", "t", "of", "st", "nd", "rd", "th" };
static const char *const hms_words[] = { "h",      "m",     "s",       "hour",   "minute",
	                                 "second", "hours", "minutes", "seconds" };

static int32_t find(struct span token, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (scan_is_word(token, words[i], strlen(words[i])))
			return (int32_t)i;
	}
	return READ_UNSET;
}

#define FIND(token, words) find(token, words, ARRAY_LEN(words))

static bool is_letter(char c)
{
	return (unsigned char)(scan_lower(c) - 'a') < 26;
}

static bool is_number(struct span token)
{
	return token.size > 0 && scan_is_digit(token.data[0]);
}

static bool is_whole(struct span token)
{
	return is_number(token) && !memchr(token.data, '.', token.size) &&
	       !memchr(token.data, ',', token.size);
}

static bool is_byte(struct span token, char c)
{
	return token.size == 1 && token.data[0] == c;
}

static int32_t month_of(struct span token)
{
	int32_t i = FIND(token, months);

	if (i == READ_UNSET)
		i = FIND(token, long_months);
	if (i == READ_UNSET && scan_is_word(token, "sept", 4))
		i = 8;
	return i == READ_UNSET ? READ_UNSET : i + 1;
}

static int32_t weekday_of(struct span token)
{
	int32_t i = FIND(token, weekdays);

	return i == READ_UNSET ? FIND(token, long_weekdays) : i;
}

static int32_t ampm_of(struct span token)
{
	if (scan_is_word(token, "am", 2) || scan_is_word(token, "a", 1))
		return 0;
	if (scan_is_word(token, "pm", 2) || scan_is_word(token, "p", 1))
		return 1;
	return READ_UNSET;
}

/* 0: hours, 1: minutes, 2: seconds. */
static int32_t hms_of(struct span token)
{
	int32_t i = FIND(token, hms_words);

	return i == READ_UNSET ? READ_UNSET : i % 3;
}

/* "m" and "t" are jumps too; so is every blank. */
static bool is_jump(struct span token)
{
	return FIND(token, jumps) != READ_UNSET ||
	       (token.size == 1 && scan_is_blank(token.data[0]));
}

/*
 * The bytes of the number at `p`: digits, and decimals behind a point (or a comma after
 * two digits) unless another point or number is near: then they are parts of a date.
 */
static size_t number_size(const char *p, const char *end, bool after_point)
{
	const char *q = p;
	const char *point;

	while (q < end && scan_is_digit(*q))
		q++;
	point = q;
	if (after_point || end - point < 2 || !scan_is_digit(point[1]) ||
	    !(*point == '.' || (*point == ',' && point - p >= 2)))
		return (size_t)(point - p);
	for (q = point + 1; q < end && scan_is_digit(*q); q++)
		;
	if (q < end && *q == '.')
		return (size_t)(point - p);
	return (size_t)(q - p);
}

static bool tokenize(struct reading *r, struct span text)
{
	const char *p = text.data;
	const char *end = p + text.size;

	while (p < end) {
		size_t size = 1;

		if (r->n_tokens == READ_TOKENS_MAX)
			return false;
		if (scan_is_digit(*p)) {
			size = number_size(p, end, p > text.data && p[-1] == '.');
		} else if (is_letter(*p)) {
			while (size < (size_t)(end - p) && is_letter(p[size]))
				size++;
		}
		r->tokens[r->n_tokens++] = span_of(p, size);
		p += size;
	}
	return true;
}

/* Digits only; false above nine of them. */
static bool whole(int32_t *out, struct span digits)
{
	*out = 0;
	if (digits.size == 0 || digits.size > 9)
		return false;
	for (size_t i = 0; i < digits.size; i++) {
		if (!scan_is_digit(digits.data[i]))
			return false;
		*out = *out * 10 + (digits.data[i] - '0');
	}
	return true;
}

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
	return whole(out, span_of(token.data, n));
}

static struct span part(struct span token, size_t offset, size_t size)
{
	return span_of(token.data + offset, size);
}

enum label { ANY, YEAR, MONTH };

static bool ymd_add(struct ymd *ymd, int32_t value, enum label label)
{
	if (ymd->n == YMD_MAX)
		return false;
	if (label == YEAR) {
		if (ymd->year_at != READ_UNSET)
			return false;
		ymd->year_at = ymd->n;
	} else if (label == MONTH) {
		if (ymd->month_at != READ_UNSET)
			return false;
		ymd->month_at = ymd->n;
	}
	ymd->values[ymd->n++] = value;
	return true;
}

/* A number of more than two digits can only be a year, even 024. */
static bool ymd_add_token(struct ymd *ymd, struct span token)
{
	int32_t value;

	if (!whole(&value, token))
		return false;
	ymd->century |= token.size > 2;
	return ymd_add(ymd, value, token.size > 2 ? YEAR : ANY);
}

static bool ymd_add_value(struct ymd *ymd, int32_t value)
{
	ymd->century |= value > 100;
	return ymd_add(ymd, value, value > 100 ? YEAR : ANY);
}

static bool could_be_day(const struct ymd *ymd, int32_t value)
{
	int32_t year = 2000;

	if (ymd->month_at == READ_UNSET)
		return value >= 1 && value <= 31;
	if (ymd->year_at != READ_UNSET)
		year = ymd->values[ymd->year_at];
	return value >= 1 && value <= calendar_month_days(year, ymd->values[ymd->month_at]);
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
		return decimal(&r->second, &r->microsecond, token);
	if (!decimal(&r->hour, &millionths, token))
		return false;
	if (millionths)
		r->minute = (int32_t)((int64_t)millionths * 60 / 1000000);
	return true;
}

/* Where the h, m or s of the number at i stands; READ_UNSET: nowhere. */
static int64_t hms_at(const struct reader *rd, size_t i)
{
	if (hms_of(token_at(rd, i + 1)) != READ_UNSET)
		return (int64_t)i + 1;
	if (is_byte(token_at(rd, i + 1), ' ') && hms_of(token_at(rd, i + 2)) != READ_UNSET)
		return (int64_t)i + 2;
	if (i > 0 && hms_of(token_at(rd, i - 1)) != READ_UNSET)
		return (int64_t)i - 1;
	if (i > 1 && i + 1 == rd->r->n_tokens && is_byte(token_at(rd, i - 1), ' ') &&
	    hms_of(token_at(rd, i - 2)) != READ_UNSET)
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
		if (ymd->n == 0 && is_whole(token))
			return ymd_add_token(ymd, part(token, 0, 2)) &&
			       ymd_add_token(ymd, part(token, 2, 2)) &&
			       ymd_add_token(ymd, part(token, 4, 2));
		return whole(&r->hour, part(token, 0, 2)) && whole(&r->minute, part(token, 2, 2)) &&
		       decimal(&r->second, &r->microsecond, part(token, 4, n - 4));
	}
	if (n != 8 && n != 12 && n != 14) {
		*taken = false;
		return true;
	}
	ok = ymd_add_token(ymd, part(token, 0, 4)) && ymd_add_token(ymd, part(token, 4, 2)) &&
	     ymd_add_token(ymd, part(token, 6, 2));
	if (ok && n > 8)
		ok = whole(&r->hour, part(token, 8, 2)) && whole(&r->minute, part(token, 10, 2));
	if (ok && n > 12)
		ok = whole(&r->second, part(token, 12, 2));
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
	if (second.size == 0 || is_jump(second))
		return true;
	if (is_whole(second) ? !ymd_add_token(&rd->ymd, second)
	                     : !(month_of(second) != READ_UNSET &&
	                         ymd_add(&rd->ymd, month_of(second), MONTH)))
		return false;
	*i += 1;
	if (!span_eq(token_at(rd, *i + 1), separator))
		return true;
	*i += 2;
	if (month_of(third) != READ_UNSET)
		return ymd_add(&rd->ymd, month_of(third), MONTH);
	return ymd_add_token(&rd->ymd, third);
}

/* HH:MM[:SS[.f]] */
static bool clock_time(struct reader *rd, size_t *i)
{
	struct reading *r = rd->r;

	if (!whole(&r->hour, token_at(rd, *i)) || !is_number(token_at(rd, *i + 2)) ||
	    !set_minutes(r, token_at(rd, *i + 2)))
		return false;
	*i += 2;
	if (!is_byte(token_at(rd, *i + 1), ':'))
		return true;
	*i += 2;
	return is_number(token_at(rd, *i)) &&
	       decimal(&r->second, &r->microsecond, token_at(rd, *i));
}

static bool lone_number(struct reader *rd, size_t *i, int32_t value)
{
	struct span next = token_at(rd, *i + 1);

	if (next.size == 0 || is_jump(next)) {
		int32_t ampm = ampm_of(token_at(rd, *i + 2));

		*i += 1;
		if (next.size == 0 || ampm == READ_UNSET)
			return ymd_add_value(&rd->ymd, value);
		rd->r->hour = adjust(value, ampm);
		rd->r->pm_or_am = true;
		*i += 1;
		return true;
	}
	if (ampm_of(next) != READ_UNSET && value < 24) {
		rd->r->hour = adjust(value, ampm_of(next));
		rd->r->pm_or_am = true;
		*i += 1;
		return true;
	}
	return could_be_day(&rd->ymd, value) && ymd_add_value(&rd->ymd, value);
}

static bool number(struct reader *rd, size_t *i)
{
	struct span token = token_at(rd, *i);
	struct span next = token_at(rd, *i + 1);
	int32_t value, millionths;
	int64_t hms;
	bool taken;

	if (rd->ymd.n == 3 && (token.size == 2 || token.size == 4) && is_whole(token) &&
	    rd->r->hour == READ_UNSET && !is_byte(next, ':') && hms_of(next) == READ_UNSET) {
		if (token.size == 4 && !whole(&rd->r->minute, part(token, 2, 2)))
			return false;
		return whole(&rd->r->hour, part(token, 0, 2));
	}
	if (!compact(rd, token, &taken))
		return false;
	if (taken)
		return true;
	hms = hms_at(rd, *i);
	if (hms != READ_UNSET) {
		int32_t which = hms_of(token_at(rd, (size_t)hms)) + (hms < (int64_t)*i);

		if (hms > (int64_t)*i)
			*i = (size_t)hms;
		return which > 2 || set_hms(rd->r, token, which);
	}
	if (is_byte(next, ':') && token_at(rd, *i + 2).size > 0)
		return clock_time(rd, i);
	if (is_byte(next, '-') || is_byte(next, '/') || is_byte(next, '.'))
		return separated(rd, i);
	return decimal(&value, &millionths, token) && lone_number(rd, i, value);
}

/* Jan-01[-99], "Jan of 01"; else the month alone. */
static bool month_name(struct reader *rd, size_t *i, int32_t month)
{
	struct span next = token_at(rd, *i + 1);

	if (!ymd_add(&rd->ymd, month, MONTH))
		return false;
	if (!is_byte(next, '-') && !is_byte(next, '/'))
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
	    !is_letter(token.data[0]))
		return false;
	if (is_byte(token, 'z'))
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

	/* "GMT+3" is turned round by dateutil: not worth being right about. */
	if (is_byte(next, '+') || is_byte(next, '-'))
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
	int32_t sign = is_byte(token_at(rd, *i), '-') ? -1 : 1;
	struct span hours = token_at(rd, *i + 1);
	int32_t h, m = 0;

	if (!is_whole(hours))
		return false;
	if (hours.size == 4) {
		if (!whole(&h, part(hours, 0, 2)) || !whole(&m, part(hours, 2, 2)))
			return false;
	} else if (is_byte(token_at(rd, *i + 2), ':')) {
		if (!whole(&h, hours) || !whole(&m, token_at(rd, *i + 3)))
			return false;
		*i += 2;
	} else if (hours.size > 2 || !whole(&h, hours)) {
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

	if (is_number(t))
		return number(rd, i);
	if (weekday_of(t) != READ_UNSET) {
		rd->r->weekday = weekday_of(t);
		return true;
	}
	if (month_of(t) != READ_UNSET)
		return month_name(rd, i, month_of(t));
	if (ampm_of(t) != READ_UNSET)
		return am_or_pm(rd, ampm_of(t));
	if (could_be_zone(rd, t))
		return zone_name(rd, *i);
	if (rd->r->hour != READ_UNSET && (is_byte(t, '+') || is_byte(t, '-')))
		return zone_offset(rd, i);
	return is_jump(t);
}

static void assign(struct reading *r, int32_t year, int32_t month, int32_t day)
{
	r->year = year;
	r->month = month;
	r->day = day;
}

/* Two of three are known, or all: the third is what is left. */
static bool resolve_known(struct reading *r, const struct ymd *ymd)
{
	int at[3] = { ymd->year_at, ymd->month_at, ymd->day_at };
	int n_known = 0;
	int missing = 0;
	int sum = 0;

	for (int i = 0; i < 3; i++) {
		if (at[i] == READ_UNSET) {
			missing = i;
		} else {
			n_known++;
			sum += at[i];
		}
	}
	if (ymd->n == 3 && n_known == 2)
		at[missing] = 3 - sum;
	else if (n_known == 0 || n_known != ymd->n)
		return false;
	assign(r, at[0] < 0 ? READ_UNSET : ymd->values[at[0]],
	       at[1] < 0 ? READ_UNSET : ymd->values[at[1]],
	       at[2] < 0 ? READ_UNSET : ymd->values[at[2]]);
	return true;
}

static void resolve_three(struct reading *r, const struct ymd *ymd)
{
	const int32_t *v = ymd->values;

	if (ymd->month_at == 0 && v[1] > 31)
		assign(r, v[1], v[0], v[2]); /* Apr-2003-25 */
	else if (ymd->month_at == 0)
		assign(r, v[2], v[0], v[1]);
	else if (ymd->month_at == 1 && v[0] > 31)
		assign(r, v[0], v[1], v[2]); /* 99-Jan-01 */
	else if (ymd->month_at == 1)
		assign(r, v[2], v[1], v[0]);
	else if (ymd->month_at == 2 && v[1] > 31)
		assign(r, v[1], v[2], v[0]); /* 01-99-Jan */
	else if (ymd->month_at == 2)
		assign(r, v[0], v[2], v[1]);
	else if (v[0] > 31 || ymd->year_at == 0)
		assign(r, v[0], v[1], v[2]); /* 99-01-01 */
	else if (v[0] > 12)
		assign(r, v[2], v[1], v[0]); /* 13-01-01 */
	else
		assign(r, v[2], v[0], v[1]);
}

static bool resolve(struct reading *r, const struct ymd *ymd)
{
	const int32_t *v = ymd->values;

	if (ymd->n == 0)
		return false;
	if (resolve_known(r, ymd))
		return true;
	if (ymd->n == 3) {
		resolve_three(r, ymd);
	} else if (ymd->month_at != READ_UNSET) {
		int32_t other = v[1 - ymd->month_at];

		assign(r, other > 31 ? other : READ_UNSET, v[ymd->month_at],
		       other > 31 ? READ_UNSET : other);
	} else if (ymd->n == 1) {
		assign(r, v[0] > 31 ? v[0] : READ_UNSET, READ_UNSET, v[0] > 31 ? READ_UNSET : v[0]);
	} else if (v[0] > 31) {
		assign(r, v[0], v[1], READ_UNSET);
	} else if (v[1] > 31) {
		assign(r, v[1], v[0], READ_UNSET);
	} else {
		assign(r, READ_UNSET, v[0], v[1]);
	}
	return true;
}

/* Two digits mean the year of that ending within fifty years of now. */
static int32_t full_year(int32_t year, int32_t this_year)
{
	year += this_year / 100 * 100;
	if (year >= this_year + 50)
		return year - 100;
	return year < this_year - 50 ? year + 100 : year;
}

bool date_read(struct reading *out, struct span text, int32_t this_year)
{
	struct reader rd = {
		.r = out,
		.ymd = { .year_at = READ_UNSET, .month_at = READ_UNSET, .day_at = READ_UNSET },
		.ampm = READ_UNSET
	};

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
	if (!tokenize(out, text))
		return false;
	for (size_t i = 0; i < out->n_tokens; i++) {
		if (!token(&rd, &i))
			return false;
	}
	if (!resolve(out, &rd.ymd))
		return false;
	if (out->year != READ_UNSET && out->year < 100 && !rd.ymd.century)
		out->year = full_year(out->year, this_year);
	return true;
}
