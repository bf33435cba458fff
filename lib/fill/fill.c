#include "fill/fill.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "base/error.h"
#include "csv/dtype.h"
#include "fill/check_text.h"
#include "fill/turns.h"

/*
 * A window is filled tile by tile, and a tile column by column, so that the bytes of a tile stay in
 * the nearest caches while they are parsed.
 */

#define CLEARED_AT_ONCE 4096u /* rows whose bits are cleared together */
#define WINDOWS_A_THREAD 4u   /* starting a thread costs as much as filling one or two windows */
#define FEW_ROWS 64u          /* in a tile of a wide table */
#define COLUMNS_AHEAD 4u      /* filling so many takes as long as loading a line from afar */

/* --- which function fills a column -------------------------------------------------------------- */

/* The verdict was that there are no rows, but there is one. */
static void fill_nothing(struct filler *f, size_t column, const struct tile *t)
{
	(void)t;
	f->notes[column].is_broken = true;
}

static fill_fn *fill_of(const struct column_type *y)
{
	static fill_fn *const fills[] = {
		[READ_NOTHING] = fill_nothing,   [READ_INT] = fill_int,
		[READ_UINT] = fill_uint,         [READ_FLOAT] = fill_float,
		[READ_BOOL] = fill_bool,         [READ_TEXT] = fill_text,
		[READ_LITERAL] = fill_text,      [READ_LONG] = fill_text,
		[READ_CATEGORY] = fill_category, [READ_DATE] = fill_date,
		[READ_ANEW] = fill_text,
	};
	static const enum shmpub_type types[] = {
		[READ_INT] = SHMPUB_INT64,
		[READ_UINT] = SHMPUB_UINT64,
		[READ_FLOAT] = SHMPUB_FLOAT64,
		[READ_BOOL] = SHMPUB_BOOL,
	};

	if (y->plan->route == ROUTE_MISSING)
		return fill_missing;
	if (y->plan->route == ROUTE_PART)
		return fill_part;
	if (y->plan->infers_again && y->verdict.reading <= READ_BOOL)
		return fill_again;
	if (y->verdict.reading <= READ_BOOL && y->verdict.reading != READ_NOTHING &&
	    types[y->verdict.reading] != y->verdict.type)
		return fill_cast;
	return fills[y->verdict.reading];
}

/* --- one window ----------------------------------------------------------------------------------- */

void fill_refuse(struct filler *f, size_t column, const struct tile *t, size_t row)
{
	const struct column_type *y = &f->types[column];
	struct span raw = tile_raw(t, row, y->plan->source);

	f->notes[column].is_broken = true;
	if (!y->is_strict || (f->cells.result && t->first_row + row >= f->refused_row))
		return;
	f->refused_row = t->first_row + row;
	f->error_at = tile_offset(t, row, y->plan->source);
	f->cells.result = error_set(
	        &f->cells.error, SHMPUB_ERR_CSV, "column \"%.*s\" is to be %s, \"",
	        span_shown(y->plan->name, 100), y->plan->name.data, csv_dtype_name(y->plan->dtype));
	error_quote(&f->cells.error, "%.*s", span_shown(raw, 60), raw.data);
	error_add(&f->cells.error, "\" is not");
}

static bool has_room(const struct filler *f)
{
	return f->window.first_row + f->window.n_rows <= f->sink->capacity;
}

/*
 * Begins to load the memory that a column of the tile will be written to. In a wide table each
 * column has a line or two of the caches to a tile, and the next column lies far away, so that the
 * processor would not load these lines ahead by itself. With several threads half of them are in
 * the other processor's caches.
 */
static void load_ahead(const struct filler *f, size_t column, const struct tile *t)
{
	const struct column_sink *sink = &f->sink->columns[column];
	uintptr_t to = (uintptr_t)(fill_is_text(&f->types[column]) ? sink->offsets : sink->values);

	/* For bits and codes these are other lines than those needed, which does no harm. */
	for (size_t i = 0; i < t->n_rows; i += 8)
		PREFETCH((const char *)(to + 8 * (t->first_row + i)));
}

