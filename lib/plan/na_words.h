/*
 * The words that are NA, for all columns or for some: as text, and by value if they are numbers.
 *
 * Threads:  built by one thread, then read by any number.
 * Lifetime: a zeroed struct na_words may be freed.
 */
#ifndef SHMPUB_PLAN_NA_WORDS_H
#define SHMPUB_PLAN_NA_WORDS_H

#include "plan/column.h"

/* Adds pandas' own words if `keeps_default`. Fails for lack of memory only; *out is then unset. */
int na_words_init(struct na_words *out, const struct csv_items *words, bool keeps_default,
                  struct shmpub_error *err);
void na_words_free(struct na_words *na);

#endif
