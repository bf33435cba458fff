#include "ingest/part.h"

#include "columns/table.h"
#include "ingest/again.h"

/*
 * Categories and dates. A category's cells become numbers in the order in which words
 * are met; round 2 puts the sorted dictionary's codes in their place.
 */

void fill_category(struct part *p, size_t column, const struct tile *t)
{
	const struct column *c = &p->in->columns.columns[column];
	struct column_sink *sink = &p->sink->columns[column];
	uint32_t *out = (uint32_t *)sink->values + t->first_row;
	struct column_state *s = &p->states[column];
	struct span cell;
	int r;

	for (size_t i = 0; i < t->n_rows; i++) {
		cell = part_cell(p, tile_raw(t, i, c->source));
		out[i] = 0;
		if (!part_is_bearable(p, tile_raw(t, i, c->source)))
			return;
		if (column_is_na(c, cell)) {
			s->n_nulls++;
			bit_put(sink->validity, t->first_row + i, false);
			continue;
		}
		r = dictionary_put(&s->dictionary, &out[i], cell, &p->error);
		if (r && p->result == SHMPUB_OK)
			p->result = r;
		if (p->result)
			return;
	}
}

/* A moment of the column's zone and unit. */
static bool is_of(const struct verdict *v, const struct timestamp *t, int64_t *out)
{
	return v->has_zone == t->has_zone && (!v->has_zone || v->offset_s == t->offset_s) &&
	       timestamp_to_unit(out, t, v->unit) && *out != INT64_MIN;
}

/*
 * The plain dates from row i on; returns the row behind them. Not before a first one has been
 * noted with its zone, nor, in a column of nanoseconds, before one that needs them: the notes
 * prove the verdict.
 */
static size_t take_dates(int64_t *out, const struct part *p, struct column_state *s,
                         const struct column *c, const struct tile *t, size_t i,
                         struct batch_empty *empty)
{
	struct batch_dates dates = { .format = c->form,
		                     .unit = c->verdict.unit,
		                     .has_zone = c->verdict.has_zone,
		                     .offset_s = c->verdict.offset_s };
	struct trimmed trimmed;
	struct cell_run run;

	if (!s->dates->has_value || s->dates->unit != c->verdict.unit || column_is_of_values(c) ||
	    c->na->has_digits || !part_has_plain_quotes(p))
		return i;
	part_trim(&trimmed, false);
	for (size_t n = 1; n && i < t->n_rows; i += n) {
		run = part_run(&trimmed, &n, p, t, i, c->source);
		empty->row = t->first_row + i;
		n = batch_timestamp(out + i, &s->dates->cache, &dates, &run, n, empty);
	}
	return i;
}

void fill_date(struct part *p, size_t column, const struct tile *t)
{
	const struct column *c = &p->in->columns.columns[column];
	struct column_sink *sink = &p->sink->columns[column];
	int64_t *out = (int64_t *)sink->values + t->first_row;
	struct column_state *s = &p->states[column];
	struct batch_empty empty = { .validity = sink->validity };
	struct timestamp moment;
	struct span cell;

	for (size_t i = 0; i < t->n_rows; i++) {
		i = take_dates(out, p, s, c, t, i, &empty);
		if (i == t->n_rows)
			break;
		cell = again_cell(p, c, part_cell(p, tile_raw(t, i, c->source)));
		if (cell.data == NULL || dates_is_null(c, cell)) {
			s->n_nulls++;
			bit_put(sink->validity, t->first_row + i, false);
			out[i] = INT64_MIN;
			continue;
		}
		if ((!s->dates->has_value && !dates_begin(s->dates, c, cell)) ||
		    !dates_read(&moment, s->dates, c->form, cell) ||
		    !is_of(&c->verdict, &moment, &out[i])) {
			part_refuse(p, column, t, i);
			return;
		}
		dates_note(s->dates, &moment);
	}
	s->n_nulls += empty.n;
}
