/*
 * Splits a line into words, as the ini gives commands and variables.
 *
 * Blanks (spaces and tabs) separate words. What stands between single quotes is taken as it is.
 * Between double quotes a backslash takes its meaning from a following '"' or '\'; elsewhere it
 * is a byte as any other. Outside of quotes a backslash takes its meaning from any byte. Quotes
 * may begin and end within a word, and quotes with nothing between them are a word. Nothing is
 * expanded: '$', '*', '~' and '%' are bytes as any other.
 *
 * Threads: no state.
 * Errors:  SHMPUB_ERR_INVALID: a quote without its end, a backslash at the end, no word at all;
 *          SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_COMMAND_LINE_H
#define SHMPUBD_COMMAND_LINE_H

#include <stddef.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

/*
 * *out gets the words, with a NULL after the last one: one block, to be freed by mem_free. `n`
 * may be NULL.
 */
int command_line_split(char ***out, size_t *n, struct span line, struct shmpub_error *err);

#endif
