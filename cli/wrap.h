/*
 * Breaks text into lines that fit a terminal.
 *
 * Threads: no state.
 * Errors:  SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUB_CLI_WRAP_H
#define SHMPUB_CLI_WRAP_H

#include "base/buffer.h"
#include "base/span.h"

/*
 * Appends the text on lines of `width` columns that begin with `indent` blanks; control
 * characters are replaced. Lines are broken at blanks if there are any, else inside a word.
 * Width 0: one line.
 */
int wrap_text(struct buffer *out, struct span text, size_t indent, size_t width,
              struct shmpub_error *err);

#endif
