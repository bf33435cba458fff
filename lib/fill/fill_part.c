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

/* Returns the number of rows from `row` on that begin before `end`, of which there is one. */
static size_t rows_before(const struct tile *t, size_t row, uint64_t end)
{
	size_t lo = row + 1, hi = t->n_rows;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (tile_offset(t, mid, 0) < end)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo - row;
}

void fill_count_parts(struct filler *f, const struct tile *t)
{
	const struct byte_parts *parts = f->fill->rows->source->parts;
	size_t n_begun = t->window->n_parts;

	for (size_t row = 0, n_rows; row < t->n_rows; row += n_rows) {
		size_t n = part_count_at(parts, n_begun, tile_offset(t, row, 0));

		n_rows = rows_before(t, row, n < n_begun ? parts->begin[n] : UINT64_MAX);
		f->part_rows[n > 0 ? n - 1 : 0] += n_rows;
	}
}

const uint64_t *fill_join_parts(struct fill *f)
{
	uint64_t *all = f->fillers[0].part_rows;

	for (size_t i = 1; all != NULL && i < f->n_fillers; i++) {
		for (size_t k = 0; k < f->rows->source->parts->n; k++)
			all[k] += f->fillers[i].part_rows[k];
	}
	return all;
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
