/* What must be there once only: names, and values of a dictionary. */
#ifndef SHMPUB_COLUMNS_UNIQUE_H
#define SHMPUB_COLUMNS_UNIQUE_H

#include "base/span.h"
#include "columns/table.h"

/* Two of them are equal. The texts are put in another order. */
bool texts_have_twins(struct span *texts, size_t n);
/*
 * *rule says what is wrong with a dictionary's values, NULL: nothing. Offsets are bounded by
 * text_size, and everything is copied first, so the values may change meanwhile.
 */
int unique_rule(const char **rule, const struct shmpub_column *d, struct shmpub_error *err);

#endif
