#include "ingest/ingest.h"

#include "base/alloc.h"
#include "base/error.h"
#include "columns/codes.h"
#include "columns/table.h"
#include "csv/options.h"
#include "fill/check_text.h"
#include "fill/fill.h"
#include "plan/column.h"
#include "plan/header.h"
#include "rows/rows.h"
#include "types/types.h"

/*
 * The way from bytes to columns: the head says which columns there are, the last refresh or a
 * sample what they probably are and how many rows there will be. Then passes over the source, each
 * of which fills the sink and shows whether all that was right, until one does.
 */

#define PASSES_MAX 6
#define SPARE_ROWS 64u

struct ingest {
	struct byte_source source;
	const struct csv_options *options;
	const struct runner *runner;
	struct csv_dialect dialect;
	struct header header;
	struct columns plan;
	struct rows rows;
	struct types types;
	struct schema schema;
	struct fill fill;                       /* the last pass */
	struct dictionary_column *dictionaries; /* per column, of the last pass */
	uint64_t capacity;
	int n_passes;
	bool is_shaped; /* what rows look like is known */
};

/* --- the head ----------------------------------------------------------------------------------- */

/* The header and the first row, however much of the source they take. */
static int read_head(struct ingest *in, struct shmpub_error *err)
{
	bool is_cut, is_all;
	struct span text;
	int r, e;

	for (;;) {
		text = rows_head(&in->rows, &is_all);
		r = header_read(&in->header, &is_cut, text, &in->dialect, in->options, err);
		if (is_all || !is_cut)
			return r;
		if (r == SHMPUB_OK)
			header_free(&in->header);
		e = rows_more_head(&in->rows, err);
		if (e)
			return e;
	}
}

static int open_rows(struct ingest *in, struct shmpub_error *err)
{
	return rows_open(&in->rows, &in->source, in->options->encoding,
	                 runner_threads(in->runner) > 1, 0, err);
}

static int shape_rows(struct ingest *in, struct shmpub_error *err)
{
	struct row_shape shape = header_shape(&in->header, in->options);

	in->is_shaped = true;
	return rows_shape(&in->rows, &shape, in->header.rows.at, in->header.rows.n_lines, err);
}

static int read_head_again(struct ingest *in, struct shmpub_error *err)
{
	int r = rows_restart(&in->rows, err);

	header_free(&in->header);
	return r ? r : read_head(in, err);
}

/* More columns are named than the first row has: then some other row must have as many. */
static int check_widest(struct ingest *in, struct shmpub_error *err)
{
	size_t widest = 0;
	int r;

	if (in->header.n_needed == 0 || !in->header.drops_extra)
		return SHMPUB_OK;
	r = shape_rows(in, err);
	if (r == SHMPUB_OK)
		r = rows_find_widest(&widest, &in->rows, err);
	if (r)
		return r;
	r = read_head_again(in, err);
	if (r == SHMPUB_OK)
		r = header_tell_line(&in->header, header_check_widest(&in->header, widest, err),
		                     err);
	return r;
}

/* --- before the first pass ---------------------------------------------------------------------- */

/* How many rows there will be, and a little more: at the end of the source it is known. */
static uint64_t expected_rows(const struct ingest *in, const struct schema *guess, double row_size)
{
	double size = (double)rows_size(&in->rows);

	if (in->rows.is_last)
		return in->rows.n_rows;
	if (guess && guess->source_rows && guess->source_size)
		return (uint64_t)((double)guess->source_rows / (double)guess->source_size * size *
		                  1.02) +
		       SPARE_ROWS;
	return (uint64_t)(size / (row_size > 1 ? row_size : 1) * 1.05) + SPARE_ROWS;
}

/* As much text as the last refresh had, by the sizes of the sources, and a little more. */
static void scale_text(struct ingest *in, uint64_t source_size)
{
	double scale = source_size ? (double)rows_size(&in->rows) / (double)source_size : 0;

	for (size_t k = 0; k < in->plan.n; k++) {
		struct column_type *y = &in->types.columns[k];

		if (y->text_expected)
			y->text_expected = (uint64_t)((double)y->text_expected * scale * 1.03) +
			                   TEXT_SPARE;
	}
}

static int guess_types(struct ingest *in, const struct schema *guess, struct shmpub_error *err)
{
	double row_size = 0;
	int r;

	if (guess && in->rows.n_rows > 0) { /* no rows contradict nothing, and have no types */
		types_guess(&in->types, guess);
		scale_text(in, guess->source_size);
	}
	r = types_sample(&in->types, &row_size, guess == NULL, &in->rows, err);
	in->capacity = expected_rows(in, guess, row_size);
	return r;
}

