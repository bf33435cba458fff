#include "ingest/state.h"

#include "base/alloc.h"
#include "base/error.h"
#include "columns/codes.h"
#include "columns/table.h"

/*
 * Makes a pass, and draws conclusions from it: either the table is done, or guesses were wrong
 * and are replaced for the next pass. The type of a column that does not hold is found by an
 * examination of all its cells. Therefore the second pass is nearly always the last.
 */

#define PASSES_MAX 6

void ingest_free_pass(struct ingest *in)
{
	for (size_t k = 0; in->dictionaries && k < in->plan.n; k++)
		dictionary_column_free(&in->dictionaries[k]);
	mem_free(in->dictionaries);
	in->dictionaries = NULL;
	fill_free(&in->fill);
}

/* Sorts the words of a category; returns INGEST_RETYPE if their type is not the guessed one. */
static int finish_dictionary(struct ingest *in, size_t k, struct shmpub_error *err)
{
	struct dictionary_column *d = &in->dictionaries[k];
	struct column_type *y = &in->types.columns[k];
	int r;

	if (y->verdict.reading != READ_CATEGORY)
		return SHMPUB_OK;
	r = dictionary_finish(d, fill_dictionary(&in->fill, k),
	                      in->plan.columns[k].route != ROUTE_PART ? &in->plan : NULL, err);
	if (r == SHMPUB_OK && d->column.type != y->verdict.type) {
		y->verdict.type = d->column.type;
		r = INGEST_RETYPE;
	}
	return r;
}

/*
 * Examines the flagged columns. Returns INGEST_RETYPE if the type of one has changed, or if one was
 * broken, so that it must be filled again.
 */
static int examine_flagged(struct ingest *in, const bool *flags, struct shmpub_error *err)
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

/* Returns an error for an integer that no level can have. All types have proved right before. */
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

/* Scales the text of the rows that had room to the number of all rows. */
static void expect_more_text(struct ingest *in, const struct table_sink *sink)
{
	double scale = (double)in->fill.n_rows / (double)(sink->capacity ? sink->capacity : 1);

	for (size_t k = 0; k < in->plan.n; k++)
		in->types.columns[k].text_expected = (uint64_t)((double)sink->columns[k].text_size *
		                                                scale * 1.05) +
		                                     TEXT_SPARE;
}

/*
 * Sets *flag if the pass contradicts the type of the column; INGEST_RETYPE: it must be filled
 * again.
 */
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
		e = examine_flagged(in, flags, err);
		r = e ? e : r;
	}
	mem_free(flags);
	return r ? r : check_large(in, err);
}

/* Makes the counts of this pass the guesses for the next one. */
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
	r = ingest_set_schema(in, err);
	return r ? r : INGEST_RETYPE;
}

/*
 * Replaces each code by that of the sorted dictionary, in as few bytes as codes need. The narrow
 * codes are written over the wide ones: rows go up, so that a code is read before it is
 * overwritten, and code_get() and code_put() work on bytes, because both widths share memory.
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

/* The last copies may have written past text_size: clears those bytes. */
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

	if (y->verdict.reading == READ_FLOAT && y->verdict.type == SHMPUB_FLOAT64) {
		fill_settle_integers(y, notes, c, n_rows);
		in->schema.fields[k].is_whole = notes->seen.first_not_int == ROW_NONE &&
		                                y->plan->dtype == CSV_DTYPE_AUTO;
	}
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

	ingest_free_pass(in);
	in->dictionaries = mem_zalloc(in->plan.n + 1, sizeof(*in->dictionaries));
	if (in->dictionaries == NULL)
		return error_nomem(err, in->plan.n * sizeof(*in->dictionaries));
	r = fill_run(&in->fill, &in->types, &in->rows, in->runner, sink, err);
	if (r == FILL_ALONE) {
		fill_free(&in->fill);
		r = fill_run(&in->fill, &in->types, &in->rows, in->runner, sink, err);
	}
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
	return r == INGEST_RETYPE ? r : ingest_tell(in, r, err);
}
