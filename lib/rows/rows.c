#include "rows/rows.h"

#include "base/alloc.h"
#include "base/error.h"
#include "rows/walk.h"

/*
 * The source is read into a small buffer, window by window, so that a window is still in the
 * processor's caches when it is indexed, checked and filled. A source that was read as a whole
 * would have to be fetched from memory for each of these steps. A record that is cut by the end
 * of a window moves to the front of the next one; a record that is longer than a window makes the
 * window grow.
 */

#ifdef SHMPUB_SMALL_STEPS
size_t rows_window_size = 64;
#define WINDOW_SIZE rows_window_size
#define WINDOW_SIZE_MAX rows_window_size
#else
#define WINDOW_SIZE ((size_t)128 << 10)
#define WINDOW_SIZE_MAX ((size_t)1 << 20)
#endif
#define ROWS_A_WINDOW 32u         /* at least, because columns are filled some rows at a time */
#define ROWS_A_WINDOW_ALIGNED 40u /* up to seven of them are indexed again with the next window */
#define RECORD_MAX ((size_t)1 << 30)
#define ALIGNED_MAX ((size_t)64 << 20) /* of an aligned window: each thread has one */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_in_memory(const struct rows *r)
{
	return r->source->whole.data != NULL;
}

/* --- bytes ---------------------------------------------------------------------------------------- */

/* Begins a window with the text that the window before has left. */
static int take_rest(struct window *w, struct rows *r, struct shmpub_error *err)
{
	bool is_own = w->buffer && r->rest.data >= w->buffer &&
	              r->rest.data <= w->buffer + w->buffer_room;
	size_t at = is_own ? (size_t)(r->rest.data - w->buffer) : 0;
	int e;

	w->ahead.has_index = false;
	w->from = r->rest_from;
	w->offset = r->offset - r->rest_from;
	if (is_in_memory(r)) {
		w->text = span_of(r->source->whole.data + w->offset, r->rest_from);
		w->readable = r->source->whole.size - (size_t)w->offset;
		return SHMPUB_OK;
	}
	e = window_reserve(w, r->rest.size > r->window_size ? r->rest.size : r->window_size, err);
	if (e)
		return e;
	if (r->rest.size > 0)
		memmove(w->buffer, is_own ? w->buffer + at : r->rest.data, r->rest.size);
	w->text = span_of(w->buffer, r->rest.size);
	return SHMPUB_OK;
}

/* Returns `result`; if the text is at fault and not the system, notes where it failed. */
static int source_failed(struct rows *r, const struct window *w, int result)
{
	if (result == SHMPUB_ERR_CSV || result == SHMPUB_ERR_LIMIT)
		r->error_at = w->offset + w->text.size;
	return result;
}

/* Reads until the window has `want` bytes after `from`, or the source ends. */
static int read_text(struct window *w, struct rows *r, size_t want, struct shmpub_error *err)
{
	const struct byte_source *s = r->source;
	size_t n;
	int e;

	if (is_in_memory(r)) {
		w->text.size = smaller(w->from + want, w->readable);
		r->is_last = w->text.size == w->readable;
		return SHMPUB_OK;
	}
	e = window_reserve(w, w->from + want, err);
	if (e)
		return e;
	w->text.data = w->buffer;
	while (!r->is_last && w->text.size < w->from + want) {
		e = s->read(s->self, w->buffer + w->text.size, w->from + want - w->text.size, &n,
		            err);
		if (e)
			return source_failed(r, w, e);
		r->is_last = n == 0;
		w->text.size += n;
	}
	w->readable = w->buffer_room + WINDOW_BEYOND;
	return SHMPUB_OK;
}

static size_t record_max(const struct rows *r)
{
	uint64_t max = r->source->record_max;

	return max > 0 && max < RECORD_MAX ? (size_t)max : RECORD_MAX;
}

static int record_too_long(struct rows *r, uint64_t offset, struct shmpub_error *err)
{
	r->error_at = offset;
	if (record_max(r) == RECORD_MAX)
		return error_set(err, SHMPUB_ERR_LIMIT, "record longer than 1 GiB");
	return error_set(err, SHMPUB_ERR_LIMIT, "record longer than %zu bytes, %s", record_max(r),
	                 r->source->record_max_name);
}