static int settle_schema(struct ingest *in, struct shmpub_error *err)
{
	struct schema schema;
	int r = types_schema(&schema, &in->types, err);

	if (r)
		return r;
	schema.source_size = rows_size(&in->rows);
	schema_free(&in->schema);
	in->schema = schema;
	return SHMPUB_OK;
}

static int prepare(struct ingest *in, const struct schema *guess, struct shmpub_error *err)
{
	int r;

	csv_dialect_init(&in->dialect, in->options);
	r = open_rows(in, err);
	if (r == SHMPUB_OK)
		r = read_head(in, err);
	if (r == SHMPUB_OK)
		r = check_widest(in, err);
	if (r == SHMPUB_OK)
		r = header_tell_line(&in->header,
		                     columns_init(&in->plan, &in->header, in->options, err), err);
	if (r == SHMPUB_OK)
		r = shape_rows(in, err);
	if (r == SHMPUB_OK && in->plan.has_no_field)
		r = rows_drop(&in->rows, err);
	if (r == SHMPUB_OK)
		r = types_init(&in->types, &in->plan, err);
	if (r == SHMPUB_OK)
		r = guess_types(in, guess, err);
	return r ? r : settle_schema(in, err);
}

/* --- errors ------------------------------------------------------------------------------------- */

static int check_window(struct ingest *in, uint64_t *error_at, const struct window *w,
                        struct shmpub_error *err)
{
	struct tile_reader reader;
	struct tile tile;
	int r = tile_reader_init(&reader, &in->rows.shape, err);

	if (r == SHMPUB_OK)
		tile_reader_begin(&reader, w);
	while (r == SHMPUB_OK) {
		r = tile_reader_next(&tile, &reader, err);
		if (r || tile.n_rows == 0)
			break;
		r = check_text(&tile, &in->plan, error_at, err);
	}
	tile_reader_deinit(&reader);
	return r;
}

/* The first record that is none, else the first cell that is not UTF-8. */
static int find_error(struct ingest *in, struct shmpub_error *err)
{
	struct window w = WINDOW_NONE;
	struct shmpub_error of_text;
	uint64_t error_at = OFFSET_NONE;
	int r = rows_rewind(&in->rows, err), found = SHMPUB_OK;

	while (r == SHMPUB_OK) {
		r = rows_next(&w, &in->rows, err);
		if (r == SHMPUB_OK && w.has_bad_text && found == SHMPUB_OK)
			found = check_window(in, &error_at, &w, &of_text);
	}
	window_free(&w);
	if (r != ROWS_END || found == SHMPUB_OK)
		return r == ROWS_END ? SHMPUB_OK : r;
	in->rows.error_at = error_at;
	*err = of_text;
	return found;
}

/*
 * pandas decodes all of the source and finds out what is no record before it looks at any cell, and
 * decodes all cells before it makes values of any. So a failure that has to do with the source is
 * told only when a pass has shown that nothing of this comes first; and its line is counted.
 */
static int tell(struct ingest *in, int result, struct shmpub_error *err)
{
	struct shmpub_error first = { 0 };
	uint64_t offset = in->rows.error_at;
	int r = SHMPUB_OK;

	if (result != SHMPUB_ERR_CSV && result != SHMPUB_ERR_LIMIT)
		return result;
	in->rows.has_first = false;
	if (in->options->encoding != CSV_UTF8)
		r = rows_drain(&in->rows, &first);
	if (r == SHMPUB_OK && in->is_shaped && result == SHMPUB_ERR_CSV)
		r = find_error(in, &first);
	if (r != SHMPUB_OK && r != SHMPUB_ERR_LIMIT) {
		offset = in->rows.error_at;
		result = r;
		if (err)
			*err = first;
	}
	if (result != SHMPUB_ERR_CSV && result != SHMPUB_ERR_LIMIT)
		return result;
	r = rows_tell_line(&in->rows, offset, err);
	return r ? r : result;
}

int ingest_open(struct ingest **out, const struct byte_source *source,
                const struct csv_options *options, const struct schema *guess,
                const struct runner *runner, struct shmpub_error *err)
{
	struct ingest *in = mem_zalloc(1, sizeof(*in));
	int r;

	if (in == NULL)
		return error_nomem(err, sizeof(*in));
	in->source = *source;
	in->options = options;
	in->runner = runner;
	r = prepare(in, guess, err);
	if (r) {
		r = tell(in, r, err);
		ingest_close(in);
		return r;
	}
	*out = in;
	return SHMPUB_OK;
}

