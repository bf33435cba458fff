/*
 * Filling a sink from the rows of a source, by one thread or several.
 *
 * Each thread takes the next window in turn: reading is one after the other, filling is not. Text
 * of several threads waits in memory of the thread's own until it is known where that of the window
 * before it ends.
 *
 * Threads: fill_run() spreads its work over the runner's and returns when all is done.
 */
#ifndef SHMPUB_FILL_FILL_H
#define SHMPUB_FILL_FILL_H

#include "base/runner.h"
#include "columns/sink.h"
#include "fill/dictionary.h"
#include "rows/cells.h"
#include "rows/rows.h"
#include "types/types.h"

/* Where the text of one column goes. */
struct text_writer {
	char *text;          /* the sink's, or memory of the thread's own */
	uint64_t size, room; /* bytes that were written there, and may be */
	bool is_own; /* it is `own`: offsets count from there until the window's text is placed */
	uint64_t begin;    /* then: where in the column the window's text begins */
	struct buffer own; /* owned */
};

/* What one thread needs to fill windows, and what it finds out of each column. */
struct filler {
	struct fill *fill;
	const struct columns *plan;
	const struct column_type *types;
	struct table_sink *sink;
	struct window window;
	struct tile_reader reader;
	struct cells cells;
	struct column_notes *notes;
	struct text_writer *writers;
	struct dictionary *dictionaries;
	uint64_t refused_row; /* of the refused cells the one in the first row is told */
	uint64_t error_at;    /* the offset of what failed; OFFSET_NONE: no cell */
};

struct filler;
/* Fills one column's cells of a tile. */
typedef void fill_fn(struct filler *f, size_t column, const struct tile *t);

struct fill {
	const struct types *types;
	struct rows *rows;
	struct table_sink *sink;
	const struct runner *runner;
	struct filler *fillers; /* owned */
	size_t n_fillers;
	uint64_t *text_ends; /* owned; where the text of each column that was placed ends */
	uint64_t tickets, reading,
	        placing;  /* windows: given numbers, read, and with their text placed */
	uint64_t is_over; /* no more windows: the source has ended, or something has failed */
	int rows_result;  /* what ended it: ROWS_END, or a failure of the source or of a record */
	struct shmpub_error rows_error;

	/* once it has run */
	struct column_notes *notes; /* of all fillers */
	fill_fn **fills;            /* owned; for each column what fills it */
	bool has_text;
	bool *lacks_room; /* owned; columns whose text did not fit */
	bool lacks_rows;  /* there are more rows than the sink has room for */
	uint64_t n_rows;
};

enum { FILL_ALONE = 75 }; /* rows are too long for several threads: again, then with one */

#define FILL_NONE ((struct fill){ .fillers = NULL })

/*
 * One pass over the source. Positive answers: FILL_ALONE, and the source's. A failure that has to do with a byte of the source sets
 * rows->error_at. Columns that are broken or lack room have no contents. fill_free() in any case.
 */
int fill_run(struct fill *f, const struct types *types, struct rows *rows,
             const struct runner *runner, struct table_sink *sink, struct shmpub_error *err);
/* The words of a category column, which are those of the only filler there is then. */
const struct dictionary *fill_dictionary(const struct fill *f, size_t column);
/* Frees all, dictionaries as well. */
void fill_free(struct fill *f);

/* How many threads there is work for: with categories one, since words are numbered as they come. */
size_t fill_threads(const struct types *types, const struct rows *rows,
                    const struct runner *runner);

/* --- for the files of this room ----------------------------------------------------------------- */

fill_fn fill_int, fill_uint, fill_float, fill_bool, fill_cast, fill_text, fill_category, fill_date,
        fill_again, fill_missing;

/* The column cannot hold this cell: marks it broken, and in a strict column sets the error. */
void fill_refuse(struct filler *f, size_t column, const struct tile *t, size_t row);

/* Once the whole column is known: corrects the floats that were read as integers. */
void fill_settle_integers(const struct column_type *y, struct column_notes *n,
                          struct column_sink *sink, uint64_t n_rows);

#define TEXT_BEYOND 32u /* bytes that may be written after a text */
/* Room in the thread's own memory for so many more bytes. False: there is none, f->cells says so. */
bool text_make_room(struct filler *f, struct text_writer *w, uint64_t size);

#endif
