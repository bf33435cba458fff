/*
 * The head of a CSV text: names, how wide a record may be, and where the rows begin.
 *
 * Threads: one. HEADER_NONE may be freed. Errors name the line.
 */
#ifndef SHMPUB_INGEST_HEADER_H
#define SHMPUB_INGEST_HEADER_H

#include "csv/tokenize.h"
#include "ingest/names.h"

struct header {
	struct names names;
	bool has_integer_names; /* header = none: the names are positions */
	bool has_rows;
	bool is_bare;              /* the header is blanks that delimit and a comment: no names */
	size_t leading;            /* fields before the first named one: an index without a name */
	size_t width;              /* fields that a record may have */
	size_t widest_before;      /* of the records before the header */
	size_t table_width;        /* fields that count: leading + named */
	bool drops_extra;          /* usecols: longer records are cut, not refused */
	size_t at;                 /* where the header begins, or without one the first row */
	struct csv_tokenizer rows; /* at the first row */
};

#define HEADER_NONE ((struct header){ .names = { NULL, 0 } })

int header_read(struct header *out, struct span text, const struct csv_dialect *dialect,
                const struct csv_options *options, struct shmpub_error *err);
void header_free(struct header *h);

/* Returns `r`; an error of the CSV's that names no line is one of the header's. */
int header_tell_line(const struct header *h, int r, struct shmpub_error *err);

/* What went wrong with a record, as an error of the caller. */
int header_token_error(const struct csv_tokenizer *t, enum csv_token_answer answer,
                       struct shmpub_error *err);

#endif
