/*
 * pandas' older parser of floats, with its rounding errors. Internal to this room; pure, any
 * thread.
 */
#ifndef SHMPUB_VALUE_XSTRTOD_H
#define SHMPUB_VALUE_XSTRTOD_H

#include <stdbool.h>
#include "base/span.h"

/* `thousands` is 0 if there is no separator. False: the text is not a number. */
bool xstrtod(double *out, struct span text, char decimal, char thousands);

#endif
