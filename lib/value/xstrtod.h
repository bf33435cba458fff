/* pandas' older float parser, with its rounding errors. Internal to this room. */
#ifndef SHMPUB_VALUE_XSTRTOD_H
#define SHMPUB_VALUE_XSTRTOD_H

#include <stdbool.h>
#include "base/span.h"

/* thousands: 0 for none. */
bool xstrtod(double *out, struct span text, char decimal, char thousands);

#endif
