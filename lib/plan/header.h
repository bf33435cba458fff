/*
 * The head of a CSV text: names, how wide a record may be, and where the rows begin.
 *
 * Threads: one. HEADER_NONE may be freed. Errors name the line.
 */
#ifndef SHMPUB_PLAN_HEADER_H
#define SHMPUB_PLAN_HEADER_H

#include "plan/names.h"
#include "rows/shape.h"

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
	struct csv_tokenizer rows; /* at the first row, in the text that was read for the head */
	size_t n_needed;           /* fields that some record must have; 0: that is certain */
	size_t peeked;             /* where the record begins that was looked at last */
	bool is_cut;               /* the text's end was met: more text may change what was read */
};

#define HEADER_NONE ((struct header){ .names = { NULL, 0 } })

/*
 * `text` is the source's beginning. *is_cut, set in any case: the outcome, a failure as well, may
 * be another one with more of it.
 */
int header_read(struct header *out, bool *is_cut, struct span text,
                const struct csv_dialect *dialect, const struct csv_options *options,
                struct shmpub_error *err);
void header_free(struct header *h);

/* An error where no record has as many fields as n_needed says; `widest`: the most that one has. */
int header_check_widest(const struct header *h, size_t widest, struct shmpub_error *err);
/* What rows look like below this header. */
struct row_shape header_shape(const struct header *h, const struct csv_options *options);

/* Returns `r`; an error of the CSV's that names no line is one of the header's. */
int header_tell_line(const struct header *h, int r, struct shmpub_error *err);

#endif
