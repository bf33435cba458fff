/*
 * Returns the text of a cell, which is its bytes without quotes, and memory for text made from
 * it.
 *
 * Threads:  a struct cells belongs to one thread.
 * Lifetime: one in which only `dialect` is set is empty, and may be freed.
 * Errors:   a function that lacks memory returns no text and sets `result` unless it is set
 *           already. Callers that go over cells must check `result` before they take the next
 *           one.
 */
#ifndef SHMPUB_ROWS_CELLS_H
#define SHMPUB_ROWS_CELLS_H

#include "base/buffer.h"
#include "csv/cell.h"
#include "rows/tile.h"

struct cells {
	const struct csv_dialect *dialect;
	struct buffer unescaped; /* the text of the current cell, if that has doubled quotes */
	struct buffer work;      /* for cells_room(); never holds the text of a cell */
	int result;              /* the first failure */
	struct shmpub_error error;
};

void cells_free(struct cells *c);

/* Returns the text of a cell that has doubled quotes. Valid until the next call. */
struct span cells_unescape(struct cells *c, struct span raw);

/* Returns the text of a cell. Valid until the next call. */
static inline struct span cells_text(struct cells *c, struct span raw)
{
	struct csv_cell cell = csv_cell(raw, c->dialect);

	return cell.needs_unescape ? cells_unescape(c, cell.text) : cell.text;
}

/* Returns `size` bytes that do not overlap the cell's text, valid until the next call; or NULL. */
char *cells_room(struct cells *c, size_t size);

/*
 * Returns true if the cell begins and ends with a quote. The bytes between the quotes are not yet
 * its text: they may have doubled quotes, which csv/unquote.h resolves and parsers of numbers
 * refuse.
 */
static inline bool cell_is_quoted(const struct csv_dialect *d, struct span raw)
{
	return raw.size > 1 && d->has_quote && raw.data[0] == d->quote &&
	       raw.data[raw.size - 1] == d->quote;
}

#endif
