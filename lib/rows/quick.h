/*
 * The quick reader: it finds the records of a window by the index of its fields (csv/index.h).
 *
 * It finds the same rows as the exact reader, the tokenizer (csv/tokenize.h), if quotes are regular
 * and the options need nothing but delimiters, quotes and line ends. All other text is left to the
 * exact reader.
 *
 * Threads: a cursor belongs to one thread; any number of cursors may go over one window.
 */
#ifndef SHMPUB_ROWS_QUICK_H
#define SHMPUB_ROWS_QUICK_H

#include "rows/shape.h"
#include "rows/window.h"

/* Returns true if the index can tell records of this shape. */
bool quick_is_possible(const struct row_shape *shape);

/*
 * Indexes the text of the window from `from` on. `is_last`: the source ends with this text. Sets
 * *is_odd to true if the index cannot tell the records, because of a quote or a comment.
 *
 * Returns 0 or SHMPUB_ERR_NOMEM.
 */
int quick_index(struct window *w, bool *is_odd, const struct row_shape *shape, bool is_last,
                struct shmpub_error *err);

/* A place in a window, as the numbers of ends and records before it. */
struct quick_cursor {
	const struct window *window;
	size_t width; /* fields of a regular record */
	size_t n_ends, n_records;
};

static inline struct quick_cursor quick_begin(const struct window *w, const struct row_shape *s)
{
	return (struct quick_cursor){ .window = w,
		                      .width = s->table_width,
		                      .n_ends = w->n_ends_before,
		                      .n_records = w->n_records_before };
}

static inline bool quick_is_over(const struct quick_cursor *q)
{
	return q->n_records == q->window->n_records;
}

/* Regular records, one after the other: field f of row i comes after cuts[i * stride + f]. */
struct quick_run {
	const uint32_t *cuts;
	size_t stride, n_rows;
};

/* Returns the next regular records, at most `most`. If there is none, call quick_next_record(). */
struct quick_run quick_next_run(struct quick_cursor *q, size_t most);

struct quick_record {
	uint32_t before;      /* the cut before its first field */
	const uint32_t *ends; /* the end of each field */
	size_t n_fields;      /* 0: a blank line, which is no record */
	size_t start;         /* where it begins in the window's text */
};

/* Takes the next record, of any shape. Returns false if this window needs the exact reader. */
bool quick_next_record(struct quick_record *out, struct quick_cursor *q);

/* Returns where the next record begins in the window's text. */
size_t quick_next_at(const struct quick_cursor *q);

/*
 * Sets which records of the index come before the byte `at` of the window's text. Returns false if
 * none of them ends there: then the index was made from a place inside quotes, and means nothing.
 * Else it is that of an index made from `at` on.
 */
bool quick_find(struct window *w, const struct row_shape *shape, size_t at);

/* Returns where row i of a run begins in the window's text. */
size_t quick_row_at(const struct quick_cursor *q, const struct quick_run *run, size_t i);

#endif
