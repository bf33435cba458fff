/*
 * Names of time zones, as far as something can be said without a list of them.
 */
#ifndef SHMPUB_COLUMNS_TIMEZONE_H
#define SHMPUB_COLUMNS_TIMEZONE_H

#include <stdbool.h>
#include "base/span.h"

#define TIMEZONE_MAX 63 /* bytes */

/* "+02:00", "-05:30". */
bool timezone_is_offset(struct span zone);
/* An offset, or of the form that IANA's names have: "UTC", "Europe/Berlin", "Etc/GMT+5". */
bool timezone_is_valid(struct span zone);
/*
 * True for what every Arrow reader takes as a timestamp's zone. Others (offsets that are no
 * whole hours from -12:00 to +14:00: Polars panics) are written as UTC, with a mark.
 */
bool timezone_is_common(struct span zone);

#endif
