/*
 * Makes runs of cells for the kernels of value/batch.h, which know neither quotes around a cell nor
 * blanks around a number.
 *
 * Threads:  a struct trimmed belongs to one thread.
 * Lifetime: a run is valid until the next call with the same struct trimmed.
 */
#ifndef SHMPUB_ROWS_TRIM_H
#define SHMPUB_ROWS_TRIM_H

#include "rows/tile.h"
#include "value/words.h"

#define TRIMMED_MAX 256u

struct trimmed {
	bool has_numbers;          /* the column has numbers: blanks around a cell are trimmed */
	const struct word_set *na; /* NULL, or words that become an empty cell in the run */
	size_t first, end;         /* the rows of the tile whose cuts are here */
	uint32_t cuts[2 * TRIMMED_MAX];
};

/* Begins a column of a tile, without any trimmed rows. */
static inline void trim_begin(struct trimmed *trimmed, bool has_numbers)
{
	trimmed->has_numbers = has_numbers;
	trimmed->na = NULL;
	trimmed->first = trimmed->end = 0;
}

/* False if the quote is a byte that numbers or dates are written with, such as a digit. */
bool trim_has_plain_quotes(const struct csv_dialect *d);

/*
 * Returns a run that value/batch.h can parse, from `row` to the end of the tile. If the first
 * cell is quoted, padded, or one of the words for NA, the run has up to TRIMMED_MAX trimmed cells
 * instead. *n is set to the number of cells in the run.
 */
struct cell_run trim_run(struct trimmed *trimmed, size_t *n, const struct csv_dialect *d,
                         const struct tile *t, size_t row, size_t source);

#endif
