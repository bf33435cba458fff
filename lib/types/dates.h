/*
 * Columns of dates: one form, one zone and one unit for all cells, as pandas infers them.
 */
#ifndef SHMPUB_TYPES_DATES_H
#define SHMPUB_TYPES_DATES_H

#include "types/verdict.h"

/* What has been seen of a column that may be dates. */
struct date_state {
	bool has_value;
	uint64_t first_row; /* of the first value */
	bool has_not_date;
	bool has_unknown_zone; /* has_not_date, and pandas fails */
	bool has_zone, is_mixed;
	int32_t offset_s;
	enum shmpub_unit unit;
	struct timestamp least, most; /* of all values, were they in one unit */
	struct date_format form;      /* of the first value, unless the form was given */
	struct date_cache cache;
};

#define DATE_STATE_NONE ((struct date_state){ .unit = SHMPUB_MICROSECOND })

/* False: not a date of the column's form. Its first value must have been shown to dates_begin. */
static inline bool dates_read(struct timestamp *out, struct date_state *s,
                              const struct date_format *form, struct span cell)
{
	return date_parse(out, form, &s->cache, cell);
}

/* False: not the reader alone, nor who refuses the format before looking at cells. */
static inline bool dates_know_nat(const struct column *c)
{
	return c->route != ROUTE_DATES_OF_READER &&
	       !(c->given_form && c->given_form->kind == DATE_NEVER);
}

/* No value, but no NA word either. */
static inline bool dates_is_null(const struct column *c, struct span cell)
{
	return dates_know_nat(c) ? value_is_nat(cell) : cell.size == 0;
}

/* The form of the column: given, or of the first value. */
static inline const struct date_format *dates_form(const struct date_state *s,
                                                   const struct column *c)
{
	return c->given_form ? c->given_form : &s->form;
}

/* A value that is no date: whether pandas fails over it. */
void dates_refuse(struct date_state *s, const struct column *c, struct span cell);
/* The form of the first value; false: no date. */
bool dates_begin(struct date_state *s, const struct column *c, struct span cell);
void dates_note(struct date_state *s, const struct timestamp *t, uint64_t row);
/* Adds what was seen of other rows of the column. */
void dates_join(struct date_state *s, const struct date_state *other);
struct verdict dates_verdict(const struct date_state *s, const struct column *c, uint64_t n_nulls);
/* Whether a fill has seen what the column is taken for. */
bool dates_hold(const struct date_state *s, const struct column_type *y, uint64_t n_nulls);

#endif
