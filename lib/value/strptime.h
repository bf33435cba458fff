/*
 * Parses a cell by the parts of a date format, as Python's strptime() does. Internal to this
 * room; pure, any thread.
 */
#ifndef SHMPUB_VALUE_STRPTIME_H
#define SHMPUB_VALUE_STRPTIME_H

#include "value/date_format.h"

/* False: the cell does not match, or the date does not exist. */
bool strptime_parts(struct timestamp *out, const struct date_part *parts, size_t n_parts,
                    struct span text);

/*
 * Returns true if the cell matches except that a name of UTC is written in other letters than
 * usual ("utc"); strptime_parts() returns false for such a cell.
 */
bool strptime_zone_has_other_case(const struct date_part *parts, size_t n_parts, struct span text);

/* Returns true if there is a directive of that letter; %c, %x, %X and %% do not count here. */
bool strptime_knows(char directive);

#endif
