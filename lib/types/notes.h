/*
 * Notes on the cells of one column, taken while its cells are examined or filled.
 *
 * Threads: notes belong to one thread; those of different threads are joined when all have ended.
 */
#ifndef SHMPUB_TYPES_NOTES_H
#define SHMPUB_TYPES_NOTES_H

#include "rows/rows.h"
#include "types/dates.h"
#include "types/evidence.h"

struct column_notes {
	uint64_t n_nulls;
	uint64_t text_size; /* of all cells together */
	struct evidence seen;
	struct date_state *dates; /* owned; NULL unless the column may be dates */
	/* About cells that were read as integers in a column that is filled as floats: */
	bool has_minus_zero; /* one is -0 */
	bool has_inexact;    /* one is another float to pandas, if the column is floats (xstrtod) */
	bool has_null_number; /* one is NA by its value, if the column is floats */
	uint64_t too_large;   /* offset of an integer that no level can have (again_note_large) */
	bool is_broken;       /* a cell does not fit the verdict: the rest was not filled */
};

/* Returns fresh notes, one for each column, or NULL for lack of memory. notes_free() frees them. */
struct column_notes *notes_new(const struct columns *plan, struct shmpub_error *err);
void notes_free(struct column_notes *notes, const struct columns *plan);
/*
 * Adds a cell of a column that may be dates; data NULL: NA. Once a cell is no date, does nothing.
 */
void notes_add_date(struct column_notes *n, const struct column *c, struct span cell, uint64_t row);
/* Adds the notes of other rows. */
void notes_join(struct column_notes *n, const struct column_notes *other);

#endif
