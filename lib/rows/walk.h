/*
 * Which records of a window are rows, and where the last one ends.
 *
 * Threads: pure but for the window and the walk.
 */
#ifndef SHMPUB_ROWS_WALK_H
#define SHMPUB_ROWS_WALK_H

#include "rows/shape.h"
#include "rows/window.h"

#define LOOK_BACK 2u /* bytes before a record that the tokenizer asks for */

struct walk {
	const struct row_shape *shape;
	bool is_quick; /* records may be read by the index */
	bool is_apart; /* the window is to end at a multiple of ROWS_APART, unless it is the last */
	bool is_last;  /* the source ends with the window's text */
	uint64_t n_lines;  /* before the window, as the tokenizer counts; then after it */
	size_t widest;     /* the most fields of a record that the tokenizer met */
	size_t unread;     /* set: where in the window's text what is no whole record begins */
	uint64_t error_at; /* set with an error: the record's offset in the source */
};

/*
 * `w` has text, offset, from and first_row. Sets the rest, `to` being where the last whole record
 * ends: at `from` when not one is at hand. An error of a record names no line.
 */
int walk_window(struct window *w, struct walk *walk, struct shmpub_error *err);

#endif
