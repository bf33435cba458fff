/*
 * Reads the head of a CSV text: the names, how wide a record may be, and where the rows begin.
 *
 * Threads:  one.
 * Lifetime: names are copies; `rows` points into the text that was read. HEADER_NONE may be freed.
 * Errors:   they name the line.
 */
#ifndef SHMPUB_PLAN_HEADER_H
#define SHMPUB_PLAN_HEADER_H

#include "plan/names.h"
#include "rows/shape.h"

struct header {
	struct names names;
	bool has_integer_names; /* header = none: the names are the integers from 0 on */
	bool has_rows;
	bool is_bare;              /* the header has no field: blanks that delimit and a comment */
	size_t leading;            /* fields before the first named one: an index without a name */
	size_t width;              /* fields that a record may have */
	size_t widest_before;      /* the most fields of a record before the header */
	size_t table_width;        /* fields that become columns: leading and named ones */
	bool drops_extra;          /* usecols: extra fields of a record are dropped, no error */
	size_t at;                 /* where the header begins; without a header: the first row */
	struct csv_tokenizer rows; /* at the first row, in the text that was read for the head */
	size_t n_needed;           /* some record must have as many fields; 0: no need to check */
	size_t peeked;             /* where the record begins that peek() read last */
	bool is_cut;               /* the text ended while reading: more text may change *this */
};

#define HEADER_NONE ((struct header){ .names = { NULL, 0 } })

/*
 * Reads the head from `text`, the beginning of the source. *is_cut is set on failure as well: if it
 * is true, the outcome, be it success or failure, may differ when `text` is longer.
 *
 * Returns 0; SHMPUB_ERR_CSV for a text without such a header; SHMPUB_ERR_LIMIT for too many
 * columns; SHMPUB_ERR_INVALID for bad `names`; SHMPUB_ERR_NOMEM. *out is set only on success.
 */
int header_read(struct header *out, bool *is_cut, struct span text,
                const struct csv_dialect *dialect, const struct csv_options *options,
                struct shmpub_error *err);
void header_free(struct header *h);

/* Returns SHMPUB_ERR_CSV if `widest`, the most fields of any record, is less than n_needed. */
int header_check_widest(const struct header *h, size_t widest, struct shmpub_error *err);
/* Returns the shape that rows after this header must have. */
struct row_shape header_shape(const struct header *h, const struct csv_options *options);

/* Returns `r`. If it is SHMPUB_ERR_CSV and *err names no line yet, sets that of the header. */
int header_tell_line(const struct header *h, int r, struct shmpub_error *err);

#endif
