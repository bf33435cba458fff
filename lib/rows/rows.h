/*
 * The rows of a source, window by window, in one pass or several.
 *
 * Use:     rows_open -> the head, by rows_head and rows_more_head -> rows_shape -> passes:
 *          rows_rewind, then rows_next until ROWS_END.
 * Threads: one call at a time, from whichever thread; windows are their holders'.
 * Errors:  of a record, SHMPUB_ERR_CSV or SHMPUB_ERR_LIMIT without a line: rows_tell_line()
 *          puts it in, since lines are only counted when somebody asks. Answers of the source are
 *          handed on.
 */
#ifndef SHMPUB_ROWS_ROWS_H
#define SHMPUB_ROWS_ROWS_H

#include "base/byte_source.h"
#include "csv/decode.h"
#include "rows/shape.h"
#include "rows/tile.h"
#include "rows/window.h"

enum { ROWS_END = 70 };

/* Where two threads may meet: no byte of bits is then of both. */
#define ROWS_APART 8u

#define OFFSET_NONE UINT64_MAX

struct rows {
	const struct byte_source *source; /* decoded */
	struct csv_decoding decoding;     /* owned; where the source has to be decoded */
	struct row_shape shape;
	bool is_quick; /* the shape lets records be read by the index */
	/*
	 * Windows are for several threads: all but the last end at a multiple of ROWS_APART. Set to
	 * false by rows_next() where rows are too long for that.
	 */
	bool is_apart;
	size_t window_size;
	bool is_fixed;       /* the window size was asked for */
	uint64_t head_size;  /* where the rows begin */
	uint64_t head_lines; /* lines before them, as the tokenizer counts */

	struct window first; /* read ahead by rows_open, for the head and a first look */
	bool has_first;      /* it is still there for the pass to come */

	/* the pass */
	uint64_t offset;  /* where the next window begins */
	struct span rest; /* what was read and not taken, with up to two bytes before it */
	size_t rest_from; /* those bytes */
	bool is_last;     /* the source has no more */
	uint64_t n_rows, n_skipped, n_lines;
	bool is_dropped; /* rows_drop() */
	size_t widest;   /* fields of a record; counted by rows_find_widest alone */

	uint64_t error_at; /* the offset of the error that was told; OFFSET_NONE: no line */
};

#ifdef SHMPUB_SMALL_STEPS /* the fuzzers' build: they choose */
extern size_t rows_window_size;
#endif

/* `window_size`: bytes; 0: as many as are good. */
int rows_open(struct rows *r, const struct byte_source *source, enum csv_encoding encoding,
              bool is_apart, size_t window_size, struct shmpub_error *err);
void rows_close(struct rows *r);

/* Bytes of the source, as far as can be told before all was read. */
uint64_t rows_size(const struct rows *r);

/* Bytes of the source before they were decoded, once a pass has come to the end. */
uint64_t rows_source_size(const struct rows *r);

/* The source's beginning, as far as it was read. *is_all: that is all of it. */
struct span rows_head(const struct rows *r, bool *is_all);
/* Reads about as much again, for a record that begins at `at` and is not whole. */
int rows_more_head(struct rows *r, size_t at, struct shmpub_error *err);
/* Says what the rows look like and where they begin; the first window is then in r->first. */
int rows_shape(struct rows *r, const struct row_shape *shape, uint64_t head_size,
               uint64_t head_lines, struct shmpub_error *err);

/* Begins anew, before the head. */
int rows_restart(struct rows *r, struct shmpub_error *err);
/* From here on there are no rows, but what is no record is an error as before. */
int rows_drop(struct rows *r, struct shmpub_error *err);

int rows_rewind(struct rows *r, struct shmpub_error *err);
/* The next window, in the place of what *w held. ROWS_END: there is none. */
int rows_next(struct window *w, struct rows *r, struct shmpub_error *err);
/* All tiles of all windows, from the first; `see` returns SHMPUB_OK to go on. */
int rows_each(struct rows *r, int (*see)(void *arg, const struct tile *t), void *arg,
              struct shmpub_error *err);
/* Goes over all rows for the first record that is none. */
int rows_find_error(struct rows *r, struct shmpub_error *err);
/* Goes over the rest of the source for a byte that cannot be decoded. */
int rows_drain(struct rows *r, struct shmpub_error *err);
/* The most fields of any record. */
int rows_find_widest(size_t *widest, struct rows *r, struct shmpub_error *err);

/*
 * A window from somewhere in the middle, for a guess: whether the offset is inside quotes is not
 * known, so that its rows may be wrong. Without rows where the source cannot be looked at so.
 */
int rows_peek(struct window *w, const struct rows *r, uint64_t offset, struct shmpub_error *err);

/* Puts in the line that a byte of the source stands in. OFFSET_NONE: nothing. */
int rows_tell_line(struct rows *r, uint64_t offset, struct shmpub_error *err);

#endif
