/*
 * Columns of dates: all cells have one form, one zone and one unit, which pandas infers.
 *
 * Threads: a date_state belongs to one thread. States of different rows can be joined.
 */
#ifndef SHMPUB_TYPES_DATES_H
#define SHMPUB_TYPES_DATES_H

#include "types/verdict.h"

/* What has been seen of a column that may be dates. */
struct date_state {
	bool has_value;
	uint64_t first_row;           /* of the first value */
	bool has_not_date;            /* a cell is no date: the column is text */
	bool zone_has_other_case;     /* ... and pandas raises an error because of its zone */
	bool has_zone, is_mixed;      /* is_mixed: two values differ in their zone */
	int32_t offset_s;             /* of the zone */
	enum shmpub_unit unit;        /* the finest that a value needs */
	struct timestamp least, most; /* the first and the last moment */
	struct date_format form;      /* of the first value; unset if the form was given */
	struct date_cache cache;
};

#define DATE_STATE_NONE ((struct date_state){ .unit = SHMPUB_MICROSECOND })

/* Returns false if the cell is no date of the form. dates_begin() must have had the first value. */
static inline bool dates_read(struct timestamp *out, struct date_state *s,
                              const struct date_format *form, struct span cell)
{
	return date_parse(out, form, &s->cache, cell);
}

/*
 * Returns true if pandas takes "NaT" and the like for a missing date. Its reader does not, nor does
 * pandas know NaT if it refuses the format before it looks at a cell.
 */
static inline bool dates_know_nat(const struct column *c)
{
	return c->route != ROUTE_DATES_OF_READER &&
	       !(c->given_form && c->given_form->kind == DATE_NEVER);
}

/* Returns true for a cell that is a missing date without being an NA word. */
static inline bool dates_is_null(const struct column *c, struct span cell)
{
	return dates_know_nat(c) ? value_is_nat(cell) : cell.size == 0;
}

/* Returns the form that was given, or that of the first value. */
static inline const struct date_format *dates_form(const struct date_state *s,
                                                   const struct column *c)
{
	return c->given_form ? c->given_form : &s->form;
}

/* Notes a value that is no date, and whether pandas raises an error because of it. */
void dates_refuse(struct date_state *s, const struct column *c, struct span cell);
/* Infers the form from the first value, unless one was given. Returns false if it is no date. */
bool dates_begin(struct date_state *s, const struct column *c, struct span cell);
/* Notes a date that dates_read() has read. */
void dates_note(struct date_state *s, const struct timestamp *t, uint64_t row);
/* Adds the state of other rows of the column. */
void dates_join(struct date_state *s, const struct date_state *other);
/* Returns what the column is after all its cells, or a sample of them, have been noted. */
struct verdict dates_verdict(const struct date_state *s, const struct column *c, uint64_t n_nulls);
/* Returns true if the state after a fill agrees with the verdict by which it was filled. */
bool dates_hold(const struct date_state *s, const struct column_type *y, uint64_t n_nulls);

#endif
