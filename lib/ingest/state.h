/* The members of an ingest. Internal to lib/ingest. */
#ifndef SHMPUB_INGEST_STATE_H
#define SHMPUB_INGEST_STATE_H

#include "fill/fill.h"
#include "ingest/ingest.h"
#include "ingest/join.h"
#include "plan/column.h"
#include "plan/header.h"
#include "rows/rows.h"
#include "types/types.h"

struct ingest {
	struct byte_source source;
	const struct csv_options *options;
	const struct runner *runner;
	struct csv_dialect dialect;
	struct header header;
	struct columns plan;
	struct rows rows;
	struct types types;
	struct schema schema;
	struct fill fill;                       /* of the last pass */
	struct dictionary_column *dictionaries; /* owned; one for each column, of the last pass */
	uint64_t capacity;                      /* rows that the next sink should have room for */
	int n_passes;
	const struct ingest_before *before; /* join.h; NULL: no rows are kept */
	bool is_shaped;                     /* rows.shape is set */
};

/* Sets the schema to that of the current types. Fails for lack of memory only. */
int ingest_set_schema(struct ingest *in, struct shmpub_error *err);

/*
 * Takes a failure, `result` with *err, and returns the one to report: that which pandas would meet
 * first. Sets the line in *err.
 */
int ingest_tell(struct ingest *in, int result, struct shmpub_error *err);

/* Frees what belongs to the last pass. */
void ingest_free_pass(struct ingest *in);

#endif
