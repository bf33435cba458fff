#include "ingest/text_check.h"

#include "base/error.h"
#include "base/utf8.h"
#include "csv/tokenize.h"

/*
 * Text is checked stretch by stretch while rows are counted, and stretches of ASCII, which
 * counting knows, not at all. pandas decodes what it makes text of: names and cells. So a
 * byte that is wrong in a comment, a line that is skipped or a column that usecols leaves
 * out does no harm, and the cells of a stretch that has any are gone over once more.
 */

bool text_is_valid(struct span text, size_t from, size_t to)
{
	return utf8_valid_prefix(span_of(text.data + from, to - from)) == to - from;
}

int text_check(struct span text, size_t from, size_t to, struct shmpub_error *err)
{
	size_t at = from + utf8_valid_prefix(span_of(text.data + from, to - from));

	if (at == to)
		return SHMPUB_OK;
	return error_set_line(err, SHMPUB_ERR_CSV, csv_line_at(text, at),
	                      "byte 0x%02x at offset %zu is not UTF-8",
	                      (unsigned char)text.data[at], at);
}

static int check_row(const struct ingest *in, const struct tile *t, size_t row,
                     struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t k = 0; k < in->columns.n && r == SHMPUB_OK; k++) {
		struct span raw;
		size_t at;

		if (in->columns.columns[k].route == ROUTE_MISSING)
			continue;
		raw = tile_raw(t, row, in->columns.columns[k].source);
		at = (size_t)(raw.data - in->text.data);
		r = text_check(in->text, at, at + raw.size, err);
	}
	return r;
}

static int check_stretch(const struct ingest *in, struct tile_reader *reader, size_t i,
                         struct shmpub_error *err)
{
	struct tile t;
	int r;

	tile_reader_seek(reader, &in->marks, i);
	do {
		r = tile_reader_next(reader, &t, err);
		for (size_t row = 0; r == SHMPUB_OK && row < t.n_rows; row++)
			r = check_row(in, &t, row, err);
	} while (r == SHMPUB_OK && t.n_rows > 0);
	return r;
}

int text_check_cells(const struct ingest *in, struct shmpub_error *err)
{
	struct tile_reader reader;
	struct shmpub_error first;
	int r = tile_reader_init(&reader, &in->header, in->options->skips_bad_lines, err);

	for (size_t i = 0; i < in->marks.n && r == SHMPUB_OK; i++) {
		if (in->marks.marks[i].has_bad_text)
			r = check_stretch(in, &reader, i, err);
	}
	tile_reader_deinit(&reader);
	/* pandas decodes when all records are there: one that is none is told first. */
	if (r == SHMPUB_ERR_CSV && err &&
	    tile_find_error(&in->header, in->options->skips_bad_lines, &in->marks, &first) == r)
		*err = first;
	return r;
}
