#include "fill/fill.h"

#include "columns/table.h"
#include "rows/trim.h"
#include "types/again.h"

/* Returns false if the moment has another zone than the column, or its unit cannot hold it. */
static bool convert(const struct verdict *v, const struct timestamp *t, int64_t *out)
{
	return v->has_zone == t->has_zone && (!v->has_zone || v->offset_s == t->offset_s) &&
	       timestamp_to_unit(out, t, v->unit) && *out != INT64_MIN;
}

/*
 * Parses dates from row i on in batches, and returns the first row that it leaves to the caller.
 *
 * A batch leaves no notes, but the notes must prove the verdict. So it does nothing until a date
 * with its zone has been noted, and for nanoseconds until a date has been noted that needs them.
 */
static size_t take_dates(int64_t *out, const struct filler *f, struct column_notes *s,
                         const struct column_type *y, const struct tile *t, size_t i,
                         struct batch_empty *empty)
{
	const struct column *c = y->plan;
	struct batch_dates dates = { .format = y->form,
		                     .unit = y->verdict.unit,
		                     .has_zone = y->verdict.has_zone,
		                     .offset_s = y->verdict.offset_s };
	struct trimmed trimmed;
	struct cell_run run;

	if (!s->dates->has_value || s->dates->unit != y->verdict.unit || column_is_of_values(c) ||
	    c->na->has_digits || !f->plan->has_plain_quotes)
		return i;
	trim_begin(&trimmed, false);
	for (size_t n = 1; n && i < t->n_rows; i += n) {
		run = trim_run(&trimmed, &n, f->cells.dialect, t, i, c->source);
		empty->row = t->first_row + i;
		n = batch_timestamp(out + i, &s->dates->cache, &dates, &run, n, empty);
	}
	return i;
}

void fill_date(struct filler *f, size_t column, const struct tile *t)
{
	const struct column_type *y = &f->types[column];
	const struct column *c = y->plan;
	struct column_sink *sink = &f->sink->columns[column];
	int64_t *out = (int64_t *)sink->values + t->first_row;
	struct column_notes *s = &f->notes[column];
	struct batch_empty empty = { .validity = sink->validity };
	struct timestamp moment;
	struct span cell;

	for (size_t i = 0; i < t->n_rows; i++) {
		i = take_dates(out, f, s, y, t, i, &empty);
		if (i == t->n_rows)
			break;
		cell = again_cell(&f->cells, y, f->plan,
		                  cells_text(&f->cells, tile_raw(t, i, c->source)));
		if (cell.data == NULL || dates_is_null(c, cell)) {
			s->n_nulls++;
			bit_put(sink->validity, t->first_row + i, false);
			out[i] = INT64_MIN;
			continue;
		}
		if ((!s->dates->has_value && !dates_begin(s->dates, c, cell)) ||
		    !dates_read(&moment, s->dates, y->form, cell) ||
		    !convert(&y->verdict, &moment, &out[i])) {
			fill_refuse(f, column, t, i);
			return;
		}
		dates_note(s->dates, &moment, t->first_row + i);
	}
	s->n_nulls += empty.n;
}