static int fill_tile(void *arg, const struct tile *t)
{
	struct filler *f = arg;

	if (f->window.has_bad_text) {
		f->cells.result = check_text(t, f->plan, &f->error_at, &f->cells.error);
		f->refused_row = 0; /* this error comes before that of any refused cell */
		if (f->cells.result)
			return f->cells.result;
	}
	/*
	 * Fills all columns even if one refuses a cell: another may refuse a cell of an earlier
	 * row.
	 */
	if (f->part_rows != NULL)
		fill_count_parts(f, t);
	for (size_t k = 0; k < f->plan->n; k++) {
		if (t->n_rows <= FEW_ROWS && k + COLUMNS_AHEAD < f->plan->n)
			load_ahead(f, k + COLUMNS_AHEAD, t);
		if (!f->notes[k].is_broken)
			f->fill->fills[k](f, k, t);
	}
	return f->cells.result;
}

static void fill_window(struct filler *f)
{
	f->cells.result = tile_reader_each(&f->reader, &f->window, fill_tile, f, &f->cells.error);
}

/* --- all windows ---------------------------------------------------------------------------------- */

/*
 * Sets the bits of rows from fill->n_cleared up to `end`: all cells are valid, and all bools false,
 * before any is read.
 */
static void clear_bits(struct fill *fill, uint64_t end)
{
	uint64_t from = fill->n_cleared / 8, size = (end + 7) / 8 - from;

	for (size_t k = 0; k < fill->types->plan->n; k++) {
		struct column_sink *sink = &fill->sink->columns[k];
		const struct verdict *v = &fill->types->columns[k].verdict;

		if (v->reading == READ_NOTHING)
			continue;
		memset(sink->validity + from, 0xFF, size);
		if (v->type == SHMPUB_BOOL && v->reading != READ_CATEGORY)
			memset((uint8_t *)sink->values + from, 0, size);
	}
	fill->n_cleared = end;
}

/*
 * Clears the bits of the window's rows and of many more: one line of the caches has the bits of
 * 512 rows, and two threads that both write to a line must wait for each other.
 */
static void clear_ahead(struct filler *f)
{
	uint64_t end = f->window.first_row + f->window.n_rows;

	if (end <= f->fill->n_cleared || !has_room(f))
		return;
	end = (end / CLEARED_AT_ONCE + 1) * CLEARED_AT_ONCE;
	clear_bits(f->fill, end < f->sink->capacity ? end : f->sink->capacity);
}

/* Sets the window's rows. Returns false if there is no window left, or a thread has failed. */
static bool take_window(struct filler *f)
{
	struct fill *fill = f->fill;
	int r;

	if (load_relaxed_u64(&fill->is_over))
		return false;
	if (!fill->reads_ahead) {
		r = rows_next(&f->window, fill->rows, &fill->rows_error);
	} else {
		if (f->read_result)
			fill->rows_error = f->read_error;
		r = rows_settle(&f->window, fill->rows, f->read_result, &fill->rows_error);
	}
	if (r == SHMPUB_OK && fill->n_fillers > 1 && !fill->rows->is_aligned)
		r = FILL_ALONE;
	if (r == SHMPUB_OK) {
		clear_ahead(f);
		return true;
	}
	fill->rows_result = r;
	store_relaxed_u64(&fill->is_over, 1);
	return false;
}

