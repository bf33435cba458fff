/*
 * Writes the rows of a snapshot as CSV or JSON. The snapshot must have been verified.
 *
 * Errors: EXIT_BAD when memory ran out. Failures to write are kept in `o`, for out_end().
 */
#ifndef SHMPUB_CLI_CAT_ROWS_H
#define SHMPUB_CLI_CAT_ROWS_H

#include "columns/table.h"
#include "out.h"

struct cat_range {
	uint64_t from, to; /* rows */
	bool has_header;   /* CSV: names come first */
};

/* Both write these rows and return an exit status. */
int cat_csv(struct out *o, const struct table *table, const struct cat_range *range);
int cat_json(struct out *o, const struct table *table, const struct cat_range *range);

#endif
