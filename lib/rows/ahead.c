#include "rows/ahead.h"

#include "base/error.h"
#include "rows/quick.h"
#include "rows/rows.h"
#include "rows/walk.h"

/*
 * Where the rows of a window begin is known when the window before has been walked. So that the bytes
 * of both may be indexed at the same time, each window is read with the last bytes of the window
 * before at its front, its lap. Its index begins at a line end in there. This may be a line end
 * between quotes, and then the index is wrong. But if a record of the index ends where the rows
 * begin, then the index is right from there on: what the index is after the end of a record does not
 * depend on what comes before. If no record ends there, the text is indexed again.
 *
 * A lap has room for what a window leaves at its end: part of a record, and up to seven rows, because
 * of ROWS_ALIGNMENT. What a window leaves of longer rows is copied to the front of the next window
 * when that is settled.
 */

#define LAP_ROWS (ROWS_ALIGNMENT + 2u)
#define LAP_BEYOND 256u
#define CARRY_WINDOWS 32u /* if so many windows have no row, one thread reads rows faster */

static size_t carry_max(const struct rows *r)
{
	return CARRY_WINDOWS * r->window_size;
}

/*
 * How long a record may be is decided by rows_next(). A record that is settled here is shorter than
 * that: it has at most carry_max() bytes and two windows.
 */
bool rows_can_read_ahead(const struct rows *r)
{
	uint64_t max = r->source->record_max;

	return r->is_aligned && r->is_quick && r->source->whole.data == NULL &&
	       r->source->parts == NULL && (max == 0 || max > carry_max(r) + 4 * r->window_size);
}

void rows_begin_ahead(struct rows_ahead *a)
{
	a->is_begun = a->is_over = false;
	a->lap.size = a->carry.size = 0;
}

void rows_free_ahead(struct rows_ahead *a)
{
	buffer_free(&a->lap);
	buffer_free(&a->carry);
}

static int set(struct buffer *b, struct span bytes, struct shmpub_error *err)
{
	b->size = 0;
	return buffer_append(b, bytes, err);
}

/* Returns the last bytes of a text. */
static struct span last_bytes(struct span text, size_t size)
{
	size = size < text.size ? size : text.size;
	return span_of(text.data + (text.size - size), size);
}

/* --- reading -------------------------------------------------------------------------------------- */

static void set_lap_size(struct rows *r, const struct window *w)
{
	size_t most = r->window_size / 2, size = most;

	if (w->n_rows > 0)
		size = (w->to - w->from) / (size_t)w->n_rows * LAP_ROWS + LAP_BEYOND;
	r->ahead.lap_size = size < most ? size : most;
}

/* The first window is read and walked at once. */
static int begin(struct window *w, struct rows *r, struct shmpub_error *err)
{
	struct rows_ahead *a = &r->ahead;
	int e = rows_next(w, r, err);

	w->ahead = (struct window_ahead){ .is_settled = true, .failed_at = r->error_at };
	a->is_begun = true;
	a->is_over = e != SHMPUB_OK || r->is_last;
	if (a->is_over)
		return e;
	set_lap_size(r, w);
	a->read_to = w->offset + w->text.size;
	return set(&a->lap, r->rest, err);
}

static int read_bytes(struct window *w, struct rows *r, size_t size, struct shmpub_error *err)
{
	const struct byte_source *s = r->source;
	size_t n, want = w->text.size + size;
	int e = window_reserve(w, want, err);

	if (e)
		return e;
	w->text.data = w->buffer;
	w->readable = w->buffer_room + WINDOW_BEYOND;
	if (r->ahead.lap.size > 0)
		memcpy(w->buffer, r->ahead.lap.data, r->ahead.lap.size);
	while (!w->ahead.is_last && w->text.size < want) {
		e = s->read(s->self, w->buffer + w->text.size, want - w->text.size, &n, err);
		if (e) {
			if (e == SHMPUB_ERR_CSV || e == SHMPUB_ERR_LIMIT)
				w->ahead.failed_at = w->offset + w->text.size;
			return e;
		}
		w->ahead.is_last = n == 0;
		w->text.size += n;
	}
	return SHMPUB_OK;
}

