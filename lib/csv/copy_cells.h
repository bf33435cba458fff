/*
 * Copies the text of many cells of one column, one after the other, and looks for NA words.
 *
 * Only ordinary cells are copied: csv/cell.h has the rule for all others.
 *
 * Threads: no state but the caller's. The kernels (base/cpu.h) give the same answers.
 */
#ifndef SHMPUB_CSV_COPY_CELLS_H
#define SHMPUB_CSV_COPY_CELLS_H

#include "csv/tokenize.h"
#include "value/batch.h"
#include "value/words.h"

/* So many bytes after a text may be overwritten. */
#define COPY_CELLS_BEYOND 192u

struct cell_copy {
	/* set by the caller */
	const struct csv_dialect *dialect;
	const struct word_set *na;
	bool is_regular;        /* quotes inside quoted cells come in pairs, see csv/index.h */
	const char *source_end; /* bytes may be read up to here */
	char *text;             /* where the text of the column goes */
	uint64_t room;          /* bytes that fit there */
	uint8_t *validity;      /* the bits of cells that are NA are cleared */
	int64_t *offsets;       /* of all rows */

	/* set by the caller for the next cell, and moved on by each call */
	uint64_t row;
	uint64_t size;    /* bytes of text so far */
	uint64_t n_nulls; /* is increased by the number of cells that are NA */
};

struct copy_cells_kind {
	const char *name; /* "plain", "avx2" */
	/*
	 * Copies cells from the first one on, until it has copied `n` or a cell is not ordinary:
	 * an irregular quote, blanks before it, or too close to the end of the source or of the
	 * room. Returns how many it has copied. Text of a cell that is NA takes no room.
	 */
	size_t (*copy)(struct cell_copy *copy, const struct cell_run *run, size_t n);
};

/* The fastest kernel that this processor can run. */
const struct copy_cells_kind *copy_cells_best(void);
/* The i-th kernel that this processor can run, plain first; NULL past the last. */
const struct copy_cells_kind *copy_cells_kind(size_t i);

#endif
