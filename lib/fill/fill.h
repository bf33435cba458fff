/*
 * Fills a sink from the rows of a source, with one thread or several.
 *
 * Threads take turns to read the next window, and index and fill their windows in parallel. With several
 * threads the text of a window stays in memory of its thread until it is known where the text of
 * the window before it ends.
 *
 * Threads:  one calls; fill_run() spreads its work over the runner's threads and returns when all
 *           of them are done.
 * Lifetime: types, rows, runner and sink must outlive a fill. FILL_NONE may be freed.
 */
#ifndef SHMPUB_FILL_FILL_H
#define SHMPUB_FILL_FILL_H

#include "base/runner.h"
#include "columns/sink.h"
#include "fill/dictionary.h"
#include "rows/cells.h"
#include "rows/rows.h"
#include "types/types.h"

#define TEXT_WINDOWS 4u /* at most, whose text is in memory of one thread */

/* Where the text of one column goes. */
struct text_writer {
	char *text;          /* in the sink or, with is_own, in `own` */
	uint64_t size, room; /* bytes written there, and bytes that fit */
	bool is_own;         /* offsets count from `own` until the text of the window is placed */
	uint64_t begin;      /* with is_own: where the text of a window begins in the column */
	uint64_t ends[TEXT_WINDOWS]; /* with is_own: where the text of each window ends in `own` */
	struct buffer own;           /* owned */
};

/* A window that was filled, but whose text is still in memory of its thread. */
struct text_window {
	uint64_t turn;
	uint64_t first_row, n_rows;
};

/* What one thread needs to fill windows, and its notes on each column. */
struct filler {
	struct fill *fill;
	const struct columns *plan;
	const struct column_type *types;
	struct table_sink *sink;
	struct window window;
	int read_result; /* of rows_read_ahead(), with its error */
	struct shmpub_error read_error;
	struct tile_reader reader;
	struct cells cells;
	struct column_notes *notes;
	struct text_writer *writers;
	struct text_window text_windows[TEXT_WINDOWS];
	size_t n_text_windows,
	        n_text_placed; /* of text_windows; the first n_text_placed are done */
	struct dictionary *dictionaries;
	uint64_t *part_rows;  /* of a source that has parts: how many rows each has here */
	uint64_t refused_row; /* the first row with a refused cell: its error is the one reported */
	uint64_t error_at;    /* offset of the byte that failed; OFFSET_NONE: it was none */
};

/* Fills the cells of one column of a tile. */
typedef void fill_fn(struct filler *f, size_t column, const struct tile *t);

struct fill {
	const struct types *types;
	struct rows *rows;
	struct table_sink *sink;
	const struct runner *runner;
	struct filler *fillers; /* owned */
	size_t n_fillers;
	fill_fn **fills;     /* owned; the function that fills each column */
	bool has_text;       /* a column is text */
	bool reads_ahead;    /* windows are read ahead (rows/ahead.h) */
	uint64_t *text_ends; /* owned; the end of the text placed so far, for each column */
	uint64_t n_cleared;  /* rows whose bits are set; changes when a window is taken */
	uint64_t tickets;    /* the number of the next window; taken by whoever wants one */
	uint64_t reading;    /* the number of the window that may be read now (turns.h) */
	uint64_t settling;   /* if windows are read ahead: that of the window that may be settled now */
	uint64_t placing;    /* the number of the window whose text may be placed now */
	uint64_t is_over;    /* no more windows: the source has ended, or a thread has failed */
	int rows_result;     /* ROWS_END, or the failure of the source or of a record */
	struct shmpub_error rows_error;

	/* set by fill_run() at its end */
	struct column_notes *notes; /* of all fillers; memory of the first one */
	bool *lacks_room;           /* owned; columns whose text did not fit */
	bool lacks_rows;            /* there are more rows than the sink has room for */
	const uint64_t *part_rows;  /* of each part of the source; memory of the first filler */
	uint64_t n_rows;
};

