/*
 * Which fields of a record become columns, what they are called, which are levels of the
 * index and which are dates: from the header and the options, as pandas chooses them.
 */
#ifndef SHMPUB_PLAN_CHOOSE_H
#define SHMPUB_PLAN_CHOOSE_H

#include "plan/column.h"

/* Fills s->columns; s->has_integer_names is set. On failure they are the caller's to free. */
int choose_columns(struct columns *s, const struct header *h, const struct csv_options *o,
                   struct shmpub_error *err);

#endif
