/*
 * What was seen of one column: by a look at its cells, or by one thread that filled it.
 *
 * Threads: one each; notes of different rows are joined by whoever has them all.
 */
#ifndef SHMPUB_TYPES_NOTES_H
#define SHMPUB_TYPES_NOTES_H

#include "rows/rows.h"
#include "types/dates.h"
#include "types/evidence.h"

struct column_notes {
	uint64_t n_nulls;
	uint64_t text_size; /* of all cells */
	struct evidence seen;
	struct date_state *dates; /* owned; of columns that may be dates */
	/* Of cells that were read as integers in a column that is filled as floats: */
	bool has_minus_zero;
	bool has_inexact;     /* pandas would read one of them as another float (xstrtod) */
	bool has_null_number; /* one of them is NA, should the column have fractions as well */
	/* The offset in the source of an integer that pandas cannot have in a level; or OFFSET_NONE. */
	uint64_t too_large;
	bool is_broken; /* a cell cannot be what the column is taken for; the rest is not filled */
};

/* One for each column; NULL: no memory. */
struct column_notes *notes_new(const struct columns *plan, struct shmpub_error *err);
void notes_free(struct column_notes *notes, const struct columns *plan);
/* Adds what was seen of other rows. */
void notes_join(struct column_notes *n, const struct column_notes *other);

#endif
