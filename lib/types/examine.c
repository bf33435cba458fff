#include "types/types.h"

#include "base/alloc.h"
#include "base/error.h"
#include "types/again.h"
#include "types/decide.h"

/*
 * Examines the cells of some columns: those of a sample of rows before the first fill, or those of
 * all rows after a fill has contradicted the type of a column.
 */

#define SAMPLE_PLACES 4u    /* besides the beginning of the source */
#define SAMPLE_ROWS 256u    /* from each place */
#define SAMPLE_CELLS 16384u /* from each place: of very many columns fewer rows are examined */
#define SAMPLE_ROWS_MIN 16u

struct examiner {
	struct types *types;
	const bool *flags; /* for each column, whether it is to be examined */
	bool is_sample;
	size_t rows_left; /* rows still to be examined at this place */
	size_t table_width;
	struct column_notes *notes;
	struct cells cells;
	uint64_t n_rows, n_bytes; /* examined so far */
};

static void examine_column(struct examiner *e, size_t column, const struct tile *t)
{
	const struct column *c = &e->types->plan->columns[column];
	struct column_notes *s = &e->notes[column];
	struct span cell;
	char *room;

	for (size_t i = 0; i < t->n_rows; i++) {
		cell = cells_text(&e->cells, tile_raw(t, i, c->source));
		s->text_size += cell.size;
		if (s->dates != NULL) {
			notes_add_date(s, c, column_is_na(c, cell) ? SPAN_NONE : cell,
			               t->first_row + i);
			continue;
		}
		room = cells_room(&e->cells, cell.size + 1);
		if (room == NULL)
			return;
		evidence_add(&s->seen, c, e->types->plan, cell, t->first_row + i, room);
	}
}

/*
 * Returns false for a column that is left to again.c, as pandas reads it twice. But if a sample
 * says that it is dates, the fill can verify this, and it need not be read in full before.
 */
static bool is_examined_here(const struct column *c, bool is_sample)
{
	return !column_is_read_twice(c) || (is_sample && column_has_verifiable_dates(c));
}

static int examine_tile(void *arg, const struct tile *t)
{
	struct examiner *e = arg;
	const struct columns *plan = e->types->plan;

	e->rows_left -= t->n_rows;
	e->n_rows += t->n_rows;
	for (size_t k = 0; k < plan->n && e->cells.result == SHMPUB_OK; k++) {
		if (e->flags[k] && is_examined_here(&plan->columns[k], e->is_sample))
			examine_column(e, k, t);
	}
	return e->cells.result;
}

/* --- the sample ----------------------------------------------------------------------------------- */

static size_t sample_rows(size_t n_columns)
{
	size_t n = SAMPLE_CELLS / (n_columns ? n_columns : 1);

	return n < SAMPLE_ROWS_MIN ? SAMPLE_ROWS_MIN : n < SAMPLE_ROWS ? n : SAMPLE_ROWS;
}

enum { EXAMINED_ENOUGH = 95 };

static int examine_sample_tile(void *arg, const struct tile *t)
{
	struct examiner *e = arg;
	size_t n = t->n_rows < e->rows_left ? t->n_rows : e->rows_left;
	struct tile part = *t;
	int r;

	part.n_rows = n;
	e->n_bytes += tile_size(&part, e->table_width) + 1;
	r = examine_tile(e, &part);
	return r == SHMPUB_OK && e->rows_left == 0 ? EXAMINED_ENOUGH : r;
}

static int examine_window(struct examiner *e, struct tile_reader *reader, const struct window *w)
{
	int r;

	e->table_width = reader->shape->table_width;
	e->rows_left = sample_rows(e->types->plan->n);
	r = tile_reader_each(reader, w, examine_sample_tile, e, &e->cells.error);
	return r == EXAMINED_ENOUGH ? SHMPUB_OK : r;
}

/*
 * Counts `size` bytes without a line end as one row. If only the short rows before a very long one
 * counted, room would be made for as many of them as the whole source could hold.
 */
static void note_long_record(struct examiner *e, size_t size)
{
	e->n_bytes += size;
	e->n_rows += size > 0;
}

