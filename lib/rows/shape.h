/*
 * What a record must look like to be a row: the dialect, how many fields it may have, and which
 * lines are skipped. plan/header.h makes it.
 *
 * Threads: it never changes, so that any number may read it.
 */
#ifndef SHMPUB_ROWS_SHAPE_H
#define SHMPUB_ROWS_SHAPE_H

#include "csv/tokenize.h"

struct row_shape {
	const struct csv_dialect *dialect;
	size_t width;       /* fields that a record may have */
	size_t table_width; /* fields that become columns: leading and named ones */
	bool drops_extra;   /* usecols: extra fields of a record are dropped, no error */
	bool skips_bad_lines;
	uint64_t skip_first;               /* the first lines that are skipped */
	const struct csv_items *skip_list; /* numbers of other lines that are skipped; NULL: none */
};

/* Returns true if so many fields are an error or, with skips_bad_lines, make a skipped record. */
static inline bool shape_is_too_long(const struct row_shape *s, size_t n_fields)
{
	return n_fields > s->width && !s->drops_extra;
}

#endif