const struct schema *ingest_schema(const struct ingest *in)
{
	return &in->schema;
}

uint64_t ingest_capacity(const struct ingest *in)
{
	return in->capacity;
}

uint64_t ingest_skipped_rows(const struct ingest *in)
{
	return in->rows.n_skipped;
}

uint64_t ingest_source_size(const struct ingest *in)
{
	return rows_source_size(&in->rows);
}

/* --- a pass ------------------------------------------------------------------------------------- */

static void free_pass(struct ingest *in)
{
	for (size_t k = 0; in->dictionaries && k < in->plan.n; k++)
		dictionary_column_free(&in->dictionaries[k]);
	mem_free(in->dictionaries);
	in->dictionaries = NULL;
	fill_free(&in->fill);
}

/* Categories: sorted words, and the type they turned out to have. */
static int finish_dictionary(struct ingest *in, size_t k, struct shmpub_error *err)
{
	struct dictionary_column *d = &in->dictionaries[k];
	struct column_type *y = &in->types.columns[k];
	int r;

	if (y->verdict.reading != READ_CATEGORY)
		return SHMPUB_OK;
	r = dictionary_finish(d, fill_dictionary(&in->fill, k), &in->plan, err);
	if (r == SHMPUB_OK && d->column.type != y->verdict.type) {
		y->verdict.type = d->column.type;
		r = INGEST_RETYPE;
	}
	return r;
}

/* Looks at the flagged columns in full; INGEST_RETYPE when one is something else or was left unfilled. */
static int settle_flagged(struct ingest *in, const bool *flags, struct shmpub_error *err)
{
	struct verdict *before = mem_zalloc(in->plan.n + 1, sizeof(*before));
	int r;

	if (before == NULL)
		return error_nomem(err, in->plan.n * sizeof(*before));
	for (size_t k = 0; k < in->plan.n; k++)
		before[k] = in->types.columns[k].verdict;
	r = types_examine(&in->types, flags, &in->rows, err);
	for (size_t k = 0; k < in->plan.n && r == SHMPUB_OK; k++) {
		if (flags[k] && (in->fill.notes[k].is_broken ||
		                 !verdict_equals(&before[k], &in->types.columns[k].verdict)))
			r = INGEST_RETYPE;
	}
	mem_free(before);
	return r;
}

/* Integers that no level can have, in columns that are what they were taken for. */
static int check_large(struct ingest *in, struct shmpub_error *err)
{
	for (size_t k = 0; k < in->plan.n; k++) {
		if (in->fill.notes[k].too_large == OFFSET_NONE)
			continue;
		in->rows.error_at = in->fill.notes[k].too_large;
		return error_set(err, SHMPUB_ERR_CSV, "an integer of the index is too large");
	}
	return SHMPUB_OK;
}

/* The text of all rows, by that of those that there was room for. */
static void expect_more_text(struct ingest *in, const struct table_sink *sink)
{
	double scale = (double)in->fill.n_rows / (double)(sink->capacity ? sink->capacity : 1);

	for (size_t k = 0; k < in->plan.n; k++)
		in->types.columns[k].text_expected = (uint64_t)((double)sink->columns[k].text_size *
		                                                scale * 1.05) +
		                                     TEXT_SPARE;
}

/* Whether the pass has shown that a column is what it was filled as. */
static int verify_column(struct ingest *in, bool *flag, size_t k, struct shmpub_error *err)
{
	struct column_type *y = &in->types.columns[k];
	const struct column_notes *n = &in->fill.notes[k];
	int r;

	*flag = in->fill.n_rows > 0 && !types_hold(y, n, in->fill.n_rows);
	r = finish_dictionary(in, k, err);
	if (r == SHMPUB_OK && (in->fill.lacks_room[k] || types_misread(y, n)))
		r = INGEST_RETYPE;
	return r;
}

static int verify(struct ingest *in, struct shmpub_error *err)
{
	bool *flags = mem_zalloc(in->plan.n + 1, sizeof(*flags));
	bool is_any = false;
	int r = SHMPUB_OK, e;

	if (flags == NULL)
		return error_nomem(err, in->plan.n);
	for (size_t k = 0; k < in->plan.n && r >= 0; k++) {
		e = verify_column(in, &flags[k], k, err);
		is_any |= flags[k];
		r = e ? e : r;
	}
	if (is_any && r >= 0) {
		e = settle_flagged(in, flags, err);
		r = e ? e : r;
	}
	mem_free(flags);
	return r ? r : check_large(in, err);
}

