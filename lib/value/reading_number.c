#include "value/reading_window.h"
#include "value/scan.h"

/*
 * Decides what a number in a date is, by its size and its neighbours.
 *
 * The order of the rules is that of dateutil's `_parse_numeric_token`. A part of a time is
 * recognised at once; any other number is added to rd->ymd, whose numbers are assigned to year,
 * month and day at the end.
 */

/* A number with or without decimals. */
struct number {
	int32_t whole;
	bool decimals;      /* there are decimals other than zeros */
	bool is_splittable; /* at most 28 digits, so Python's Decimal can split off the decimals */
	int32_t sixtieths;  /* the decimals as a number of 1/60 */
	int32_t millionths; /* the decimals as a number of 1/1000000 */
};

static bool parse_number(struct number *out, struct span token)
{
	size_t n = scan_count_digits(token);
	size_t n_zeros = 0;
	int32_t carry = 0;

	*out = (struct number){ 0 };
	if (!token_is_number(token) || !token_whole(&out->whole, span_of(token.data, n)))
		return false;
	for (size_t i = token.size; i > n + 1; i--) {
		int32_t digit = token.data[i - 1] - '0';

		carry = (digit * 60 + carry) / 10;
		out->decimals |= digit != 0;
	}
	out->sixtieths = carry;
	while (n_zeros < n && token.data[n_zeros] == '0')
		n_zeros++;
	out->is_splittable = n - n_zeros <= 28;
	for (size_t i = n + 1; i < n + 7; i++)
		out->millionths = out->millionths * 10 + (i < token.size ? token.data[i] - '0' : 0);
	return true;
}

static bool set_seconds(struct reading *r, struct span token)
{
	struct number n;

	if (!parse_number(&n, token))
		return false;
	r->second = n.whole;
	r->microsecond = n.millionths;
	return true;
}

/* Decimals of a minute are its seconds; without decimals the seconds stay unset. */
static void set_minutes(struct reading *r, const struct number *n)
{
	r->minute = n->whole;
	r->second = n->decimals ? n->sixtieths : READ_UNSET;
}

/* Sets hours, minutes or seconds: `which` is 0, 1 or 2, and nothing is set for a larger one. */
static bool set_hms(struct reading *r, struct span token, int32_t which)
{
	struct number n;

	if (which == 2)
		return set_seconds(r, token);
	if (!parse_number(&n, token) || (which < 2 && !n.is_splittable))
		return false;
	if (which == 1) {
		set_minutes(r, &n);
	} else if (which == 0) {
		r->hour = n.whole;
		if (n.decimals)
			r->minute = n.sixtieths;
	}
	return true;
}

/* Returns the offset of the token h, m or s that belongs to the current number; 0: none does. */
static int find_hms(const struct reader *rd)
{
	if (token_hms(token_at(rd, 1)) != TOKEN_NONE)
		return 1;
	if (token_is_space(token_at(rd, 1)) && token_hms(token_at(rd, 2)) != TOKEN_NONE)
		return 2;
	if (token_hms(token_at(rd, -1)) != TOKEN_NONE)
		return -1;
	if (token_at(rd, 1).size == 0 && token_is_space(token_at(rd, -1)) &&
	    token_hms(token_at(rd, -2)) != TOKEN_NONE)
		return -2;
	return 0;
}

/* Takes YYMMDD, or HHMMSS[.f] if there is a date already. */
static bool take_six_digits(struct reader *rd, struct span token)
{
	struct reading *r = rd->r;

	if (rd->ymd.n == 0 && token_is_whole(token))
		return ymd_add_token(&rd->ymd, token_part(token, 0, 2)) &&
		       ymd_add_token(&rd->ymd, token_part(token, 2, 2)) &&
		       ymd_add_token(&rd->ymd, token_part(token, 4, 2));
	return token_whole(&r->hour, token_part(token, 0, 2)) &&
	       token_whole(&r->minute, token_part(token, 2, 2)) &&
	       set_seconds(r, token_part(token, 4, token.size - 4));
}

/* Takes YYYYMMDD[HHMM[SS]]. */
static bool take_many_digits(struct reader *rd, struct span token)
{
	struct reading *r = rd->r;

	if (!ymd_add_token(&rd->ymd, token_part(token, 0, 4)) ||
	    !ymd_add_token(&rd->ymd, token_part(token, 4, 2)) ||
	    !ymd_add_token(&rd->ymd, token_part(token, 6, 2)))
		return false;
	if (token.size > 8 && (!token_whole(&r->hour, token_part(token, 8, 2)) ||
	                       !token_whole(&r->minute, token_part(token, 10, 2))))
		return false;
	return token.size <= 12 || token_whole(&r->second, token_part(token, 12, 2));
}

