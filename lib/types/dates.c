#include "types/dates.h"

/*
 * pandas takes the form of the first value and wants every other cell to have it. One cell that is
 * no date of this form, a second zone, or a value that the unit cannot hold makes the whole column
 * text. The unit is microseconds, or nanoseconds when one cell has more than six decimals; a column
 * without any value has seconds.
 */

bool dates_begin(struct date_state *s, const struct column *c, struct span cell)
{
	if (c->given_form)
		return true;
	return c->route == ROUTE_DATES_OF_READER ? date_format_layout(&s->form, cell)
	                                         : date_format_infer(&s->form, cell);
}

void dates_refuse(struct date_state *s, const struct column *c, struct span cell)
{
	s->has_not_date = true;
	s->zone_has_other_case = (c->given_form || s->has_value) &&
	                         date_zone_has_other_case(dates_form(s, c), cell);
}

/* Compares moments: the zones count. */
static bool is_before(const struct timestamp *a, const struct timestamp *b)
{
	int64_t x = a->seconds - (a->has_zone ? a->offset_s : 0);
	int64_t y = b->seconds - (b->has_zone ? b->offset_s : 0);

	return x < y || (x == y && a->nanoseconds < b->nanoseconds);
}

static void widen_range(struct date_state *s, const struct timestamp *least,
                        const struct timestamp *most)
{
	if (!s->has_value || is_before(least, &s->least))
		s->least = *least;
	if (!s->has_value || is_before(&s->most, most))
		s->most = *most;
}

static bool fits(const struct timestamp *t, enum shmpub_unit unit)
{
	int64_t v;

	return timestamp_to_unit(&v, t, unit) && v != INT64_MIN;
}

void dates_note(struct date_state *s, const struct timestamp *t, uint64_t row)
{
	enum shmpub_unit unit = timestamp_unit(t);
	int32_t offset_s = t->has_zone ? t->offset_s : 0;

	if (s->has_value)
		s->is_mixed |= s->has_zone != t->has_zone || s->offset_s != offset_s;
	else
		s->first_row = row;
	widen_range(s, t, t);
	s->has_value = true;
	s->has_zone = t->has_zone;
	s->offset_s = offset_s;
	if (unit > s->unit)
		s->unit = unit;
}

static bool is_same_form(const struct date_format *a, const struct date_format *b)
{
	return a->kind == b->kind && a->layout_size == b->layout_size &&
	       memcmp(a->layout, b->layout, a->layout_size) == 0 &&
	       a->format_size == b->format_size &&
	       memcmp(a->format, b->format, a->format_size) == 0;
}

void dates_join(struct date_state *s, const struct date_state *other)
{
	s->has_not_date |= other->has_not_date;
	s->is_mixed |= other->is_mixed;
	if (!other->has_value)
		return;
	widen_range(s, &other->least, &other->most);
	if (s->has_value)
		s->is_mixed |= s->has_zone != other->has_zone || s->offset_s != other->offset_s;
	if (!s->has_value || other->first_row < s->first_row) {
		s->form = other->form;
		s->first_row = other->first_row;
	}
	s->has_value = true;
	s->has_zone = other->has_zone;
	s->offset_s = other->offset_s;
	if (other->unit > s->unit)
		s->unit = other->unit;
}

struct verdict dates_verdict(const struct date_state *s, const struct column *c, uint64_t n_nulls)
{
	struct verdict v = { .reading = READ_DATE,
		             .type = SHMPUB_TIMESTAMP,
		             .unit = s->unit,
		             .has_zone = s->has_zone,
		             .offset_s = s->offset_s };

	if (s->has_not_date || s->is_mixed ||
	    (s->has_value && (!fits(&s->least, s->unit) || !fits(&s->most, s->unit))))
		return verdict_of(READ_TEXT, SHMPUB_TEXT);
	/*
	 * pandas leaves text here, and all of it is NaN; the type of a level it infers once more.
	 */
	if (!s->has_value && !dates_know_nat(c))
		return c->infers_again ? verdict_of(READ_TEXT, SHMPUB_TEXT) : verdict_of_nan();
	if (!s->has_value && n_nulls == 0)
		return (struct verdict){ .reading = READ_NOTHING, .type = SHMPUB_NULL };
	if (!s->has_value)
		v.unit = SHMPUB_SECOND;
	return v;
}

bool dates_hold(const struct date_state *s, const struct column_type *y, uint64_t n_nulls)
{
	struct verdict v = dates_verdict(s, y->plan, n_nulls);

	return v.reading == READ_DATE && v.unit == y->verdict.unit &&
	       v.has_zone == y->verdict.has_zone && v.offset_s == y->verdict.offset_s &&
	       (y->plan->given_form || !s->has_value || is_same_form(&s->form, y->form));
}
