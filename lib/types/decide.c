#include "types/decide.h"

#include "types/types.h"

/*
 * Decides the type of a column by its notes. For a given dtype the cells are read as this dtype, or
 * if they are of another one, as that and then cast without loss.
 */

static struct verdict asked_int(const struct evidence *e)
{
	struct verdict v = evidence_verdict(e);
	bool is_beyond = e->first_beyond < e->first_not_int && e->first_huge <= e->first_not_uint;

	if (!is_beyond && e->first_not_int != ROW_NONE &&
	    (v.reading == READ_FLOAT || v.reading == READ_BOOL))
		return verdict_of(v.reading, SHMPUB_INT64);
	return verdict_of(READ_INT, SHMPUB_INT64);
}

static struct verdict asked_float(const struct evidence *e)
{
	if (e->has_not_float && !e->has_not_bool)
		return verdict_of(READ_BOOL, SHMPUB_FLOAT64);
	return verdict_of(READ_FLOAT, SHMPUB_FLOAT64);
}

static struct verdict asked_bool(const struct evidence *e)
{
	struct verdict v = evidence_verdict(e);

	if (e->n_values && e->has_not_bool && (v.reading == READ_INT || v.reading == READ_FLOAT))
		return verdict_of(v.reading, SHMPUB_BOOL);
	return verdict_of(READ_BOOL, SHMPUB_BOOL);
}

/* The finished dictionary alone knows the type of its words: this is the likely one. */
static struct verdict asked_category(const struct evidence *e)
{
	if (e->n_values == 0 || e->is_text)
		return verdict_of(READ_CATEGORY, SHMPUB_TEXT);
	if (!e->has_not_float)
		return verdict_of(READ_CATEGORY, numeric_verdict(&e->numbers, false).type);
	return verdict_of(READ_CATEGORY, e->has_not_bool ? SHMPUB_TEXT : SHMPUB_BOOL);
}

static struct verdict asked_timestamp(const struct column *c, const struct column_notes *s)
{
	struct date_state dates = *s->dates;

	dates.has_not_date = false; /* the fill will refuse the cell that is no such date */
	dates.is_mixed = false;
	dates.least = dates.most = (struct timestamp){ .has_zone = dates.has_zone };
	if (!dates.has_value && s->n_nulls == 0)
		return verdict_of(READ_DATE, SHMPUB_TIMESTAMP);
	return dates_verdict(&dates, c, s->n_nulls);
}

static struct verdict inferred(const struct column *c, const struct evidence *e)
{
	return c->index_level >= 0 && !c->is_leading ? evidence_level_verdict(e, false)
	                                             : evidence_verdict(e);
}

struct verdict decide_type(const struct column *c, const struct column_notes *s)
{
	switch (c->dtype) {
	case CSV_DTYPE_INT64:
		return asked_int(&s->seen);
	case CSV_DTYPE_FLOAT64:
		return asked_float(&s->seen);
	case CSV_DTYPE_BOOL:
		return asked_bool(&s->seen);
	case CSV_DTYPE_STR:
		return verdict_of(READ_TEXT, SHMPUB_TEXT);
	case CSV_DTYPE_CATEGORY:
		return asked_category(&s->seen);
	case CSV_DTYPE_TIMESTAMP:
		return asked_timestamp(c, s);
	default:
		return column_is_date(c) ? dates_verdict(s->dates, c, s->n_nulls)
		                         : inferred(c, &s->seen);
	}
}

bool types_hold(const struct column_type *y, const struct column_notes *s, uint64_t n_rows)
{
	const struct column *c = y->plan;
	const struct evidence *e = &s->seen;

	if (s->is_broken)
		return false;
	if (y->verdict.reading == READ_DATE && !column_is_of_values(c))
		return dates_hold(s->dates, y, s->n_nulls);
	if (column_is_read_twice(c) || !column_has_field(c))
		return true; /* it was decided by all cells before the fill */
	if (c->dtype != CSV_DTYPE_AUTO || column_is_date(c))
		return true;
	switch (y->verdict.reading) {
	case READ_INT:
		return true;
	case READ_UINT:
		return e->has_unsigned && e->first_beyond < e->first_not_int;
	case READ_FLOAT:
		return e->first_beyond >= e->first_not_int &&
		       (e->first_not_int != ROW_NONE || e->n_nulls > 0);
	case READ_BOOL:
		if (s->n_nulls == n_rows)
			return false;
		if (y->verdict.type == SHMPUB_FLOAT64)
			return s->n_nulls > 0;
		return (y->verdict.kind == SHMPUB_KIND_BOOL) == (s->n_nulls > 0) &&
		       (e->n_values == 0 || evidence_verdict(e).reading == READ_BOOL);
	default:
		return inferred(c, e).reading == y->verdict.reading;
	}
}

bool types_misread(struct column_type *y, const struct column_notes *s)
{
	if (!s->has_inexact || y->are_floats || s->seen.first_not_int == ROW_NONE)
		return false;
	y->are_floats = true;
	return true;
}
