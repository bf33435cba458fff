/*
 * The rule for names that become file names: 1 to 40 of A-Z a-z 0-9 _ . -, beginning
 * with a letter, a digit or '_'. An instance's name has no dots.
 */
#ifndef SHMPUB_BASE_NAME_H
#define SHMPUB_BASE_NAME_H

#include <stdbool.h>
#include "base/span.h"

bool name_is_feed(struct span name);
bool name_is_instance(struct span name);

#endif
