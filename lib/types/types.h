/*
 * What all columns are taken for.
 *
 * Before the first fill that is a guess: the schema of the last refresh, or what a sample says. A
 * fill looks at every cell and shows whether it holds; of columns that do not hold all cells are
 * looked at once more, and then it is known.
 *
 * Threads: one; between two calls that change it any number may read.
 * Errors:  of a cell, without a line: rows->error_at is then its offset in the source.
 */
#ifndef SHMPUB_TYPES_TYPES_H
#define SHMPUB_TYPES_TYPES_H

#include "columns/schema.h"
#include "types/notes.h"
#include "types/verdict.h"

struct types {
	const struct columns *plan;
	struct column_type *columns; /* owned; one for each of the plan's */
};

#define TYPES_NONE ((struct types){ .columns = NULL })

int types_init(struct types *out, const struct columns *plan, struct shmpub_error *err);
void types_free(struct types *t);

int types_schema(struct schema *out, const struct types *t, struct shmpub_error *err);
/* Takes the types of an earlier refresh for the columns that it knows by name and place. */
void types_guess(struct types *t, const struct schema *guess);

/*
 * Looks at some rows for the columns without a type. *row_size: about how many bytes of the source
 * a row has. `is_first_time`: there was no guess, so that it pays to look at later rows as well.
 */
int types_sample(struct types *t, double *row_size, bool is_first_time, struct rows *rows,
                 struct shmpub_error *err);
/* Looks at all rows for the columns that are flagged; from then on a dtype is strict. */
int types_examine(struct types *t, const bool *flags, struct rows *rows, struct shmpub_error *err);

/* False: what was seen contradicts what the column is taken for. */
bool types_hold(const struct column_type *y, const struct column_notes *n, uint64_t n_rows);
/* True if integers were read in another way than pandas reads them: the column is filled again. */
bool types_misread(struct column_type *y, const struct column_notes *n);

#endif
