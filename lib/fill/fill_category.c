#include "fill/fill.h"

#include "columns/table.h"

/*
 * Fills categories. A cell becomes the number of its word in the dictionary. When the dictionary
 * has been sorted, ingest/verdict.c replaces these numbers by the final codes.
 */

void fill_category(struct filler *f, size_t column, const struct tile *t)
{
	const struct column *c = &f->plan->columns[column];
	struct column_sink *sink = &f->sink->columns[column];
	uint32_t *out = (uint32_t *)sink->values + t->first_row;
	struct column_notes *s = &f->notes[column];
	struct span cell;
	int r;

	for (size_t i = 0; i < t->n_rows; i++) {
		cell = cells_text(&f->cells, tile_raw(t, i, c->source));
		out[i] = 0;
		if (column_is_na(c, cell)) {
			s->n_nulls++;
			bit_put(sink->validity, t->first_row + i, false);
			continue;
		}
		r = dictionary_put(&f->dictionaries[column], &out[i], cell, &f->cells.error);
		if (r && f->cells.result == SHMPUB_OK)
			f->cells.result = r;
		if (f->cells.result)
			return;
	}
}
