/*
 * The text of a cell: its bytes without quotes, and room for what is made of it.
 *
 * Threads: one each. CELLS_NONE may be freed.
 * Errors:  a function that cannot do its work returns nothing and sets `result`, once; whoever
 *          goes over cells looks there before the next one.
 */
#ifndef SHMPUB_ROWS_CELLS_H
#define SHMPUB_ROWS_CELLS_H

#include "base/buffer.h"
#include "csv/cell.h"
#include "rows/tile.h"

struct cells {
	const struct csv_dialect *dialect;
	struct buffer unescaped; /* the current cell's text, if it had quotes inside */
	struct buffer work;      /* what is made of that text; the cell itself never lies here */
	int result;              /* the first failure */
	struct shmpub_error error;
};

#define CELLS_NONE ((struct cells){ .result = 0 })

void cells_free(struct cells *c);

/* The text of a cell that has doubled quotes, good until the next one. */
struct span cells_unescape(struct cells *c, struct span raw);

static inline struct span cells_text(struct cells *c, struct span raw)
{
	struct csv_cell cell = csv_cell(raw, c->dialect);

	return cell.needs_unescape ? cells_unescape(c, cell.text) : cell.text;
}

/* Room for `size` bytes apart from the cell's text, good until the next time; or NULL. */
char *cells_room(struct cells *c, size_t size);

/*
 * True if the cell begins and ends with a quote. What lies between is not yet its text: there may
 * be doubled quotes, which csv/unquote.h resolves and a reader of numbers refuses.
 */
static inline bool cell_is_quoted(const struct csv_dialect *d, struct span raw)
{
	return raw.size > 1 && d->has_quote && raw.data[0] == d->quote &&
	       raw.data[raw.size - 1] == d->quote;
}

/* Returns the cell without the quotes around it, and without blanks that the dialect skips. */
static inline struct span cell_bare(const struct csv_dialect *d, struct span raw, bool *is_quoted)
{
	while (d->skips_spaces && raw.size && raw.data[0] == ' ') {
		raw.data++;
		raw.size--;
	}
	*is_quoted = cell_is_quoted(d, raw);
	return *is_quoted ? (struct span){ raw.data + 1, raw.size - 2 } : raw;
}

#endif
