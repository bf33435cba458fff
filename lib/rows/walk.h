/*
 * Finds out which records of a window are rows, and where the last whole record ends.
 *
 * Threads: a window and a walk belong to one thread.
 */
#ifndef SHMPUB_ROWS_WALK_H
#define SHMPUB_ROWS_WALK_H

#include "base/byte_source.h"
#include "rows/shape.h"
#include "rows/window.h"

#define LOOK_BACK 2u /* the tokenizer looks at this many bytes before a record */

struct walk {
	const struct row_shape *shape;
	bool is_quick; /* the index can tell records of this shape */
	bool is_aligned; /* the window must end at a multiple of ROWS_ALIGNMENT, unless it is the last */
	bool is_last; /* the source ends with the window's text */
	const struct byte_parts
	        *parts; /* no record may go over the end of one; NULL: there are none */
	uint64_t
	        n_lines; /* lines before the window, as the tokenizer counts; set to those after it */
	size_t widest;   /* set to the most fields of a record, if the tokenizer has read it */
	size_t unread;   /* set to where the text begins that has no whole record */
	uint64_t error_at; /* set with an error: the offset of the record in the source */
};

/*
 * Expects text, offset, from and first_row of *w, and sets its other members. `to` is the end of
 * the last whole record, or `from` if the text has no whole record.
 *
 * Returns 0, SHMPUB_ERR_NOMEM, or without a line SHMPUB_ERR_CSV or SHMPUB_ERR_LIMIT for a record.
 */
int walk_window(struct window *w, struct walk *walk, struct shmpub_error *err);

/* The two halves of walk_window(): the second one sets whether the rows have bad text. */
int walk_records(struct window *w, struct walk *walk, struct shmpub_error *err);
void walk_check_text(struct window *w);

#endif
