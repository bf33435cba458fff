/* One cell by the parts of a date format. Internal to this room. */
#ifndef SHMPUB_VALUE_STRPTIME_H
#define SHMPUB_VALUE_STRPTIME_H

#include "value/date_format.h"

/* Every alternative of every directive is tried, as Python's regular expressions do. */
bool strptime_parts(struct timestamp *out, const struct date_part *parts, size_t n_parts,
                    struct span text);

/* The cell fits, but its zone is UTC's name in other letters; then strptime_parts refuses it. */
bool strptime_zone_is_unknown(const struct date_part *parts, size_t n_parts, struct span text);

/* True when `directive` can stand behind a '%' (composed ones and '%' itself aside). */
bool strptime_knows(char directive);

#endif