/* Leaves the text after `to` to the next window. */
static void leave_rest(struct rows *r, const struct window *w)
{
	r->rest_from = smaller(w->to, LOOK_BACK);
	r->rest = span_of(w->text.data + w->to - r->rest_from, w->text.size - w->to + r->rest_from);
	r->offset = w->offset + w->to;
	r->n_rows += w->n_rows;
	r->n_skipped += w->n_skipped;
}

/* Reads on until the window has at least one whole row, or the source ends. */
static int complete_window(struct window *w, struct rows *r, struct shmpub_error *err)
{
	struct walk walk = { .shape = &r->shape,
		             .is_quick = r->is_quick,
		             .is_aligned = r->is_aligned,
		             .parts = r->source->parts };
	size_t want = r->window_size, most = record_max(r);
	int e;

	w->first_row = r->n_rows;
	for (;;) {
		e = read_text(w, r, want, err);
		if (e)
			return e;
		w->n_parts = r->source->parts != NULL ? r->source->parts->n_begun : 0;
		walk.is_last = r->is_last;
		walk.n_lines = r->n_lines;
		walk.error_at = OFFSET_NONE;
		e = walk_window(w, &walk, err);
		if (e) {
			r->error_at = walk.error_at;
			return e;
		}
		if (w->to > w->from || r->is_last)
			break;
		if (r->is_aligned && walk.unread > w->from && want >= smaller(ALIGNED_MAX, most))
			r->is_aligned = walk.is_aligned = false;
		else if (want >= most)
			return record_too_long(r, w->offset + walk.unread, err);
		else
			want = smaller(2 * want, most);
	}
	r->n_lines = walk.n_lines;
	r->widest = walk.widest > r->widest ? walk.widest : r->widest;
	leave_rest(r, w);
	return SHMPUB_OK;
}

/* --- passes --------------------------------------------------------------------------------------- */

static void begin_pass(struct rows *r)
{
	r->offset = 0;
	r->rest = SPAN_NONE;
	r->rest_from = 0;
	r->is_last = false;
	r->n_rows = r->n_skipped = 0;
	r->n_lines = r->head_lines;
	r->error_at = OFFSET_NONE;
	rows_begin_ahead(&r->ahead);
}

static int rewind_source(struct rows *r, struct shmpub_error *err)
{
	return is_in_memory(r) ? SHMPUB_OK : r->source->rewind(r->source->self, err);
}

int rows_rewind(struct rows *r, struct shmpub_error *err)
{
	if (r->has_first)
		return SHMPUB_OK;
	begin_pass(r);
	return rewind_source(r, err);
}

static void swap(struct window *a, struct window *b)
{
	struct window other = *a;

	*a = *b;
	*b = other;
}

/* The first window of a later pass reads the head again, and begins after it. */
static int skip_head(struct window *w, struct rows *r, struct shmpub_error *err)
{
	int e = read_text(w, r, (size_t)r->head_size + r->window_size, err);

	w->from = smaller((size_t)r->head_size, w->text.size);
	return e;
}

int rows_next(struct window *w, struct rows *r, struct shmpub_error *err)
{
	bool is_first = r->offset == 0;
	int e;

	if (r->has_first) {
		swap(w, &r->first);
		r->has_first = false;
		return SHMPUB_OK;
	}
	if (r->is_dropped || (r->is_last && r->rest.size == r->rest_from))
		return ROWS_END;
	e = take_rest(w, r, err);
	if (e == SHMPUB_OK && is_first)
		e = skip_head(w, r, err);
	return e ? e : complete_window(w, r, err);
}

int rows_each(struct rows *r, int (*take)(void *arg, const struct tile *t), void *arg,
              struct shmpub_error *err)
{
	struct window w = WINDOW_NONE;
	struct tile_reader reader;
	int e = tile_reader_init(&reader, &r->shape, err);

	if (e == SHMPUB_OK)
		e = rows_rewind(r, err);
	while (e == SHMPUB_OK) {
		e = rows_next(&w, r, err);
		if (e == SHMPUB_OK)
			e = tile_reader_each(&reader, &w, take, arg, err);
	}
	tile_reader_deinit(&reader);
	window_free(&w);
	return e == ROWS_END ? SHMPUB_OK : e;
}

