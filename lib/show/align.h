/*
 * Tables for people: cells of text, columns as wide as their widest cell.
 *
 * Lifetime: ALIGN_NONE may be freed. Errors: a cell that could not be kept (memory)
 * makes align_print() answer SHMPUB_ERR_NOMEM; nothing has to be checked before.
 */
#ifndef SHMPUB_SHOW_ALIGN_H
#define SHMPUB_SHOW_ALIGN_H

#include <stdbool.h>
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/span.h"

struct align {
	struct buffer text;  /* all cells, one after the other, made printable */
	struct buffer cells; /* struct align_cell */
	const char *layout;  /* one letter a column: l left, r right */
	bool has_failed;
};
#define ALIGN_NONE ((struct align){ .layout = "" })

/* The next cell, row by row. */
void align_cell(struct align *t, struct span text);
void align_str(struct align *t, const char *text);
void align_printf(struct align *t, const char *format, ...) PRINTF_LIKE(2, 3);
/* Columns that the widest line takes. */
size_t align_width(const struct align *t);
/* Append the table to `out`; lines are cut at `width` columns (0: not at all). No blanks at line ends. */
int align_print(struct buffer *out, const struct align *t, size_t width, struct shmpub_error *err);
void align_free(struct align *t);

#endif
