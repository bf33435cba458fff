#include "value/reading_window.h"
#include "value/scan.h"

/*
 * A number in a date: what it is by its length and by its neighbours.
 *
 * The order of the rules is that of dateutil's `_parse_numeric_token`. A time says itself
 * what it is; a number that is left over waits in rd->ymd for the end.
 */

static size_t n_whole_digits(struct span number)
{
	size_t n = 0;

	while (n < number.size && scan_is_digit(number.data[n]))
		n++;
	return n;
}

/* A number with or without decimals. */
struct number {
	int32_t whole;
	bool decimals; /* other than zeros */
	bool is_split; /* Python's Decimal can tell whole and decimals apart: 28 digits */
	int32_t sixtieths;
	int32_t millionths;
};

static bool number_of(struct number *out, struct span token)
{
	size_t n = n_whole_digits(token);
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
	out->is_split = n - n_zeros <= 28;
	for (size_t i = n + 1; i < n + 7; i++)
		out->millionths = out->millionths * 10 + (i < token.size ? token.data[i] - '0' : 0);
	return true;
}

static bool set_seconds(struct reading *r, struct span token)
{
	struct number n;

	if (!number_of(&n, token))
		return false;
	r->second = n.whole;
	r->microsecond = n.millionths;
	return true;
}

/* Decimals of a minute are seconds; none written leaves them open. */
static void set_minutes(struct reading *r, const struct number *n)
{
	r->minute = n->whole;
	r->second = n->decimals ? n->sixtieths : READ_UNSET;
}

static bool set_hms(struct reading *r, struct span token, int32_t which)
{
	struct number n;

	if (which == 2)
		return set_seconds(r, token);
	if (!number_of(&n, token) || (which < 2 && !n.is_split))
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

/* Where the h, m or s of the number stands: an offset, or 0 for nowhere. */
static int hms_at(const struct reader *rd)
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

/* YYMMDD, or HHMMSS[.f] once there is a date. */
static bool six_digits(struct reader *rd, struct span token)
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

/* YYYYMMDD[HHMM[SS]] */
static bool many_digits(struct reader *rd, struct span token)
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

/* HH[MM] behind a whole date. */
static bool is_hour_behind_date(const struct reader *rd, struct span token)
{
	return rd->ymd.n == 3 && (token.size == 2 || token.size == 4) &&
	       rd->r->hour == READ_UNSET && !is_byte_at(rd, 1, ':') &&
	       token_hms(token_at(rd, 1)) == TOKEN_NONE;
}

static bool hour_behind_date(struct reading *r, struct span token)
{
	return token_whole(&r->hour, token_part(token, 0, 2)) &&
	       (token.size == 2 || token_whole(&r->minute, token_part(token, 2, 2)));
}

/* HH:MM[:SS[.f]] */
static bool clock_time(struct reader *rd, int32_t hour, int *n_more)
{
	struct reading *r = rd->r;
	struct number minute;

	r->hour = hour;
	if (!number_of(&minute, token_at(rd, 2)) || !minute.is_split)
		return false;
	set_minutes(r, &minute);
	*n_more = 2;
	if (!is_byte_at(rd, 3, ':') || token_at(rd, 4).size == 0)
		return true;
	*n_more = 4;
	return set_seconds(r, token_at(rd, 4));
}

/* 01-02[-03], 01-Jan[-03] */
static bool separated(struct reader *rd, int *n_more)
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

/* A year, month or day by itself, or an hour before am or pm. */
static bool lone_number(struct reader *rd, const struct number *n, int *n_more)
{
	struct span next = token_at(rd, 1);
	bool jumps = next.size == 0 || token_is_jump(next);
	int32_t ampm = token_ampm(jumps ? token_at(rd, 2) : next);

	if (jumps) {
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

	if (!number_of(&n, token))
		return false;
	if (is_hour_behind_date(rd, token))
		return hour_behind_date(rd->r, token);
	if (size == 6 || (size > 6 && n_whole_digits(token) == 6))
		return six_digits(rd, token);
	if (size == 8 || size == 12 || size == 14)
		return many_digits(rd, token);
	hms = hms_at(rd);
	if (hms != 0) {
		/* What follows hours are minutes. */
		int32_t which = token_hms(token_at(rd, hms)) + (hms < 0);

		*n_more = hms < 0 ? 0 : hms;
		return set_hms(rd->r, token, which);
	}
	if (is_byte_at(rd, 1, ':') && token_at(rd, 2).size > 0)
		return clock_time(rd, n.whole, n_more);
	if (is_byte_at(rd, 1, '-') || is_byte_at(rd, 1, '/') || is_byte_at(rd, 1, '.'))
		return separated(rd, n_more);
	return lone_number(rd, &n, n_more);
}
