/*
 * What a field says: its bytes between two cuts, without quotes.
 *
 * Pure. The bytes of most fields are their text; csv_cell() is inline for those.
 */
#ifndef SHMPUB_CSV_CELL_H
#define SHMPUB_CSV_CELL_H

#include "csv/tokenize.h"

struct csv_cell {
	struct span text; /* still escaped when needs_unescape */
	bool needs_unescape;
};

struct csv_cell csv_cell_quoted(struct span raw, const struct csv_dialect *d);

static inline struct csv_cell csv_cell(struct span raw, const struct csv_dialect *d)
{
	bool is_plain = raw.size == 0 ||
	                (raw.data[0] != d->quote && raw.data[0] != ' ' && raw.data[0] != '\t');

	return is_plain ? (struct csv_cell){ raw, false } : csv_cell_quoted(raw, d);
}

/* The text of a cell that needs it, `raw` being its `text`; out has room for raw.size. */
size_t csv_unescape(char *out, struct span raw, const struct csv_dialect *d);

#endif
