/*
 * Reads the rows of a source window by window, in one pass or several.
 *
 * Use:      rows_open; rows_head and rows_more_head for the head; rows_set_shape; then passes,
 *           each of rows_rewind and of rows_next until ROWS_END.
 * Threads:  one call at a time, from any thread. A window belongs to the thread that has it.
 * Lifetime: the source and the dialect of the shape must outlive the rows. A window whose text
 *           lies in the source (`whole`) is valid as long as the source.
 * Errors:   SHMPUB_ERR_CSV or SHMPUB_ERR_LIMIT for a record, without a line: error_at is its
 *           offset. Lines are counted only on demand, by rows_tell_line(). Answers and failures
 *           of the source are returned unchanged.
 */
#ifndef SHMPUB_ROWS_ROWS_H
#define SHMPUB_ROWS_ROWS_H

#include "base/byte_source.h"
#include "csv/decode.h"
#include "rows/ahead.h"
#include "rows/shape.h"
#include "rows/tile.h"
#include "rows/window.h"

enum { ROWS_END = 70 };

/*
 * Windows for several threads end at multiples of this number of rows: bits of eight rows share a
 * byte, and two threads must not write to the same byte.
 */
#define ROWS_ALIGNMENT 8u

#define OFFSET_NONE UINT64_MAX

struct rows {
	const struct byte_source *source; /* the caller's, or `decoding` over it */
	struct csv_decoding decoding;     /* owned; used if the source is not UTF-8 */
	struct row_shape shape;
	bool is_quick; /* the index can tell records of this shape */
	/*
	 * All windows but the last end at a multiple of ROWS_ALIGNMENT. rows_next() sets this to
	 * false if rows are too long for it.
	 */
	bool is_aligned;
	size_t window_size;
	bool is_fixed;       /* window_size was given by the caller */
	uint64_t head_size;  /* where the rows begin */
	uint64_t head_lines; /* lines before the rows, as the tokenizer counts */

	struct window first; /* read by rows_open() for the head, the sample and the first pass */
	bool has_first;      /* the next pass begins with `first` */

	/* the current pass */
	uint64_t offset;  /* where the next window begins in the source */
	struct span rest; /* text that was read, but left to the next window */
	size_t rest_from; /* bytes of `rest` before that window; the tokenizer looks at them */
	bool is_last;     /* all of the source was read */
	uint64_t n_rows, n_skipped, n_lines;
	bool is_dropped; /* by rows_drop() */
	size_t widest;   /* the most fields of a record; complete only in rows_find_widest() */
	struct rows_ahead ahead; /* of a pass in which windows are read ahead */

	uint64_t error_at; /* offset of the last error in the source; OFFSET_NONE: it has none */
};

#ifdef SHMPUB_SMALL_STEPS /* the fuzzers' build: a fuzzer chooses the size */
extern size_t rows_window_size;
#endif

/*
 * Opens the source and reads its beginning. `window_size`: bytes; 0: chosen here. The caller closes
 * *r, after a failure as well.
 */
int rows_open(struct rows *r, const struct byte_source *source, enum csv_encoding encoding,
              bool is_aligned, size_t window_size, struct shmpub_error *err);
void rows_close(struct rows *r);

/* Returns the size of the decoded source; an estimate until all of it was read. */
uint64_t rows_size(const struct rows *r);

/* Returns the size of the source before decoding. Exact only when a pass has come to its end. */
uint64_t rows_source_size(const struct rows *r);

/* Returns the beginning of the source as far as it was read. *is_all: that is the whole source. */
struct span rows_head(const struct rows *r, bool *is_all);
/*
 * Doubles the text that rows_head() returns, if the source has as much. `at`: where the record
 * begins that is not whole yet; it is at fault if there is more text than a record may have.
 */
int rows_more_head(struct rows *r, size_t at, struct shmpub_error *err);
/* Sets what the rows look like and where they begin. The first window is then in r->first. */
int rows_set_shape(struct rows *r, const struct row_shape *shape, uint64_t head_size,
                   uint64_t head_lines, struct shmpub_error *err);

/* Begins again at the start of the source, as rows_open() does. */
int rows_restart(struct rows *r, struct shmpub_error *err);
/* Checks all records as a pass does, and drops them: later passes have no rows. */
int rows_drop(struct rows *r, struct shmpub_error *err);

/* Begins a pass. */
int rows_rewind(struct rows *r, struct shmpub_error *err);
/* Sets *w to the next window; its buffers are used again. Returns ROWS_END if there is none. */
int rows_next(struct window *w, struct rows *r, struct shmpub_error *err);
/* Makes a pass that calls take() with each tile, until take() does not return SHMPUB_OK. */
int rows_each(struct rows *r, int (*take)(void *arg, const struct tile *t), void *arg,
              struct shmpub_error *err);
/* Makes a pass over all records and returns the error of the first bad one, if there is one. */
int rows_find_error(struct rows *r, struct shmpub_error *err);
/*
 * Reads the whole source and returns the error of a byte that cannot be decoded, if there is one.
 */
int rows_drain(struct rows *r, struct shmpub_error *err);
/* Makes a pass and sets *widest to the most fields that a record has. */
int rows_find_widest(size_t *widest, struct rows *r, struct shmpub_error *err);

/*
 * Sets *w to a window from the middle of the source. Its rows serve for a guess only: it is not
 * known whether `offset` is inside quotes. *w has no rows if the source cannot be read in this
 * way.
 */
int rows_peek(struct window *w, const struct rows *r, uint64_t offset, struct shmpub_error *err);

/*
 * Sets the line of *err to that of the byte at `offset`. Does nothing for OFFSET_NONE or if *err
 * has a line already. Reads the source again for this, so that a pass ends. Returns 0, or an
 * answer of the source.
 */
int rows_tell_line(struct rows *r, uint64_t offset, struct shmpub_error *err);

#endif
