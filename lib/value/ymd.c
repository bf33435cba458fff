#include "value/ymd.h"
#include "value/calendar.h"
#include "value/token.h"

/*
 * Decides which number is the year, which the month and which the day.
 *
 * A month that is written by its name is known, and so is a year, which has more than two digits
 * or is above 100. The other numbers are told apart by their value (above 31: the year; above
 * 12: not the month) and by their order, which is month, day, year unless a value forbids that.
 */

enum label { ANY, YEAR, MONTH };

static bool add_labelled(struct ymd *ymd, int32_t value, enum label label)
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

bool ymd_add_month(struct ymd *ymd, int32_t month)
{
	return add_labelled(ymd, month, MONTH);
}

bool ymd_add_year(struct ymd *ymd, int32_t year)
{
	ymd->has_full_year = true;
	return add_labelled(ymd, year, YEAR);
}

bool ymd_add_token(struct ymd *ymd, struct span token)
{
	int32_t value;

	if (!token_whole(&value, token))
		return false;
	return token.size > 2 ? ymd_add_year(ymd, value) : add_labelled(ymd, value, ANY);
}

bool ymd_add_value(struct ymd *ymd, int32_t value, bool decimals)
{
	if (value > 100 || (value == 100 && decimals))
		return ymd_add_year(ymd, value);
	return add_labelled(ymd, value, ANY);
}

bool ymd_could_be_day(const struct ymd *ymd, int32_t value, bool decimals)
{
	int32_t year = 2000;
	int32_t n_days = 31;

	if (ymd->month_at != READ_UNSET) {
		if (ymd->year_at != READ_UNSET)
			year = ymd->values[ymd->year_at];
		n_days = calendar_month_days(year, ymd->values[ymd->month_at]);
	}
	return value >= 1 && (value < n_days || (value == n_days && !decimals));
}

static void assign(struct reading *r, int32_t year, int32_t month, int32_t day)
{
	r->year = year;
	r->month = month;
	r->day = day;
}

/* Resolves if every number is known, or two of three: the third is then known as well. */
static bool resolve_known(struct reading *r, const struct ymd *ymd)
{
	int at[3] = { ymd->year_at, ymd->month_at, READ_UNSET };
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

/* Returns the order of three numbers, a letter for each: y, m or d. */
static const char *order_of_three(const struct ymd *ymd)
{
	const int32_t *v = ymd->values;

	switch (ymd->month_at) {
	case 0:
		return v[1] > 31 ? "myd" : "mdy"; /* Apr-2003-25 */
	case 1:
		return v[0] > 31 ? "ymd" : "dmy"; /* 99-Jan-01 */
	case 2:
		return v[1] > 31 ? "dym" : "ydm"; /* 01-99-Jan */
	default:
		if (v[0] > 31 || ymd->year_at == 0)
			return "ymd";
		return v[0] > 12 ? "dmy" : "mdy"; /* 13-01-99 */
	}
}

static void resolve_three(struct reading *r, const struct ymd *ymd)
{
	const char *order = order_of_three(ymd);

	for (int i = 0; i < YMD_MAX; i++) {
		int32_t *field = order[i] == 'y' ? &r->year : order[i] == 'm' ? &r->month : &r->day;

		*field = ymd->values[i];
	}
}

bool ymd_resolve(struct reading *r, const struct ymd *ymd)
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
