#include "ingest/dates.h"

/*
 * pandas settles on the form of the first value and wants every other cell to have it;
 * a cell that is no date of that form, a second zone, or a value outside the unit leaves
 * the whole column text. The unit is microseconds, or nanoseconds when one cell has more
 * than six decimals; a column without a single value is seconds.
 */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits where the other has digits, and the same bytes between them. */
static bool has_form(struct span a, struct span b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++) {
		if (is_digit(a.data[i]) != is_digit(b.data[i]) ||
		    (!is_digit(a.data[i]) && a.data[i] != b.data[i]))
			return false;
	}
	return true;
}

bool date_read(struct timestamp *out, struct date_state *s, const struct column *c,
               struct span cell)
{
	if (s->first.data == NULL)
		s->first = cell;
	else if (c->date_format.data == NULL && !has_form(s->first, cell))
		return false;
	return value_iso8601(out, cell);
}

void date_note(struct date_state *s, const struct timestamp *t)
{
	enum shmpub_unit unit = timestamp_unit(t);

	if (s->has_value)
		s->is_mixed |= s->has_zone != t->has_zone || s->offset_s != t->offset_s;
	s->has_value = true;
	s->has_zone = t->has_zone;
	s->offset_s = t->has_zone ? t->offset_s : 0;
	if (unit > s->unit)
		s->unit = unit;
}

void date_join(struct date_state *s, const struct date_state *o, const struct column *c)
{
	s->has_not_date |= o->has_not_date;
	s->is_mixed |= o->is_mixed;
	if (!o->has_value)
		return;
	if (s->has_value) {
		s->is_mixed |= s->has_zone != o->has_zone || s->offset_s != o->offset_s;
		s->has_not_date |= c->date_format.data == NULL && !has_form(s->first, o->first);
	} else {
		s->first = o->first;
	}
	s->has_value = true;
	s->has_zone = o->has_zone;
	s->offset_s = o->offset_s;
	if (o->unit > s->unit)
		s->unit = o->unit;
}

struct verdict date_verdict(const struct date_state *s, uint64_t n_nulls)
{
	struct verdict v = { .reading = READ_DATE,
		             .type = SHMPUB_TIMESTAMP,
		             .unit = s->unit,
		             .has_zone = s->has_zone,
		             .offset_s = s->offset_s };

	if (s->has_not_date || s->is_mixed)
		return (struct verdict){ .reading = READ_TEXT, .type = SHMPUB_TEXT };
	if (!s->has_value && n_nulls == 0)
		return (struct verdict){ .reading = READ_NOTHING, .type = SHMPUB_NULL };
	if (!s->has_value)
		v.unit = SHMPUB_SECOND;
	return v;
}
