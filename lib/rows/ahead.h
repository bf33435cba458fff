/*
 * Reads windows ahead, for several threads: bytes are read and indexed before it is known where the
 * rows of the window begin, which only the window before can tell.
 *
 * Each window goes through three steps, on the thread that has the window:
 *   rows_read_ahead    reads its bytes: one window after the other, in the order of the source
 *   rows_index_ahead   indexes them: any number of windows at the same time
 *   rows_settle        finds its rows: again one after the other. Other windows may be read and
 *                      indexed meanwhile
 * A pass makes either these steps or calls of rows_next(). Both find the same rows.
 *
 * Threads:  as said of each step; a window belongs to one thread.
 * Errors:   as of rows_next(). If rows are too long, rows_settle() sets rows->is_aligned to false:
 *           then the pass cannot go on in this way.
 */
#ifndef SHMPUB_ROWS_AHEAD_H
#define SHMPUB_ROWS_AHEAD_H

#include "base/buffer.h"
#include "rows/window.h"

struct rows;

struct rows_ahead {
	/* changed by rows_read_ahead() */
	bool is_begun, is_over;
	uint64_t read_to;  /* offset in the source of the next byte */
	size_t lap_size;   /* bytes that each window has of the one before it */
	struct buffer lap; /* owned; the last bytes that were read */

	/* changed by rows_settle() */
	struct buffer
	        carry;     /* owned; what the window before has left, if that is more than a lap */
	size_t carry_from; /* bytes of it before the rows; the tokenizer looks at them */
};

/* Returns true if windows of this source and this shape may be read ahead. */
bool rows_can_read_ahead(const struct rows *r);

/* Reads the bytes of the next window. Returns ROWS_END if there are none. */
int rows_read_ahead(struct window *w, struct rows *r, struct shmpub_error *err);

/*
 * Indexes a window that was read. `is_next`: the window before is settled, and this one is not. Does
 * not fail: what was not indexed is indexed by rows_settle().
 */
void rows_index_ahead(struct window *w, const struct rows *r, bool is_next);

/*
 * Finds the rows of a window; it may have none. `result`: that of rows_read_ahead(), which is
 * returned if it is a failure. The caller calls rows_check_ahead() after it.
 */
int rows_settle(struct window *w, struct rows *r, int result, struct shmpub_error *err);

/* Finds out whether the rows of a settled window have bad text. */
void rows_check_ahead(struct window *w);

/* For rows.c: begins a pass; frees what is owned. */
void rows_begin_ahead(struct rows_ahead *a);
void rows_free_ahead(struct rows_ahead *a);

#endif
