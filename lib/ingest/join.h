/*
 * Makes a table of two: some parts of the source are in an earlier table already, from which their
 * rows are copied, and only the other parts are read. The result is the same table as if all parts were
 * read, or INGEST_APART says that only reading all of them would show it.
 *
 * Use:      ingest_open() of a source that gives no text for the parts that are kept;
 *           ingest_keep(); ingest_fill() as usual, to a sink that nobody sees; ingest_fits();
 *           ingest_join() to the sink of the whole table.
 * Threads:  as ingest.h.
 * Lifetime: ingest_before and all that it points to until the ingest is closed. The bytes of the
 *           earlier table may change meanwhile: then the result may be wrong, but no function reads or
 *           writes out of bounds.
 * Errors:   SHMPUB_ERR_NOMEM, and the answer INGEST_APART.
 */
#ifndef SHMPUB_INGEST_JOIN_H
#define SHMPUB_INGEST_JOIN_H

#include "columns/table.h"
#include "ingest/ingest.h"

enum { INGEST_APART = 31 };

/* Where the rows of a part of the source are. */
struct ingest_part {
	bool is_kept;
	uint64_t row, n_rows; /* in the earlier table; unset unless is_kept */
};

struct ingest_before {
	const struct table *table;
	const struct schema *schema;     /* as ingest_take_schema() gave it for this table */
	const struct ingest_part *parts; /* one for each part of the source, in the same order */
	/* The first part is read anew, but it was the first one of the earlier table as it is. */
	bool has_same_first;
};

/* Looks at the rows that are kept. To be called once, after ingest_open(). */
int ingest_keep(struct ingest *in, const struct ingest_before *before, struct shmpub_error *err);
/*
 * After ingest_fill() to `made`: whether the types of these rows are those of the earlier table, and
 * those of all rows together.
 */
int ingest_fits(struct ingest *in, const struct table_sink *made, struct shmpub_error *err);
/* Sets the schema of the whole table, *n_rows, and the exact sizes of its texts. */
int ingest_join_schema(struct schema *out, uint64_t *n_rows, const struct ingest *in,
                       const struct table_sink *made, struct shmpub_error *err);
/* Fills `out`, which was made for that schema and has room for so many rows. */
int ingest_join(struct table_sink *out, const struct ingest *in, const struct table_sink *made,
                struct shmpub_error *err);

#endif