enum { FILL_ALONE = 75 }; /* rows are too long for several threads: run again, then with one */

#define FILL_NONE ((struct fill){ .fillers = NULL })

/*
 * Makes one pass over the source. The contents of columns that are broken or lack room are
 * undefined. The caller frees *f by fill_free(), after a failure as well.
 *
 * Returns 0, also where columns are broken or lack room; FILL_ALONE; an answer or a failure of the
 * source; SHMPUB_ERR_CSV for a record, a byte that is not UTF-8, or a cell of a strict column. An
 * error that concerns a byte of the source names no line, but sets rows->error_at.
 */
int fill_run(struct fill *f, const struct types *types, struct rows *rows,
             const struct runner *runner, struct table_sink *sink, struct shmpub_error *err);
/*
 * Returns the words of a category column: there is only one filler then. Valid until fill_free().
 */
const struct dictionary *fill_dictionary(const struct fill *f, size_t column);
void fill_free(struct fill *f);

/*
 * Returns how many threads there is work for. With a category it is one, because words are numbered
 * in the order of rows.
 */
size_t fill_threads(const struct types *types, const struct rows *rows,
                    const struct runner *runner);

/* --- for the files of this room ----------------------------------------------------------------- */

fill_fn fill_int, fill_uint, fill_float, fill_bool, fill_cast, fill_text, fill_category, fill_date,
        fill_again, fill_missing, fill_part;

/* The names of the parts are the words of column k, before the first row is filled. */
int fill_part_names(struct fill *f, size_t k, struct shmpub_error *err);
/* The same with the words of kept rows (types/kept.h), whose numbers in the dictionary are then set. */
int fill_kept_words(struct fill *f, size_t k, struct shmpub_error *err);
/* Adds the rows of a tile to those of their parts, which f->part_rows counts. */
void fill_count_parts(struct filler *f, const struct tile *t);
/* Adds up what all fillers have counted; NULL: the source has no parts. */
const uint64_t *fill_join_parts(struct fill *f);

/*
 * Marks the column as broken by this cell. If the column is strict, sets the error of the filler.
 */
void fill_refuse(struct filler *f, size_t column, const struct tile *t, size_t row);

/* Returns true if the cells of the column are written by a struct text_writer. */
static inline bool fill_is_text(const struct column_type *y)
{
	return y->verdict.type == SHMPUB_TEXT && y->verdict.reading != READ_CATEGORY;
}

/*
 * Returns true if the text of a cell can be looked for in recent words: its bytes, and those that
 * are read after them, are in the window. An empty text may be somewhere else: there is one for a
 * cell whose text found no memory.
 */
static inline bool fill_is_recent_size(const struct filler *f, const struct tile *t,
                                       struct span text)
{
	const char *end = t->window->text.data + t->window->readable;

	return text.size > 0 && text.size <= RECENT_MAX && text.data != f->cells.unescaped.data &&
	       end - text.data >= (ptrdiff_t)RECENT_READ;
}

/* Corrects the integers among the floats of a column, when its last cell has been filled. */
void fill_settle_integers(const struct column_type *y, struct column_notes *n,
                          struct column_sink *sink, uint64_t n_rows);

/* Decides where the filler writes text. */
void text_begin(struct filler *f, bool is_alone);
/*
 * The window of `turn` has no more text, or none at all: its text is placed now or later.
 * `has_rows`: its rows have room in the sink.
 */
void text_end_window(struct filler *f, uint64_t turn, bool has_rows);
/* Waits until the text of all windows of the filler is placed. */
void text_end(struct filler *f);

#define TEXT_BEYOND 192u /* bytes that may be written after the end of a text */
/*
 * Makes room for `size` more bytes in memory of the thread. Returns false, and sets
 * f->cells.result, if there is none.
 */
bool text_make_room(struct filler *f, struct text_writer *w, uint64_t size);

#endif