/* What the pass has counted is the room for the next one. */
static int retype(struct ingest *in, const struct table_sink *sink, struct shmpub_error *err)
{
	int r;

	if (++in->n_passes > PASSES_MAX)
		return error_set(err, SHMPUB_ERR_CSV, "types did not settle in %d passes",
		                 PASSES_MAX);
	in->capacity = in->fill.n_rows;
	for (size_t k = 0; k < in->plan.n; k++) {
		if (in->fill.lacks_room[k] && !in->fill.notes[k].is_broken && !in->fill.lacks_rows)
			in->types.columns[k].text_expected = sink->columns[k].text_size +
			                                     TEXT_SPARE;
	}
	r = settle_schema(in, err);
	return r ? r : INGEST_RETYPE;
}

/*
 * The sorted dictionary's codes, in as few bytes as they need. Ascending, so that a code
 * is read before anything is written over it; by bytes, because the widths share memory.
 */
static void narrow_codes(struct column_sink *sink, const uint32_t *map, uint64_t n_rows)
{
	sink->code_size = code_size_for(sink->dictionary->n_rows);
	for (uint64_t row = 0; row < n_rows; row++) {
		uint32_t code = code_get(sink->values, 4, row);

		code = bit_get(sink->validity, row) ? map[code] : 0;
		code_put(sink->values, sink->code_size, row, code);
	}
}

/* The last copy of a text in steps may have gone past text_size: zeros are to stand there. */
static void clear_spill(const struct column_sink *c)
{
	uint64_t left = c->text_room - c->text_size;

	memset(c->text + c->text_size, 0, left < TEXT_BEYOND ? left : TEXT_BEYOND);
}

static void report_column(struct ingest *in, struct column_sink *c, size_t k, uint64_t n_rows)
{
	const struct column_type *y = &in->types.columns[k];
	struct column_notes *notes = &in->fill.notes[k];
	uint8_t mask = (uint8_t)((1u << (n_rows % 8)) - 1);
	bool is_category = y->verdict.reading == READ_CATEGORY;

	if (y->verdict.reading == READ_FLOAT && y->verdict.type == SHMPUB_FLOAT64)
		fill_settle_integers(y, notes, c, n_rows);
	c->null_count = notes->n_nulls;
	if (is_category) {
		c->dictionary = &in->dictionaries[k].column;
		narrow_codes(c, in->dictionaries[k].map, n_rows);
	} else if (y->verdict.type == SHMPUB_TEXT) {
		c->is_text_done = c->text_room > 0;
		if (c->is_text_done)
			clear_spill(c);
		c->offsets[n_rows] = (int64_t)c->text_size;
	}
	in->schema.fields[k].text_expected = c->text_size;
	if (n_rows % 8 == 0 || y->verdict.reading == READ_NOTHING)
		return;
	c->validity[n_rows / 8] &= mask;
	if (y->verdict.type == SHMPUB_BOOL && !is_category)
		((uint8_t *)c->values)[n_rows / 8] &= mask;
}

static void report(struct ingest *in, struct table_sink *sink)
{
	sink->n_rows = in->fill.n_rows;
	in->schema.source_size = rows_size(&in->rows);
	in->schema.source_rows = sink->n_rows;
	for (size_t k = 0; k < in->plan.n; k++)
		report_column(in, &sink->columns[k], k, sink->n_rows);
}

int ingest_fill(struct ingest *in, struct table_sink *sink, struct shmpub_error *err)
{
	int r;

	free_pass(in);
	in->dictionaries = mem_zalloc(in->plan.n + 1, sizeof(*in->dictionaries));
	if (in->dictionaries == NULL)
		return error_nomem(err, in->plan.n * sizeof(*in->dictionaries));
	r = fill_run(&in->fill, &in->types, &in->rows, in->runner, sink, err);
	if (r == SHMPUB_OK && in->fill.lacks_rows) {
		expect_more_text(in, sink);
		r = INGEST_RETYPE;
	} else if (r == SHMPUB_OK) {
		r = verify(in, err);
	}
	if (r == INGEST_RETYPE)
		r = retype(in, sink, err);
	else if (r == SHMPUB_OK)
		report(in, sink);
	return r == INGEST_RETYPE ? r : tell(in, r, err);
}

void ingest_close(struct ingest *in)
{
	if (in == NULL)
		return;
	free_pass(in);
	schema_free(&in->schema);
	types_free(&in->types);
	rows_close(&in->rows);
	columns_free(&in->plan);
	header_free(&in->header);
	mem_free(in);
}