/* Reads and takes the window of this turn. */
static bool next_window(struct filler *f, uint64_t turn)
{
	struct fill *fill = f->fill;
	bool has_window;

	turn_wait(&fill->reading, turn, fill->runner);
	if (!fill->reads_ahead) {
		has_window = take_window(f);
		turn_end(&fill->reading, turn);
		return has_window;
	}
	f->read_result = load_relaxed_u64(&fill->is_over)
	                         ? ROWS_END
	                         : rows_read_ahead(&f->window, fill->rows, &f->read_error);
	turn_end(&fill->reading, turn);
	if (f->read_result == SHMPUB_OK)
		rows_index_ahead(&f->window, fill->rows, turn_is_now(&fill->settling, turn));
	turn_wait(&fill->settling, turn, fill->runner);
	has_window = take_window(f);
	turn_end(&fill->settling, turn);
	if (has_window)
		rows_check_ahead(&f->window);
	return has_window;
}

static void fill_windows(void *arg, size_t i)
{
	struct fill *fill = arg;
	struct filler *f = &fill->fillers[i];
	bool is_alone = fill->n_fillers == 1, has_window;
	uint64_t turn;

	text_begin(f, is_alone);
	do {
		turn = fetch_add_relaxed_u64(&fill->tickets, 1);
		has_window = next_window(f, turn);
		if (has_window && has_room(f))
			fill_window(f);
		if (f->cells.result)
			store_relaxed_u64(&fill->is_over, 1);
		if (fill->has_text)
			text_end_window(f, turn, has_window && has_room(f));
	} while (has_window && f->cells.result == SHMPUB_OK);
	text_end(f);
}

static void join_notes(struct fill *f)
{
	for (size_t i = 1; i < f->n_fillers; i++) {
		for (size_t k = 0; k < f->types->plan->n; k++)
			notes_join(&f->fillers[0].notes[k], &f->fillers[i].notes[k]);
	}
	f->part_rows = fill_join_parts(f);
	f->notes = f->fillers[0].notes;
	f->n_rows = f->rows->n_rows;
	f->lacks_rows = f->n_rows > f->sink->capacity;
}

/* Text that went straight to the sink ends where its writer stands, other text at text_ends. */
static void measure_text(struct fill *f)
{
	for (size_t k = 0; k < f->types->plan->n; k++) {
		const struct text_writer *w = &f->fillers[0].writers[k];
		struct column_sink *c = &f->sink->columns[k];

		if (!fill_is_text(&f->types->columns[k]))
			continue;
		c->text_size = w->is_own ? f->text_ends[k] : w->size;
		f->lacks_room[k] = c->text_size > c->text_room;
	}
}

/* Returns a failure of the source or of a record first, else that of the cell in the first row. */
static int find_result(struct fill *f, struct shmpub_error *err)
{
	const struct filler *first = NULL;

	if (f->rows_result != ROWS_END && f->rows_result != SHMPUB_OK) {
		if (err)
			*err = f->rows_error;
		return f->rows_result;
	}
	for (size_t i = 0; i < f->n_fillers; i++) {
		const struct filler *filler = &f->fillers[i];

		if (filler->cells.result &&
		    (first == NULL || filler->refused_row < first->refused_row))
			first = filler;
	}
	if (first == NULL)
		return SHMPUB_OK;
	if (err)
		*err = first->cells.error;
	f->rows->error_at = first->error_at;
	return first->cells.result;
}

static int init_filler(struct filler *f, struct fill *fill, struct shmpub_error *err)
{
	const struct columns *plan = fill->types->plan;

	*f = (struct filler){ .fill = fill,
		              .plan = plan,
		              .types = fill->types->columns,
		              .sink = fill->sink,
		              .cells = { .dialect = fill->rows->shape.dialect },
		              .error_at = OFFSET_NONE };
	f->notes = notes_new(plan, err);
	f->writers = mem_zalloc(plan->n + 1, sizeof(*f->writers));
	f->dictionaries = mem_zalloc(plan->n + 1, sizeof(*f->dictionaries));
	if (f->notes == NULL || f->writers == NULL || f->dictionaries == NULL)
		return error_nomem(err, plan->n * sizeof(*f->notes));
	if (fill->rows->source->parts != NULL) {
		f->part_rows = mem_zalloc(fill->rows->source->parts->n, sizeof(*f->part_rows));
		if (f->part_rows == NULL)
			return error_nomem(err, sizeof(*f->part_rows));
	}
	for (size_t k = 0; fill->types->kept != NULL && k < plan->n; k++)
		kept_seed(&f->notes[k].seen, &fill->types->kept[k],
		          fill->types->columns[k].verdict.reading);
	return tile_reader_init(&f->reader, &fill->rows->shape, err);
}