/* Examines the first window and, if there was no guess, windows from SAMPLE_PLACES later places. */
static int examine_sample(struct examiner *e, struct rows *rows, bool is_first_time)
{
	struct window later = WINDOW_NONE;
	struct tile_reader reader;
	int r = tile_reader_init(&reader, &rows->shape, &e->cells.error);

	if (r == SHMPUB_OK)
		r = examine_window(e, &reader, &rows->first);
	if (!rows->is_last && rows->first.text.size - rows->first.to > rows->first.text.size / 2)
		note_long_record(e, rows->first.text.size - rows->first.to);
	for (size_t i = 1; is_first_time && !rows->is_last && i <= SAMPLE_PLACES && r == SHMPUB_OK;
	     i++) {
		later.first_row = i << 40; /* unknown, but after the rows of the places before */
		r = rows_peek(&later, rows, rows->source->size / (SAMPLE_PLACES + 1) * i,
		              &e->cells.error);
		if (r == SHMPUB_OK && later.n_rows > 0)
			r = examine_window(e, &reader, &later);
		else if (r == SHMPUB_OK && later.from == later.text.size)
			note_long_record(e, later.text.size);
	}
	tile_reader_deinit(&reader);
	window_free(&later);
	return r;
}

/*
 * Returns the bytes of text to expect. A column of a sample gets a little more than its share of
 * the source, so that all columns together get not much more than the source has.
 */
static uint64_t expected_text(const struct examiner *e, const struct column_notes *s,
                              const struct rows *rows)
{
	double share = e->n_bytes ? (double)s->text_size / (double)e->n_bytes : 0;

	if (!e->is_sample)
		return s->text_size + TEXT_SPARE;
	return (uint64_t)(share * (double)rows_size(rows) * 1.0625) + TEXT_SPARE;
}

/* --- verdicts --------------------------------------------------------------------------------------- */

/* If so, all cells before this one decide whether pandas raises an error: again.c looks at them. */
static bool zone_has_other_case(const struct column *c, const struct column_notes *s)
{
	return column_is_date(c) && s->dates && s->dates->zone_has_other_case;
}

/* Sets the verdict of a column whose cells, or a sample of them, have been examined. */
static int decide_column(struct examiner *e, size_t k, struct rows *rows)
{
	struct column_type *y = &e->types->columns[k];
	struct column_notes *s = &e->notes[k];

	if (is_examined_here(y->plan, e->is_sample) && !zone_has_other_case(y->plan, s)) {
		y->verdict = decide_type(y->plan, s);
		y->text_expected = expected_text(e, s, rows);
		if (s->dates && !y->plan->given_form)
			*y->form = s->dates->form;
		if (!column_is_read_twice(y->plan) || y->verdict.reading == READ_DATE)
			return SHMPUB_OK;
	}
	if (s->dates)
		*s->dates = DATE_STATE_NONE;
	s->n_nulls = 0;
	return again_find_type(y, s, e->types->plan, rows, &e->cells);
}

static int examine(struct types *t, double *row_size, const bool *flags, bool is_sample,
                   bool is_first_time, struct rows *rows, struct shmpub_error *err)
{
	struct examiner e = { .types = t,
		              .flags = flags,
		              .is_sample = is_sample,
		              .rows_left = SIZE_MAX,
		              .cells = { .dialect = rows->shape.dialect } };
	int r = SHMPUB_OK;

	e.notes = notes_new(t->plan, &e.cells.error);
	if (e.notes == NULL)
		r = SHMPUB_ERR_NOMEM;
	else if (is_sample)
		r = examine_sample(&e, rows, is_first_time);
	else
		r = rows_each(rows, examine_tile, &e, &e.cells.error);
	for (size_t k = 0; k < t->plan->n && r == SHMPUB_OK; k++) {
		if (!flags[k])
			continue;
		r = decide_column(&e, k, rows);
		t->columns[k].is_strict = !is_sample && t->plan->columns[k].dtype != CSV_DTYPE_AUTO;
	}
	if (r && err)
		*err = e.cells.error;
	if (row_size && e.n_rows > 0)
		*row_size = (double)e.n_bytes / (double)e.n_rows;
	cells_free(&e.cells);
	notes_free(e.notes, t->plan);
	return r;
}

int types_sample(struct types *t, double *row_size, bool is_first_time, struct rows *rows,
                 struct shmpub_error *err)
{
	bool *flags = mem_zalloc(t->plan->n + 1, sizeof(*flags));
	int r;

	if (flags == NULL)
		return error_nomem(err, t->plan->n);
	for (size_t k = 0; k < t->plan->n; k++)
		flags[k] = t->columns[k].verdict.reading == READ_NOTHING;
	r = examine(t, row_size, flags, true, is_first_time, rows, err);
	mem_free(flags);
	return r;
}

int types_examine(struct types *t, const bool *flags, struct rows *rows, struct shmpub_error *err)
{
	return examine(t, NULL, flags, false, false, rows, err);
}
