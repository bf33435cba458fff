/*
 * CSV text to columns: the head, a guess at the types, and passes that fill and verify.
 *
 * The result equals what pandas.read_csv (3.1, low_memory=False) makes of the same
 * bytes; docs/CSV.md lists the few deliberate differences.
 *
 * Use:      open -> { schema, capacity -> fill } until fill does not answer
 *           INGEST_RETYPE -> close. What the sink has of a dictionary is good until then.
 * Threads:  an ingest belongs to one thread at a time; with a runner it spreads
 *           its own work over others and returns when they are done.
 * Lifetime: the source, the options and the guess must outlive it (the guess: until
 *           open returns). The schema belongs to the ingest and may change with
 *           INGEST_RETYPE.
 * Errors:   SHMPUB_ERR_CSV with line and reason ("line 812: 7 fields, header has 6");
 *           the caller adds the file's name.
 */
#ifndef SHMPUB_INGEST_INGEST_H
#define SHMPUB_INGEST_INGEST_H

#include "base/byte_source.h"
#include "base/runner.h"
#include "columns/schema.h"
#include "columns/sink.h"
#include "csv/options.h"

enum ingest_answer {
	INGEST_RETYPE = 30, /* a cell contradicts the schema: take the new schema and fill again */
};

struct ingest;

/* `guess`: the schema of the last refresh, or NULL. `runner` may be NULL. */
int ingest_open(struct ingest **out, const struct byte_source *source,
                const struct csv_options *options, const struct schema *guess,
                const struct runner *runner, struct shmpub_error *err);
const struct schema *ingest_schema(const struct ingest *in);
uint64_t ingest_capacity(const struct ingest *in); /* rows, an upper bound */
/*
 * One pass over the source, or more when the first one shows a cell that contradicts what was
 * guessed. INGEST_RETYPE: the schema or the capacity has changed, and *sink is to be made anew.
 */
int ingest_fill(struct ingest *in, struct table_sink *sink, struct shmpub_error *err);
uint64_t ingest_skipped_rows(const struct ingest *in);
uint64_t ingest_source_size(const struct ingest *in); /* bytes that were read, before decoding */
void ingest_close(struct ingest *in);

#endif
