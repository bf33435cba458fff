#include "fill/fill.h"

#include "fill/turns.h"

/*
 * With one thread, text is written to its final place at once. With several threads, or when a
 * column has too little room, text is written to memory of the thread. From there it is copied to
 * its final place; if that has too little room, only its size is counted.
 *
 * Where the text of a window begins is known when all windows before it have been filled. A thread
 * does not wait for that, but fills its next window meanwhile. It waits only when it has
 * TEXT_WINDOWS windows in its memory, or one that a long record has made large. No two threads can
 * wait for each other: the thread that has the first window which is not placed is either filling
 * it, or about to ask whether it may be placed.
 */

#define LARGE_WINDOW ((size_t)1 << 20)

bool text_make_room(struct filler *f, struct text_writer *w, uint64_t size)
{
	int r;

	w->own.size = (size_t)w->size;
	r = buffer_reserve(&w->own, (size_t)size + TEXT_BEYOND, &f->cells.error);
	if (r && f->cells.result == SHMPUB_OK)
		f->cells.result = r;
	w->text = w->own.data;
	w->room = w->own.capacity;
	return r == SHMPUB_OK;
}

void text_begin(struct filler *f, bool is_alone)
{
	for (size_t k = 0; k < f->plan->n; k++) {
		struct column_sink *c = &f->sink->columns[k];
		struct text_writer *w = &f->writers[k];

		if (!fill_is_text(&f->types[k]))
			continue;
		w->is_own = !is_alone || c->text_room == 0;
		w->text = w->is_own ? w->own.data : c->text;
		w->room = w->is_own ? w->own.capacity : c->text_room;
		w->size = 0;
	}
}

/* Adds where the window's text begins to its offsets. */
static void move_offsets(int64_t *offsets, uint64_t n_rows, uint64_t by)
{
	for (uint64_t i = 0; i < n_rows; i++)
		offsets[i] = (int64_t)((uint64_t)offsets[i] + by);
}

/* Where the text of a window begins in memory of the thread. */
static uint64_t own_begin(const struct text_writer *w, size_t window)
{
	return window > 0 ? w->ends[window - 1] : 0;
}

/* Sets where the text of the window begins in each column. Called in the order of windows. */
static void reserve_text(struct filler *f, size_t window)
{
	for (size_t k = 0; k < f->plan->n; k++) {
		struct text_writer *w = &f->writers[k];

		if (!w->is_own)
			continue;
		w->begin = f->fill->text_ends[k];
		f->fill->text_ends[k] += w->ends[window] - own_begin(w, window);
	}
}

static void place_text(struct filler *f, size_t window)
{
	const struct text_window *t = &f->text_windows[window];

	for (size_t k = 0; k < f->plan->n; k++) {
		struct text_writer *w = &f->writers[k];
		struct column_sink *c = &f->sink->columns[k];
		uint64_t from = own_begin(w, window), size = w->ends[window] - from;

		if (!w->is_own || t->n_rows == 0 || f->notes[k].is_broken ||
		    w->begin + size > c->text_room)
			continue;
		if (size > 0)
			memcpy(c->text + w->begin, w->text + from, size);
		move_offsets(c->offsets + t->first_row, t->n_rows, w->begin - from);
	}
}

/* Places the text of windows in order, until all are placed or one would have to wait. */
static void place_windows(struct filler *f, bool may_wait)
{
	struct fill *fill = f->fill;

	for (; f->n_text_placed < f->n_text_windows; f->n_text_placed++) {
		uint64_t turn = f->text_windows[f->n_text_placed].turn;

		if (!may_wait && !turn_is_now(&fill->placing, turn))
			return;
		turn_wait(&fill->placing, turn, fill->runner);
		reserve_text(f, f->n_text_placed);
		turn_end(&fill->placing, turn);
		place_text(f, f->n_text_placed);
	}
	f->n_text_windows = f->n_text_placed = 0;
	for (size_t k = 0; k < f->plan->n; k++) {
		if (f->writers[k].is_own)
			f->writers[k].size = 0;
	}
}

void text_end_window(struct filler *f, uint64_t turn, bool has_rows)
{
	f->text_windows[f->n_text_windows] = (struct text_window){
		.turn = turn,
		.first_row = f->window.first_row,
		.n_rows = has_rows ? f->window.n_rows : 0,
	};
	for (size_t k = 0; k < f->plan->n; k++)
		f->writers[k].ends[f->n_text_windows] = f->writers[k].size;
	f->n_text_windows++;
	place_windows(f, f->n_text_windows == TEXT_WINDOWS || f->window.text.size > LARGE_WINDOW);
}

void text_end(struct filler *f)
{
	place_windows(f, true);
}
