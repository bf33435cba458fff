/*
 * The rule for the names of instances and feeds, which become file names: 1 to 40 bytes out of
 * A-Z a-z 0-9 _ . -, of which the first is a letter, a digit or '_'. An instance's name
 * contains no dot.
 *
 * Threads: pure functions, any thread.
 */
#ifndef SHMPUB_BASE_NAME_H
#define SHMPUB_BASE_NAME_H

#include <stdbool.h>
#include "base/span.h"

bool name_is_feed(struct span name);
bool name_is_instance(struct span name);

#endif
