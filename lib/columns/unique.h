/* Finds equal names, and equal values in a dictionary, which must not be. */
#ifndef SHMPUB_COLUMNS_UNIQUE_H
#define SHMPUB_COLUMNS_UNIQUE_H

#include "base/span.h"
#include "columns/table.h"

/* True when two of the texts are equal. Sorts `texts`. */
bool texts_have_twins(struct span *texts, size_t n);
/*
 * Set *rule to what is wrong with the values of a dictionary; NULL: nothing is. The values may
 * change meanwhile: they are copied first, and offsets are compared with text_size.
 * SHMPUB_ERR_NOMEM.
 */
int unique_rule(const char **rule, const struct shmpub_column *d, struct shmpub_error *err);

#endif
