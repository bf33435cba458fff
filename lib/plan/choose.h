/*
 * Chooses, as pandas does, which fields of a record become columns, what their names are, which
 * columns are levels of the index and which are dates. Header and options decide this, no cell.
 *
 * Threads: one.
 */
#ifndef SHMPUB_PLAN_CHOOSE_H
#define SHMPUB_PLAN_CHOOSE_H

#include "plan/column.h"

/*
 * Sets columns, n, n_labels and has_no_field of *s; has_integer_names must be set before. The
 * caller frees *s by columns_free(), after a failure as well.
 *
 * Returns 0; SHMPUB_ERR_CSV where an option means a column that is not there, or two options
 * contradict each other; SHMPUB_ERR_NOMEM.
 */
int choose_columns(struct columns *s, const struct header *h, const struct csv_options *o,
                   struct shmpub_error *err);

#endif
