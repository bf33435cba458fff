#include "cell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "value/calendar.h"

/*
 * Text that reads back to the same value: floats in the fewest digits that do, and never
 * as integers; moments in one form for the whole column, with as many decimals as its
 * unit is told by (nine make nanoseconds) and none where none are needed.
 */

static const int64_t per_second[] = { [SHMPUB_SECOND] = 1,
	                              [SHMPUB_MILLISECOND] = 1000,
	                              [SHMPUB_MICROSECOND] = 1000000,
	                              [SHMPUB_NANOSECOND] = 1000000000 };

static int64_t floor_divide(int64_t *rest, int64_t a, int64_t b)
{
	int64_t q = a / b;

	*rest = a % b;
	if (*rest < 0) {
		*rest += b;
		q--;
	}
	return q;
}

static int64_t int64_at(const struct shmpub_column *c, uint64_t row)
{
	return ((const int64_t *)c->values)[row];
}

/* "+02:00" to seconds; anything else is UTC. */
static int zone_offset(const char *zone)
{
	int hours, minutes;
	char sign;

	if (sscanf(zone, "%c%2d:%2d", &sign, &hours, &minutes) != 3 || (sign != '+' && sign != '-'))
		return 0;
	return (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

static void set_zone(struct cell_time *t, const char *zone)
{
	unsigned minutes;

	t->offset_s = zone_offset(zone);
	minutes = (unsigned)abs(t->offset_s) / 60;
	(void)snprintf(t->zone, sizeof(t->zone), "%c%02u:%02u", t->offset_s < 0 ? '-' : '+',
	               minutes / 60 % 100, minutes % 60);
}

struct cell_time cell_time_of(const struct shmpub_column *column, char separator)
{
	static const int most[] = { 0, 3, 6, 9 };
	const struct shmpub_column *c = column->dictionary != NULL ? column->dictionary : column;
	struct cell_time t = { .separator = separator };
	int64_t unit = per_second[c->unit];
	bool has_decimals = c->unit == SHMPUB_NANOSECOND, has_time = has_decimals;

	for (uint64_t i = 0; i < c->n_rows && !has_decimals; i++) {
		int64_t rest;

		if (!column_is_valid(c, i))
			continue;
		(void)floor_divide(&rest, int64_at(c, i), unit * SECONDS_PER_DAY);
		has_time = has_time || rest != 0;
		has_decimals = rest % unit != 0;
	}
	t.decimals = has_decimals ? most[c->unit] : 0;
	if (column->timezone != NULL)
		set_zone(&t, column->timezone);
	t.is_date = !has_time && !has_decimals && column->timezone == NULL;
	return t;
}

struct span cell_moment(char room[CELL_SIZE], int64_t value, enum shmpub_unit unit,
                        const struct cell_time *t)
{
	int64_t fraction, seconds, days, year;
	int32_t month, day;
	int n, s;

	seconds = floor_divide(&fraction, value, per_second[unit]) + t->offset_s;
	days = floor_divide(&seconds, seconds, SECONDS_PER_DAY);
	s = (int)seconds;
	calendar_date(days, &year, &month, &day);
	n = snprintf(room, CELL_SIZE, "%04" PRId64 "-%02d-%02d", year, (int)month, (int)day);
	if (!t->is_date)
		n += snprintf(room + n, CELL_SIZE - (size_t)n, "%c%02d:%02d:%02d", t->separator,
		              s / 3600, s / 60 % 60, s % 60);
	if (t->decimals > 0) {
		fraction *= INT64_C(1000000000) / per_second[unit];
		(void)snprintf(room + n, CELL_SIZE - (size_t)n, ".%09" PRId64, fraction);
		n += t->decimals + 1;
	}
	n += snprintf(room + n, CELL_SIZE - (size_t)n, "%s", t->zone);
	return span_of(room, (size_t)n);
}

static struct span float_text(char room[CELL_SIZE], double v)
{
	int n = 0;

	for (int digits = 15; digits <= 17; digits++) {
		n = snprintf(room, CELL_SIZE, "%.*g", digits, v);
		if (strtod(room, NULL) == v)
			break;
	}
	if (strpbrk(room, ".en") == NULL)
		n += snprintf(room + n, CELL_SIZE - (size_t)n, ".0");
	return span_of(room, (size_t)n);
}

struct span cell_text(char room[CELL_SIZE], const struct shmpub_column *column, uint64_t row,
                      const struct cell_time *t)
{
	const struct shmpub_column *c = column_resolve(column, &row);

	switch (c->type) {
	case SHMPUB_BOOL:
		return span_str(bit_get(c->values, row) ? "True" : "False");
	case SHMPUB_INT64:
		return span_of(room,
		               (size_t)snprintf(room, CELL_SIZE, "%" PRId64, int64_at(c, row)));
	case SHMPUB_UINT64:
		return span_of(room, (size_t)snprintf(room, CELL_SIZE, "%" PRIu64,
		                                      (uint64_t)int64_at(c, row)));
	case SHMPUB_FLOAT64:
		return float_text(room, ((const double *)c->values)[row]);
	case SHMPUB_TIMESTAMP:
		return cell_moment(room, int64_at(c, row), c->unit, t);
	case SHMPUB_TEXT:
		return column_text(c, row);
	case SHMPUB_NULL:
		break;
	}
	return SPAN_NONE;
}
