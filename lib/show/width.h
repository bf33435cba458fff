/*
 * How much room text takes in a terminal, and text that is fit for one. Independent of
 * the locale: everything here is UTF-8.
 */
#ifndef SHMPUB_SHOW_WIDTH_H
#define SHMPUB_SHOW_WIDTH_H

#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/span.h"

/* 0, 1 or 2 columns. */
unsigned width_of(uint32_t c);
/* Columns of printable text. */
size_t width_text(struct span text);
/*
 * Append text with every byte that could move a cursor taken out: control characters,
 * those that turn the direction of writing, and bytes that are no UTF-8 become '?'.
 */
int width_printable(struct buffer *out, struct span text, struct shmpub_error *err);

#endif
