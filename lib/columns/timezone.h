/*
 * Checks the form of names of time zones, without a list of them.
 */
#ifndef SHMPUB_COLUMNS_TIMEZONE_H
#define SHMPUB_COLUMNS_TIMEZONE_H

#include <stdbool.h>
#include "base/span.h"

#define TIMEZONE_MAX 63 /* bytes */

/* True for offsets: "+02:00", "-05:30". */
bool timezone_is_offset(struct span zone);
/* True for an offset, or the form of IANA's names: "UTC", "Europe/Berlin", "Etc/GMT+5". */
bool timezone_is_valid(struct span zone);
/*
 * True for zones that every reader of Arrow accepts: names, and offsets of whole hours from -12:00
 * to +14:00 (Polars panics at others). Other offsets are written as UTC, with a mark.
 */
bool timezone_is_common(struct span zone);

#endif
