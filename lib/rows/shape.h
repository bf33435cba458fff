/*
 * What a record must look like to be a row: the dialect, how many fields it may have, and which
 * lines are skipped. plan/header.h finds it out; from then on it is only read.
 */
#ifndef SHMPUB_ROWS_SHAPE_H
#define SHMPUB_ROWS_SHAPE_H

#include "csv/tokenize.h"

struct row_shape {
	const struct csv_dialect *dialect;
	size_t width;       /* fields that a record may have */
	size_t table_width; /* fields that count: those of an index without a name, and named ones */
	bool drops_extra;   /* usecols: longer records are cut, not refused */
	bool skips_bad_lines;
	uint64_t skip_first;               /* lines below this number are skipped */
	const struct csv_items *skip_list; /* and these; NULL: none */
};

/* Whether a record of so many fields is no row: an error, or with skips_bad_lines left out. */
static inline bool shape_is_too_long(const struct row_shape *s, size_t n_fields)
{
	return n_fields > s->width && !s->drops_extra;
}

#endif
