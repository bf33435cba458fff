/*
 * Tables of text for people: each column is as wide as its widest cell.
 *
 * Usage: set `layout` of an ALIGN_NONE, add the cells row by row, then print.
 *
 * Threads:  a table belongs to one thread at a time.
 * Lifetime: ALIGN_NONE may be freed; align_free() makes any table an ALIGN_NONE. The text of
 *           added cells is copied, `layout` is not and must outlive the table.
 * Errors:   when there is no memory for a cell, align_print() returns SHMPUB_ERR_NOMEM; the
 *           functions that add cells need no check.
 */
#ifndef SHMPUB_SHOW_ALIGN_H
#define SHMPUB_SHOW_ALIGN_H

#include <stdbool.h>
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/span.h"

struct align {
	struct buffer text;  /* the printable text of all cells, one after the other */
	struct buffer cells; /* a struct align_cell for each */
	const char *layout;  /* a letter for each column: l for left-aligned, r for right-aligned */
	bool has_failed;     /* there was no memory for a cell */
};
#define ALIGN_NONE ((struct align){ .layout = "" })

/* Each of these three adds the next cell of the row, or the first one of the next row. */
void align_cell(struct align *t, struct span text);
void align_str(struct align *t, const char *text);
void align_printf(struct align *t, const char *format, ...) PRINTF_LIKE(2, 3);
/* Returns how many columns of a terminal the widest line takes. */
size_t align_width(const struct align *t);
/*
 * Appends the table to `out`. Lines are cut after `width` columns of a terminal; 0 cuts none.
 * No line ends with blanks.
 */
int align_print(struct buffer *out, const struct align *t, size_t width, struct shmpub_error *err);
void align_free(struct align *t);

#endif
