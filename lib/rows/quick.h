/*
 * The quick way through the rows of a window: by the index of its fields (csv/index.h).
 *
 * It gives the very rows that the exact tokenizer would, for text in which quotes are regular
 * and with options that need nothing but delimiters, quotes and line ends. Everything else is
 * for the exact way (exact.h).
 *
 * Threads: a cursor belongs to one thread; any number may go over one window.
 */
#ifndef SHMPUB_ROWS_QUICK_H
#define SHMPUB_ROWS_QUICK_H

#include "rows/shape.h"
#include "rows/window.h"

/* Whether records of this shape can be read by the index. */
bool quick_is_possible(const struct row_shape *shape);

/*
 * Indexes the window from `from` on; with `is_last` the text's end ends the last record.
 * *is_odd: the index cannot tell its records, because of a quote or a comment.
 */
int quick_index(struct window *w, bool *is_odd, const struct row_shape *shape, bool is_last,
                struct shmpub_error *err);

/* Where in a window one is: so many ends and records were given out. */
struct quick_cursor {
	const struct window *window;
	size_t width; /* fields of a regular record */
	size_t n_ends, n_records;
};

static inline struct quick_cursor quick_begin(const struct window *w, const struct row_shape *s)
{
	return (struct quick_cursor){ .window = w, .width = s->table_width };
}

static inline bool quick_is_over(const struct quick_cursor *q)
{
	return q->n_records == q->window->n_records;
}

/* Regular records that lie side by side: field f of row i stands after cuts[i * stride + f]. */
struct quick_run {
	const uint32_t *cuts;
	size_t stride, n_rows;
};

/* The regular records that come next, at most `most`. None: the next one is for quick_one(). */
struct quick_run quick_next_run(struct quick_cursor *q, size_t most);

struct quick_record {
	uint32_t before;      /* the cut before its first field */
	const uint32_t *ends; /* one a field */
	size_t n_fields;      /* 0: a line that is no record */
	size_t start;         /* in the window's text */
};

/* The next record, of whatever shape. False: the exact way must go over this window. */
bool quick_one(struct quick_record *out, struct quick_cursor *q);

/* Where in the window's text the next record begins. */
size_t quick_at(const struct quick_cursor *q);

/* Where row i of a run begins. */
size_t quick_row_at(const struct quick_cursor *q, const struct quick_run *run, size_t i);

#endif
