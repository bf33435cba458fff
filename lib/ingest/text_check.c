#include "ingest/text_check.h"

#include "base/error.h"
#include "base/utf8.h"
#include "csv/tokenize.h"

/*
 * Text is checked stretch by stretch while rows are counted, and stretches of ASCII, which
 * counting knows, not at all. pandas decodes what it makes text of: names and cells. So a
 * byte that is wrong in a comment, a line that is skipped or a column that usecols leaves
 * out does no harm, and when there is any the cells are gone over once more.
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
	return error_set(err, SHMPUB_ERR_CSV, "line %llu: byte 0x%02x at offset %zu is not UTF-8",
	                 (unsigned long long)csv_line_at(text, at), (unsigned char)text.data[at],
	                 at);
}

static int check_row(const struct ingest *in, const struct tile *t, size_t row,
                     struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t k = 0; k < in->columns.n && r == SHMPUB_OK; k++) {
		struct span raw;
		size_t at;

		if (in->columns.columns[k].is_missing)
			continue;
		raw = tile_raw(t, row, in->columns.columns[k].source);
		at = (size_t)(raw.data - in->text.data);
		r = text_check(in->text, at, at + raw.size, err);
	}
	return r;
}

/* Records that are none are told first, as pandas does: it decodes when all are there. */
int text_check_cells(const struct ingest *in, struct shmpub_error *err)
{
	struct tile_reader reader;
	struct shmpub_error bad;
	struct tile t;
	int r = tile_reader_init(&reader, &in->header, in->options->skips_bad_lines, err);
	int checked = SHMPUB_OK;

	for (size_t m = 0; m < in->marks.n && r == SHMPUB_OK; m++) {
		tile_reader_seek(&reader, &in->marks, m);
		do {
			r = tile_reader_next(&reader, &t, err);
			for (size_t i = 0; r == SHMPUB_OK && checked == SHMPUB_OK && i < t.n_rows;
			     i++)
				checked = check_row(in, &t, i, &bad);
		} while (r == SHMPUB_OK && t.n_rows > 0);
	}
	tile_reader_deinit(&reader);
	if (r == SHMPUB_OK && checked && err)
		*err = bad;
	return r ? r : checked;
}