int rows_read_ahead(struct window *w, struct rows *r, struct shmpub_error *err)
{
	struct rows_ahead *a = &r->ahead;
	struct span left;
	int e;

	if (!a->is_begun)
		return begin(w, r, err);
	if (a->is_over)
		return ROWS_END;
	w->ahead = (struct window_ahead){ .n_lap = a->lap.size, .failed_at = OFFSET_NONE };
	w->text = span_of(w->buffer, a->lap.size);
	w->offset = a->read_to - a->lap.size;
	e = read_bytes(w, r, r->window_size, err);
	if (e == SHMPUB_OK) {
		a->read_to = w->offset + w->text.size;
		left = last_bytes(w->text, a->lap_size);
		w->ahead.n_left = left.size;
		e = set(&a->lap, left, err);
	}
	a->is_over = e != SHMPUB_OK || w->ahead.is_last;
	return e;
}

/* --- indexing ------------------------------------------------------------------------------------- */

void rows_index_ahead(struct window *w, const struct rows *r, bool is_next)
{
	const char *line;
	bool is_odd;

	if (w->ahead.is_settled || (is_next && r->ahead.carry.size > 0))
		return;
	if (is_next) {
		w->from = (size_t)(r->offset - w->offset);
	} else {
		line = memchr(w->text.data, '\n', w->ahead.n_lap);
		if (line == NULL)
			return;
		w->from = (size_t)(line - w->text.data) + 1;
	}
	w->ahead.has_index = quick_index(w, &is_odd, &r->shape, w->ahead.is_last, NULL) ==
	                             SHMPUB_OK &&
	                     !is_odd;
}

/* --- settling ------------------------------------------------------------------------------------- */

/* Puts what was carried to the front of the window, in place of the lap. */
static int take_carry(struct window *w, struct rows *r, struct shmpub_error *err)
{
	struct buffer *carry = &r->ahead.carry;
	size_t n = w->text.size - w->ahead.n_lap;
	int e = window_reserve(w, carry->size + n, err);

	if (e)
		return e;
	memmove(w->buffer + carry->size, w->buffer + w->ahead.n_lap, n);
	memcpy(w->buffer, carry->data, carry->size);
	w->text = span_of(w->buffer, carry->size + n);
	w->readable = w->buffer_room + WINDOW_BEYOND;
	w->offset = r->offset - r->ahead.carry_from;
	w->ahead.has_index = false;
	carry->size = 0;
	return SHMPUB_OK;
}

/* Leaves the text after `to` to the next window. */
static int leave_rest(struct rows *r, const struct window *w, struct shmpub_error *err)
{
	size_t look_back = w->to < LOOK_BACK ? w->to : LOOK_BACK;
	size_t rest = w->text.size - w->to + look_back;

	r->rest = SPAN_NONE;
	r->rest_from = 0;
	r->offset = w->offset + w->to;
	r->n_rows += w->n_rows;
	r->n_skipped += w->n_skipped;
	if (rest <= w->ahead.n_left || w->ahead.is_last)
		return SHMPUB_OK;
	if (rest > carry_max(r))
		r->is_aligned = false;
	r->ahead.carry_from = look_back;
	return set(&r->ahead.carry, last_bytes(w->text, rest), err);
}

int rows_settle(struct window *w, struct rows *r, int result, struct shmpub_error *err)
{
	struct walk walk = { .shape = &r->shape,
		             .is_quick = r->is_quick,
		             .is_aligned = true,
		             .is_last = w->ahead.is_last,
		             .n_lines = r->n_lines,
		             .error_at = OFFSET_NONE };
	int e = result;

	if (e != SHMPUB_OK && e != ROWS_END)
		r->error_at = w->ahead.failed_at;
	if (e != SHMPUB_OK || w->ahead.is_settled)
		return e;
	if (r->ahead.carry.size > 0)
		e = take_carry(w, r, err);
	if (e)
		return e;
	w->from = (size_t)(r->offset - w->offset);
	w->first_row = r->n_rows;
	w->n_parts = 0;
	e = walk_records(w, &walk, err);
	if (e) {
		r->error_at = walk.error_at;
		return e;
	}
	r->is_last = w->ahead.is_last;
	r->n_lines = walk.n_lines;
	return leave_rest(r, w, err);
}

void rows_check_ahead(struct window *w)
{
	if (!w->ahead.is_settled)
		walk_check_text(w);
}
