#include "fill/fill.h"

#include "columns/table.h"
#include "types/kept.h"

/*
 * Fills categories. A cell becomes the number of its word in the dictionary. When the dictionary
 * has been sorted, ingest/verdict.c replaces these numbers by the final codes.
 */

/*
 * Fills cell i with the number of a word that the dictionary may not have yet. Returns false if the
 * filler has failed.
 */
static bool put_cell(struct filler *f, size_t column, const struct tile *t, size_t i,
                     struct span text)
{
	const struct column *c = &f->plan->columns[column];
	struct column_sink *sink = &f->sink->columns[column];
	uint32_t *out = (uint32_t *)sink->values + t->first_row + i;
	struct dictionary *d = &f->dictionaries[column];
	int r;

	*out = 0;
	if (column_is_na(c, text)) {
		f->notes[column].n_nulls++;
		bit_put(sink->validity, t->first_row + i, false);
		return true;
	}
	r = dictionary_put(d, out, text, &f->cells.error);
	if (r && f->cells.result == SHMPUB_OK)
		f->cells.result = r;
	else if (r == SHMPUB_OK && fill_is_recent_size(f, t, text))
		recent_add(d->recent, text, *out);
	return f->cells.result == SHMPUB_OK;
}

/* No word of a dictionary is NA, so that a word that was found need not be compared with those. */
void fill_category(struct filler *f, size_t column, const struct tile *t)
{
	const size_t source = f->plan->columns[column].source;
	uint32_t *out = (uint32_t *)f->sink->columns[column].values + t->first_row;
	struct dictionary *d = &f->dictionaries[column];

	for (size_t i = 0; i < t->n_rows; i++) {
		struct span text = cells_text(&f->cells, tile_raw(t, i, source));

		if (d->recent && fill_is_recent_size(f, t, text) &&
		    recent_find(&out[i], d->recent, text))
			continue;
		if (!put_cell(f, column, t, i, text))
			return;
	}
}

int fill_kept_words(struct fill *f, size_t k, struct shmpub_error *err)
{
	struct kept_column *kept = &f->types->kept[k];
	int r = SHMPUB_OK;

	for (size_t i = 0; kept->words != NULL && i < kept->words->n_rows && r == SHMPUB_OK; i++) {
		if (kept->numbers[i] != KEPT_NO_NUMBER)
			r = dictionary_put(&f->fillers[0].dictionaries[k], &kept->numbers[i],
			                   column_text_inside(kept->words, i), err);
	}
	return r;
}