size_t fill_threads(const struct types *types, const struct rows *rows, const struct runner *runner)
{
	uint64_t n_windows = rows_size(rows) / rows->window_size;
	size_t n = rows->is_aligned ? runner_threads(runner) : 1;

	for (size_t k = 0; k < types->plan->n; k++) {
		if (types->columns[k].verdict.reading == READ_CATEGORY &&
		    types->plan->columns[k].route != ROUTE_PART)
			return 1;
	}
	return n <= n_windows / WINDOWS_A_THREAD ? n
	       : n_windows                       ? 1 + (size_t)n_windows / WINDOWS_A_THREAD
	                                         : 1;
}

int fill_run(struct fill *f, const struct types *types, struct rows *rows,
             const struct runner *runner, struct table_sink *sink, struct shmpub_error *err)
{
	size_t n = fill_threads(types, rows, runner);
	int r;

	*f = (struct fill){ .types = types, .rows = rows, .sink = sink, .runner = runner };
	f->fills = mem_zalloc(types->plan->n + 1, sizeof(*f->fills));
	f->fillers = mem_zalloc(n, sizeof(*f->fillers));
	f->text_ends = mem_zalloc(types->plan->n + 1, sizeof(*f->text_ends));
	f->lacks_room = mem_zalloc(types->plan->n + 1, sizeof(*f->lacks_room));
	if (f->fillers == NULL || f->fills == NULL || f->text_ends == NULL || f->lacks_room == NULL)
		return error_nomem(err, n * sizeof(*f->fillers));
	for (size_t k = 0; k < types->plan->n; k++) {
		f->fills[k] = fill_of(&types->columns[k]);
		f->has_text |= fill_is_text(&types->columns[k]);
	}
	f->reads_ahead = n > 1 && rows_can_read_ahead(rows);
	r = rows_rewind(rows, err);
	while (f->n_fillers < n && r == SHMPUB_OK)
		r = init_filler(&f->fillers[f->n_fillers++], f, err);
	for (size_t k = 0; k < types->plan->n && r == SHMPUB_OK; k++) {
		if (types->plan->columns[k].route == ROUTE_PART)
			r = fill_part_names(f, k, err);
		else if (types->kept != NULL)
			r = fill_kept_words(f, k, err);
	}
	if (r)
		return r;
	if (n > 1)
		runner->run(runner->self, n, fill_windows, f);
	else
		fill_windows(f, 0);
	r = find_result(f, err);
	if (r)
		return r;
	join_notes(f);
	measure_text(f);
	return SHMPUB_OK;
}

const struct dictionary *fill_dictionary(const struct fill *f, size_t column)
{
	return &f->fillers[0].dictionaries[column];
}

static void free_filler(struct filler *f)
{
	for (size_t k = 0; k < f->plan->n; k++) {
		if (f->writers)
			buffer_free(&f->writers[k].own);
		if (f->dictionaries)
			dictionary_free(&f->dictionaries[k]);
	}
	mem_free(f->writers);
	mem_free(f->dictionaries);
	mem_free(f->part_rows);
	notes_free(f->notes, f->plan);
	cells_free(&f->cells);
	tile_reader_deinit(&f->reader);
	window_free(&f->window);
}

void fill_free(struct fill *f)
{
	for (size_t i = 0; i < f->n_fillers; i++)
		free_filler(&f->fillers[i]);
	mem_free(f->fillers);
	mem_free(f->fills);
	mem_free(f->text_ends);
	mem_free(f->lacks_room);
	*f = FILL_NONE;
}
