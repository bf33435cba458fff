/* What counts as NA, for all columns or for one: words, and numbers by value. */
#ifndef SHMPUB_PLAN_NA_WORDS_H
#define SHMPUB_PLAN_NA_WORDS_H

#include "plan/column.h"

int na_words_init(struct na_words *out, const struct csv_items *words, bool keeps_default,
                  struct shmpub_error *err);
void na_words_free(struct na_words *na);

#endif