int rows_find_error(struct rows *r, struct shmpub_error *err)
{
	struct window w = WINDOW_NONE;
	int e = rows_rewind(r, err);

	while (e == SHMPUB_OK)
		e = rows_next(&w, r, err);
	window_free(&w);
	return e == ROWS_END ? SHMPUB_OK : e;
}

int rows_drain(struct rows *r, struct shmpub_error *err)
{
	struct window w = WINDOW_NONE;
	int e = rewind_source(r, err);

	begin_pass(r);
	while (e == SHMPUB_OK && !r->is_last) {
		w.offset += w.text.size;
		w.text.size = 0;
		e = read_text(&w, r, r->window_size, err);
	}
	window_free(&w);
	return e;
}

int rows_find_widest(size_t *widest, struct rows *r, struct shmpub_error *err)
{
	struct row_shape shape = r->shape;
	bool is_quick = r->is_quick;
	int e;

	r->has_first = false;
	r->is_quick = false;
	r->shape.drops_extra = true;
	r->widest = 0;
	e = rows_find_error(r, err);
	*widest = r->widest;
	r->is_quick = is_quick;
	r->shape = shape;
	return e;
}

/* --- the beginning -------------------------------------------------------------------------------- */

int rows_open(struct rows *out, const struct byte_source *source, enum csv_encoding encoding,
              bool is_aligned, size_t window_size, struct shmpub_error *err)
{
	*out = (struct rows){ .source = source,
		              .window_size = window_size ? window_size : WINDOW_SIZE,
		              .is_fixed = window_size != 0,
		              .is_aligned = is_aligned };
	if (encoding != CSV_UTF8) {
		csv_decoding_init(&out->decoding, source, encoding);
		out->source = &out->decoding.source;
	}
	return rows_restart(out, err);
}

void rows_close(struct rows *r)
{
	csv_decoding_free(&r->decoding);
	window_free(&r->first);
	rows_free_ahead(&r->ahead);
}

uint64_t rows_size(const struct rows *r)
{
	uint64_t seen = r->offset + (r->rest.size - r->rest_from);

	if (r->is_last)
		return seen;
	return r->source->size > seen ? r->source->size : 4 * seen;
}

uint64_t rows_source_size(const struct rows *r)
{
	return r->source == &r->decoding.source ? r->decoding.offset + r->decoding.raw_size
	                                        : rows_size(r);
}

struct span rows_head(const struct rows *r, bool *is_all)
{
	*is_all = r->is_last;
	return r->first.text;
}

int rows_more_head(struct rows *r, size_t at, struct shmpub_error *err)
{
	size_t size = r->first.text.size, most = record_max(r);

	if (size >= most)
		return record_too_long(r, at, err);
	return read_text(&r->first, r, smaller(2 * size, most), err);
}

static void widen_windows(struct rows *r)
{
	const struct window *w = &r->first;
	uint64_t row_size = w->n_rows ? (w->to - w->from) / w->n_rows : 0;
	uint64_t size = row_size * (r->is_aligned ? ROWS_A_WINDOW_ALIGNED : ROWS_A_WINDOW);

	size = size < WINDOW_SIZE_MAX ? size : WINDOW_SIZE_MAX;
	if (size > r->window_size && !r->is_fixed)
		r->window_size = (size_t)size;
}

int rows_set_shape(struct rows *r, const struct row_shape *shape, uint64_t head_size,
                   uint64_t head_lines, struct shmpub_error *err)
{
	int e;

	r->shape = *shape;
	r->is_quick = quick_is_possible(shape);
	r->head_size = head_size;
	r->head_lines = r->n_lines = head_lines;
	r->first.from = (size_t)head_size;
	e = complete_window(&r->first, r, err);
	if (e)
		return e;
	r->has_first = true;
	widen_windows(r);
	return SHMPUB_OK;
}

