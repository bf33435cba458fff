#include "fill/fill.h"

#include <math.h>
#include "columns/table.h"
#include "types/again.h"
#include "types/second_look.h"

/*
 * Fills levels whose type pandas infers a second time (types/again.h), and columns without a
 * field.
 */

static bool put(struct column_sink *sink, uint64_t row, const struct column_type *y,
                const struct columns *s, struct span cell)
{
	bool b;

	switch (y->verdict.reading) {
	case READ_INT:
		return value_int((int64_t *)sink->values + row, cell) == INT_SIGNED;
	case READ_UINT:
		return value_uint((uint64_t *)sink->values + row, cell) == UINT_VALUE;
	case READ_FLOAT:
		return value_float_reparsed((double *)sink->values + row, cell);
	default:
		if (!second_look_bool(&b, s, cell))
			return false;
		if (y->verdict.type == SHMPUB_FLOAT64)
			((double *)sink->values)[row] = b;
		else /* where 0 is NA, pandas puts NaN for False into an array of bools: that is True */
			bit_put(sink->values, row,
			        b || (y->plan->route == ROUTE_COMPARED &&
			              column_is_na_number(y->plan, 0)));
		return true;
	}
}

static bool is_null(const struct column_type *y, struct span cell)
{
	bool is_float_of_bool = y->verdict.reading == READ_BOOL &&
	                        y->verdict.type == SHMPUB_FLOAT64;
	double f;

	if (is_float_of_bool && cell.data)
		return column_is_na_number(y->plan, span_is(cell, "True"));
	return cell.data == NULL ||
	       (y->verdict.reading == READ_FLOAT && value_float_reparsed(&f, cell) &&
	        second_look_is_null(y, cell, f));
}

void fill_again(struct filler *f, size_t column, const struct tile *t)
{
	const struct column_type *y = &f->types[column];
	const struct column *c = y->plan;
	struct column_sink *sink = &f->sink->columns[column];

	for (size_t i = 0; i < t->n_rows; i++) {
		uint64_t row = t->first_row + i;
		struct span cell = again_cell(&f->cells, y, f->plan,
		                              cells_text(&f->cells, tile_raw(t, i, c->source)));

		if (is_null(y, cell)) {
			f->notes[column].n_nulls++;
			bit_put(sink->validity, row, false);
			if (y->verdict.type == SHMPUB_FLOAT64)
				((double *)sink->values)[row] = NAN;
			continue;
		}
		again_note_large(&f->notes[column], y, cell, tile_offset(t, i, c->source));
		if (!put(sink, row, y, f->plan, cell)) {
			fill_refuse(f, column, t, i);
			return;
		}
	}
}

void fill_missing(struct filler *f, size_t column, const struct tile *t)
{
	for (size_t i = 0; i < t->n_rows; i++)
		bit_put(f->sink->columns[column].validity, t->first_row + i, false);
	f->notes[column].n_nulls += t->n_rows;
}
