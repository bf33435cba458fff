#include "fill/fill.h"

#include "rows/part_ends.h"

/*
 * A column of the source's parts. It is a category whose words are known before, in the order of
 * the parts, so that several threads can fill it: the number of a word is that of its part. No row goes
 * over the end of a part, so the place where a row begins tells its part.
 */

int fill_part_names(struct fill *f, size_t k, struct shmpub_error *err)
{
	const struct byte_parts *parts = f->rows->source->parts;
	struct dictionary *d = &f->fillers[0].dictionaries[k];
	uint32_t code;
	int r = SHMPUB_OK;

	for (size_t i = 0; i < parts->n && r == SHMPUB_OK; i++)
		r = dictionary_put(d, &code, parts->names[i], err);
	return r;
}

void fill_part(struct filler *f, size_t column, const struct tile *t)
{
	const struct byte_parts *parts = f->fill->rows->source->parts;
	uint32_t *out = (uint32_t *)f->sink->columns[column].values + t->first_row;
	size_t n_begun = t->window->n_parts, row = 0;

	while (row < t->n_rows) {
		size_t n = part_count_at(parts, n_begun, tile_offset(t, row, 0));
		uint64_t end = n < n_begun ? parts->begin[n] : UINT64_MAX;
		bool has_rest = tile_offset(t, t->n_rows - 1, 0) < end;

		do {
			out[row++] = (uint32_t)(n > 0 ? n - 1 : 0);
		} while (row < t->n_rows && (has_rest || tile_offset(t, row, 0) < end));
	}
}
