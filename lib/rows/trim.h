/*
 * Runs of cells as the kernels of value/batch.h want them: without quotes around them, and
 * without the blanks around numbers, of which those know neither.
 *
 * Threads: one each.
 */
#ifndef SHMPUB_ROWS_TRIM_H
#define SHMPUB_ROWS_TRIM_H

#include "rows/tile.h"
#include "value/words.h"

#define TRIMMED_MAX 256u

struct trimmed {
	bool has_numbers;          /* the column has numbers: blanks around a cell do not count */
	const struct word_set *na; /* NULL, or words in place of which there is an empty cell */
	size_t first, end;         /* rows of the tile whose cuts are here; none at first */
	uint32_t cuts[2 * TRIMMED_MAX];
};

/* Begins a column of a tile. */
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