/* HH[MM] after a complete date. */
static bool is_hour_after_date(const struct reader *rd, struct span token)
{
	return rd->ymd.n == 3 && (token.size == 2 || token.size == 4) &&
	       rd->r->hour == READ_UNSET && !is_byte_at(rd, 1, ':') &&
	       token_hms(token_at(rd, 1)) == TOKEN_NONE;
}

static bool take_hour_after_date(struct reading *r, struct span token)
{
	return token_whole(&r->hour, token_part(token, 0, 2)) &&
	       (token.size == 2 || token_whole(&r->minute, token_part(token, 2, 2)));
}

/* Takes HH:MM[:SS[.f]]. */
static bool take_time(struct reader *rd, int32_t hour, int *n_more)
{
	struct reading *r = rd->r;
	struct number minute;

	r->hour = hour;
	if (!parse_number(&minute, token_at(rd, 2)) || !minute.is_splittable)
		return false;
	set_minutes(r, &minute);
	*n_more = 2;
	if (!is_byte_at(rd, 3, ':') || token_at(rd, 4).size == 0)
		return true;
	*n_more = 4;
	return set_seconds(r, token_at(rd, 4));
}

/* Takes 01-02[-03] or 01-Jan[-03]. */
static bool take_separated(struct reader *rd, int *n_more)
{
	struct span second = token_at(rd, 2);
	struct span third = token_at(rd, 4);

	*n_more = 1;
	if (!ymd_add_token(&rd->ymd, token_at(rd, 0)))
		return false;
	if (second.size == 0 || token_is_jump(second))
		return true;
	*n_more = 2;
	if (token_is_whole(second) ? !ymd_add_token(&rd->ymd, second)
	                           : token_month(second) == TOKEN_NONE ||
	                                     !ymd_add_month(&rd->ymd, token_month(second)))
		return false;
	if (!span_eq(token_at(rd, 3), token_at(rd, 1)))
		return true;
	*n_more = 4;
	if (token_month(third) != TOKEN_NONE)
		return ymd_add_month(&rd->ymd, token_month(third));
	return ymd_add_token(&rd->ymd, third);
}

/* Takes a year, month or day that stands alone, or an hour before am or pm. */
static bool take_lone_number(struct reader *rd, const struct number *n, int *n_more)
{
	struct span next = token_at(rd, 1);
	bool is_followed_by_jump = next.size == 0 || token_is_jump(next);
	int32_t ampm = token_ampm(is_followed_by_jump ? token_at(rd, 2) : next);

	if (is_followed_by_jump) {
		*n_more = ampm == TOKEN_NONE ? 1 : 2;
		if (ampm == TOKEN_NONE)
			return ymd_add_value(&rd->ymd, n->whole, n->decimals);
		rd->r->hour = reading_hour(n->whole, ampm);
		return true;
	}
	if (ampm != TOKEN_NONE && n->whole < 24) {
		*n_more = 1;
		rd->r->hour = reading_hour(n->whole, ampm);
		return true;
	}
	return ymd_could_be_day(&rd->ymd, n->whole, n->decimals) &&
	       ymd_add_value(&rd->ymd, n->whole, n->decimals);
}

bool reading_number(struct reader *rd, int *n_more)
{
	struct span token = token_at(rd, 0);
	size_t size = token.size;
	struct number n;
	int hms;

	if (!parse_number(&n, token))
		return false;
	if (is_hour_after_date(rd, token))
		return take_hour_after_date(rd->r, token);
	if (size == 6 || (size > 6 && scan_count_digits(token) == 6))
		return take_six_digits(rd, token);
	if (size == 8 || size == 12 || size == 14)
		return take_many_digits(rd, token);
	hms = find_hms(rd);
	if (hms != 0) {
		/* A number after "h" is minutes, one after "m" seconds. */
		int32_t which = token_hms(token_at(rd, hms)) + (hms < 0);

		*n_more = hms < 0 ? 0 : hms;
		return set_hms(rd->r, token, which);
	}
	if (is_byte_at(rd, 1, ':') && token_at(rd, 2).size > 0)
		return take_time(rd, n.whole, n_more);
	if (is_byte_at(rd, 1, '-') || is_byte_at(rd, 1, '/') || is_byte_at(rd, 1, '.'))
		return take_separated(rd, n_more);
	return take_lone_number(rd, &n, n_more);
}
