#include "ingest/dates.h"

/*
 * pandas settles on the form of the first value and wants every other cell to have it;
 * a cell that is no date of that form, a second zone, or a value outside the unit leaves
 * the whole column text. The unit is microseconds, or nanoseconds when one cell has more
 * than six decimals; a column without a single value is seconds.
 */

bool dates_begin(struct date_state *s, const struct column *c, struct span cell)
{
	if (c->is_form_given)
		return true;
	return c->route == ROUTE_DATES_OF_READER ? date_format_layout(&s->form, cell)
	                                         : date_format_infer(&s->form, cell);
}

void dates_refuse(struct date_state *s, const struct column *c, struct span cell)
{
	s->has_not_date = true;
	s->has_unknown_zone = (c->is_form_given || s->has_value) &&
	                      date_zone_is_unknown(c->is_form_given ? c->form : &s->form, cell);
}

/* Before the other, as moments. */
static bool is_before(const struct timestamp *a, const struct timestamp *b)
{
	int64_t x = a->seconds - (a->has_zone ? a->offset_s : 0);
	int64_t y = b->seconds - (b->has_zone ? b->offset_s : 0);

	return x < y || (x == y && a->nanoseconds < b->nanoseconds);
}

static void stretch(struct date_state *s, const struct timestamp *least,
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

void dates_note(struct date_state *s, const struct timestamp *t)
{
	enum shmpub_unit unit = timestamp_unit(t);
	int32_t offset_s = t->has_zone ? t->offset_s : 0;

	if (s->has_value)
		s->is_mixed |= s->has_zone != t->has_zone || s->offset_s != offset_s;
	stretch(s, t, t);
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

void dates_join(struct date_state *s, const struct date_state *later, const struct column *c)
{
	s->has_not_date |= later->has_not_date;
	s->is_mixed |= later->is_mixed;
	if (!later->has_value)
		return;
	stretch(s, &later->least, &later->most);
	if (s->has_value)
		s->is_mixed |= s->has_zone != later->has_zone || s->offset_s != later->offset_s;
	else if (!c->is_form_given)
		s->form = later->form;
	s->has_value = true;
	s->has_zone = later->has_zone;
	s->offset_s = later->offset_s;
	if (later->unit > s->unit)
		s->unit = later->unit;
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
		return (struct verdict){ .reading = READ_TEXT, .type = SHMPUB_TEXT };
	/* Text of which there is none: NaN for pandas, and a level is looked at once more. */
	if (!s->has_value && !dates_know_nat(c))
		return c->infers_again
		               ? (struct verdict){ .reading = READ_TEXT, .type = SHMPUB_TEXT }
		               : (struct verdict){ .reading = READ_BOOL,
			                           .type = SHMPUB_BOOL,
			                           .kind = SHMPUB_KIND_BOOL };
	if (!s->has_value && n_nulls == 0)
		return (struct verdict){ .reading = READ_NOTHING, .type = SHMPUB_NULL };
	if (!s->has_value)
		v.unit = SHMPUB_SECOND;
	return v;
}

bool dates_hold(const struct date_state *s, const struct column *c, uint64_t n_nulls)
{
	struct verdict v = dates_verdict(s, c, n_nulls);

	return v.reading == READ_DATE && v.unit == c->verdict.unit &&
	       v.has_zone == c->verdict.has_zone && v.offset_s == c->verdict.offset_s &&
	       (c->is_form_given || !s->has_value || is_same_form(&s->form, c->form));
}
