/* What an ingest is made of. Internal to this room. */
#ifndef SHMPUB_INGEST_STATE_H
#define SHMPUB_INGEST_STATE_H

#include "fill/fill.h"
#include "ingest/ingest.h"
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
	struct fill fill;                       /* the last pass */
	struct dictionary_column *dictionaries; /* per column, of the last pass */
	uint64_t capacity;
	int n_passes;
	bool is_shaped; /* what rows look like is known */
};

/* The schema of the types as they are now. */
int ingest_settle_schema(struct ingest *in, struct shmpub_error *err);

/*
 * Returns the failure that is to be told in place of `result`, and puts in its line: `result`, or
 * one that pandas would have met before. err->message is set already.
 */
int ingest_tell(struct ingest *in, int result, struct shmpub_error *err);

/* Frees what the last pass has made. */
void ingest_free_pass(struct ingest *in);

#endif
