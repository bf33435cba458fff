/*
 * The width of text in a terminal, and the text without what must not reach a terminal.
 *
 * Text is UTF-8, whatever the locale.
 *
 * Threads: no state but the caller's.
 */
#ifndef SHMPUB_SHOW_WIDTH_H
#define SHMPUB_SHOW_WIDTH_H

#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/span.h"

/* Returns how many columns of a terminal the character with code point `c` takes: 0, 1 or 2. */
unsigned width_of(uint32_t c);
/* Returns how many columns printable text (see width_printable()) takes. */
size_t width_text(struct span text);
/*
 * Appends `text` in a form that cannot move a terminal's cursor: control characters, those that
 * change the direction of writing, and bytes that are not UTF-8 become '?'. Fails only for lack
 * of memory.
 */
int width_printable(struct buffer *out, struct span text, struct shmpub_error *err);

#endif