int rows_restart(struct rows *r, struct shmpub_error *err)
{
	int e = rewind_source(r, err);

	r->has_first = false;
	r->head_lines = 0;
	begin_pass(r);
	r->first.text = SPAN_NONE;
	r->first.from = 0;
	r->first.offset = 0;
	if (is_in_memory(r)) {
		r->first.text = span_of(r->source->whole.data, 0);
		r->first.readable = r->source->whole.size;
	}
	return e ? e : read_text(&r->first, r, r->window_size, err);
}

int rows_drop(struct rows *r, struct shmpub_error *err)
{
	int e = rows_find_error(r, err);

	r->is_dropped = true;
	r->n_rows = r->n_skipped = r->first.n_rows = 0;
	return e;
}

/* --- a window from the middle --------------------------------------------------------------------- */

static void skip_to_line(struct window *w)
{
	const char *end = memchr(w->text.data, '\n', w->text.size);

	w->from = end ? (size_t)(end - w->text.data) + 1 : w->text.size;
}

int rows_peek(struct window *w, const struct rows *r, uint64_t offset, struct shmpub_error *err)
{
	struct walk walk = { .shape = &r->shape, .is_quick = true };
	const struct byte_source *s = r->source;
	size_t n = r->window_size;
	int e;

	w->n_rows = 0;
	if (!r->is_quick || (!is_in_memory(r) && s->peek == NULL))
		return SHMPUB_OK;
	if (is_in_memory(r)) {
		if (offset > s->whole.size)
			return SHMPUB_OK;
		w->text = span_of(s->whole.data + offset, s->whole.size - (size_t)offset);
		w->readable = w->text.size;
		w->text.size = smaller(n, w->text.size);
	} else {
		e = window_reserve(w, n, err);
		if (e == SHMPUB_OK)
			e = s->peek(s->self, offset, w->buffer, n, &n, err);
		if (e)
			return e;
		w->text = span_of(w->buffer, n);
		w->readable = w->buffer_room + WINDOW_BEYOND;
	}
	w->offset = offset;
	skip_to_line(w);
	walk.n_lines = r->n_lines;
	if (walk_window(w, &walk, NULL) != SHMPUB_OK || w->is_exact)
		w->n_rows = 0; /* if the text is really wrong, the pass will report it */
	return SHMPUB_OK;
}

/* --- lines ---------------------------------------------------------------------------------------- */

#define LINES_AT_ONCE ((size_t)64 << 10)

/* Reads the source up to the offset and one byte more: a \r with a \n after it ends no line. */
static int count_lines(uint64_t *line, const struct rows *r, uint64_t offset, char *buffer,
                       struct shmpub_error *err)
{
	const struct byte_source *s = r->source;
	uint64_t left = offset + 1;
	bool is_cr = false;
	size_t n = 1;
	int e = SHMPUB_OK;

	*line = 1;
	while (left > 0 && n > 0) {
		e = s->read(s->self, buffer, smaller(LINES_AT_ONCE, (size_t)left), &n, err);
		if (e)
			break;
		for (size_t i = 0; i < n; i++) {
			*line += is_cr && buffer[i] != '\n';
			is_cr = buffer[i] == '\r' && left > 1;
			*line += buffer[i] == '\n' && left > 1;
			left--;
		}
	}
	*line += is_cr;
	return e;
}

int rows_tell_line(struct rows *r, uint64_t offset, struct shmpub_error *err)
{
	struct shmpub_error own = { 0 };
	uint64_t line = 1;
	char *buffer;
	int e;

	if (offset == OFFSET_NONE || err == NULL || err->line)
		return SHMPUB_OK;
	if (is_in_memory(r)) {
		error_put_line(err, csv_line_at(r->source->whole, (size_t)offset));
		return SHMPUB_OK;
	}
	r->has_first = false;
	buffer = mem_alloc(LINES_AT_ONCE);
	if (buffer == NULL)
		return error_nomem(err, LINES_AT_ONCE);
	e = rewind_source(r, &own);
	if (e == SHMPUB_OK)
		e = count_lines(&line, r, offset, buffer, &own);
	mem_free(buffer);
	if (e > 0)
		return e;
	/* If the source itself failed at this offset, it does so again, and the line is known. */
	if (e == SHMPUB_OK || e == SHMPUB_ERR_CSV || e == SHMPUB_ERR_LIMIT)
		error_put_line(err, line);
	return SHMPUB_OK;
}
