/* Text on lines that fit a terminal. */
#ifndef SHMPUB_CLI_WRAP_H
#define SHMPUB_CLI_WRAP_H

#include "base/buffer.h"
#include "base/span.h"

/*
 * Append text, made printable, on lines of `width` columns that begin with `indent` blanks; broken
 * at blanks where there are any, else inside a word. Width 0: one line.
 */
int wrap_text(struct buffer *out, struct span text, size_t indent, size_t width,
              struct shmpub_error *err);

#endif
