#include "types/types.h"

#include "base/alloc.h"
#include "base/error.h"
#include "types/again.h"
#include "types/decide.h"

/*
 * A look at the cells of some columns: of a sample of the rows before the first fill, or of all
 * rows once a fill has contradicted what a column was taken for.
 */

#define SAMPLE_PLACES 4u /* besides the beginning */
#define SAMPLE_ROWS 256u /* of each, at least, where there are so many */
#define SAMPLE_ROWS_MIN 16u
#define SAMPLE_CELLS 16384u /* of each, where there are very many columns */

struct examiner {
	struct types *types;
	const bool *flags;
	bool is_sample;
	size_t rows_left; /* of the sample's place */
	size_t table_width;
	struct column_notes *notes;
	struct cells cells;
	uint64_t n_rows, n_bytes; /* that were looked at */
};

static void look_date(const struct column *c, struct column_notes *s, struct span cell,
                      uint64_t row)
{
	struct date_state *d = s->dates;
	struct timestamp t;

	if (d->has_not_date)
		return;
	if (column_is_na(c, cell) || dates_is_null(c, cell)) {
		s->n_nulls++;
		return;
	}
	if ((!d->has_value && !dates_begin(d, c, cell)) ||
	    !dates_read(&t, d, dates_form(d, c), cell)) {
		dates_refuse(d, c, cell);
		return;
	}
	dates_note(d, &t, row);
}

static void look(struct examiner *e, size_t column, const struct tile *t)
{
	const struct column *c = &e->types->plan->columns[column];
	struct column_notes *s = &e->notes[column];
	struct span cell;
	char *room;

	for (size_t i = 0; i < t->n_rows; i++) {
		cell = cells_text(&e->cells, tile_raw(t, i, c->source));
		s->text_size += cell.size;
		if (s->dates != NULL) {
			look_date(c, s, cell, t->first_row + i);
			continue;
		}
		room = cells_room(&e->cells, cell.size + 1);
		if (room == NULL)
			return;
		evidence_add(&s->seen, c, e->types->plan, cell, t->first_row + i, room);
	}
}

/* Here, and not by again.c; what a sample takes for dates the fill can verify. */
static bool is_looked_at(const struct column *c, bool is_sample)
{
	return !column_is_read_twice(c) || (is_sample && column_has_verifiable_dates(c));
}

static int look_tile(void *arg, const struct tile *t)
{
	struct examiner *e = arg;
	const struct columns *plan = e->types->plan;

	e->rows_left -= t->n_rows;
	e->n_rows += t->n_rows;
	for (size_t k = 0; k < plan->n && e->cells.result == SHMPUB_OK; k++) {
		if (e->flags[k] && is_looked_at(&plan->columns[k], e->is_sample))
			look(e, k, t);
	}
	return e->cells.result;
}

/* --- the sample ----------------------------------------------------------------------------------- */

static size_t sample_rows(size_t n_columns)
{
	size_t n = SAMPLE_CELLS / (n_columns ? n_columns : 1);

	return n < SAMPLE_ROWS_MIN ? SAMPLE_ROWS_MIN : n < SAMPLE_ROWS ? n : SAMPLE_ROWS;
}

enum { LOOK_ENOUGH = 95 };

static int look_sample_tile(void *arg, const struct tile *t)
{
	struct examiner *e = arg;
	size_t n = t->n_rows < e->rows_left ? t->n_rows : e->rows_left;
	struct tile looked = *t;
	int r;

	looked.n_rows = n;
	e->n_bytes += tile_size(&looked, e->table_width) + 1;
	r = look_tile(e, &looked);
	return r == SHMPUB_OK && e->rows_left == 0 ? LOOK_ENOUGH : r;
}

static int look_window(struct examiner *e, struct tile_reader *reader, const struct window *w)
{
	int r;

	e->table_width = reader->shape->table_width;
	e->rows_left = sample_rows(e->types->plan->n);
	r = tile_reader_each(reader, w, look_sample_tile, e, &e->cells.error);
	return r == LOOK_ENOUGH ? SHMPUB_OK : r;
}

/* The first window, and where nothing else is known, some from later on. */
static int look_at_sample(struct examiner *e, struct rows *rows, bool is_first_time)
{
	struct window later = WINDOW_NONE;
	struct tile_reader reader;
	int r = tile_reader_init(&reader, &rows->shape, &e->cells.error);

	if (r == SHMPUB_OK)
		r = look_window(e, &reader, &rows->first);
	for (size_t i = 1; is_first_time && !rows->is_last && i <= SAMPLE_PLACES && r == SHMPUB_OK;
	     i++) {
		later.first_row = i
		                  << 40; /* rows of no known number, after those of the beginning */
		r = rows_peek(&later, rows, rows->source->size / (SAMPLE_PLACES + 1) * i,
		              &e->cells.error);
		if (r == SHMPUB_OK && later.n_rows > 0)
			r = look_window(e, &reader, &later);
	}
	tile_reader_deinit(&reader);
	window_free(&later);
	return r;
}

/*
 * By the share that the column has of what was looked at, and a little more: all columns
 * together are then given not much more than the source has.
 */
static uint64_t expected_text(const struct examiner *e, const struct column_notes *s,
                              const struct rows *rows)
{
	double share = e->n_bytes ? (double)s->text_size / (double)e->n_bytes : 0;

	if (!e->is_sample)
		return s->text_size + TEXT_SPARE;
	return (uint64_t)(share * (double)rows_size(rows) * 1.0625) + TEXT_SPARE;
}

/* --- what was seen ---------------------------------------------------------------------------------- */

/* Whether pandas fails over it depends on every cell before. */
static bool has_unknown_zone(const struct column *c, const struct column_notes *s)
{
	return column_is_date(c) && s->dates && s->dates->has_unknown_zone;
}

/* Once its cells, or a sample of them, have been looked at. */
static int settle_column(struct examiner *e, size_t k, struct rows *rows)
{
	struct column_type *y = &e->types->columns[k];
	struct column_notes *s = &e->notes[k];

	if (is_looked_at(y->plan, e->is_sample) && !has_unknown_zone(y->plan, s)) {
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
	return again_settle(y, s, e->types->plan, rows, &e->cells);
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
		r = look_at_sample(&e, rows, is_first_time);
	else
		r = rows_each(rows, look_tile, &e, &e.cells.error);
	for (size_t k = 0; k < t->plan->n && r == SHMPUB_OK; k++) {
		if (!flags[k])
			continue;
		r = settle_column(&e, k, rows);
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
