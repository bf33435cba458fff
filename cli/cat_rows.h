/*
 * A snapshot's rows as CSV and as JSON, into an out. Only for snapshots that were
 * verified. Errors: EXIT_BAD when memory ran out; what the out has met is for out_end().
 */
#ifndef SHMPUB_CLI_CAT_ROWS_H
#define SHMPUB_CLI_CAT_ROWS_H

#include "columns/table.h"
#include "out.h"

/* The first `n_rows` rows. */
int cat_csv(struct out *o, const struct table *table, uint64_t n_rows);
int cat_json(struct out *o, const struct table *table, uint64_t n_rows);

#endif
