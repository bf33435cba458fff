/*
 * The types of all columns.
 *
 * Before the first fill they are guesses, taken from the schema of the last refresh or from a
 * sample. A fill reads every cell and shows whether a guess holds. If it does not, all cells of
 * the column are examined, and then its type is certain.
 *
 * Threads:  one thread changes them; between changes any number may read.
 * Lifetime: the plan must outlive the types. TYPES_NONE may be freed.
 * Errors:   SHMPUB_ERR_NOMEM, failures of the source, and SHMPUB_ERR_CSV for a cell: that error
 *           has no line, but rows->error_at is the offset of the cell in the source.
 */
#ifndef SHMPUB_TYPES_TYPES_H
#define SHMPUB_TYPES_TYPES_H

#include "columns/schema.h"
#include "types/kept.h"
#include "types/notes.h"
#include "types/verdict.h"

struct types {
	const struct columns *plan;
	struct column_type *columns; /* owned; one for each of the plan's */
	/* One for each column: of rows that are not in this source; NULL: there are none. */
	struct kept_column *kept;
};

#define TYPES_NONE ((struct types){ .columns = NULL })

/*
 * Makes a column_type without a verdict for each column; the caller frees *out on failure as
 * well.
 */
int types_init(struct types *out, const struct columns *plan, struct shmpub_error *err);
void types_free(struct types *t);

/* Makes the schema that the types stand for. The caller frees *out. */
int types_schema(struct schema *out, const struct types *t, struct shmpub_error *err);
/* Takes the types of an earlier refresh for columns that have the same name and place there. */
void types_guess(struct types *t, const struct schema *guess);

/*
 * Guesses the types of columns without one by a sample of rows. Sets *row_size to the mean number
 * of bytes in a row, if there are rows. `is_first_time`: no earlier refresh is known, so that
 * rows from later in the source are worth reading as well.
 */
int types_sample(struct types *t, double *row_size, bool is_first_time, struct rows *rows,
                 struct shmpub_error *err);
/*
 * Sets the types of flagged columns by all their cells. Those with a dtype are strict from then
 * on.
 */
int types_examine(struct types *t, const bool *flags, struct rows *rows, struct shmpub_error *err);

/* Returns false if the notes of a fill contradict the type of the column. */
bool types_hold(const struct column_type *y, const struct column_notes *n, uint64_t n_rows);
/*
 * Returns true if integers among the floats of a column were read otherwise than pandas reads them,
 * and sets are_floats: the column must be filled again.
 */
bool types_misread(struct column_type *y, const struct column_notes *n);

#endif
