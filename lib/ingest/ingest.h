/*
 * Makes columns of CSV text: it reads the head, guesses the types, and makes passes that fill a
 * sink and verify the types.
 *
 * The result equals what pandas.read_csv (3.1, low_memory=False) makes of the same bytes;
 * docs/CSV.md lists the few deliberate differences.
 *
 * Use:      open -> { schema, capacity -> fill } until fill does not answer INGEST_RETYPE ->
 *           close. Dictionaries in the sink are valid until close.
 * Threads:  an ingest belongs to one thread at a time; with a runner it spreads its own work over
 *           others and returns when they are done.
 * Lifetime: the source, the options and the guess must outlive it (the guess: until open
 *           returns). The schema belongs to the ingest and may change with INGEST_RETYPE.
 * Errors:   SHMPUB_ERR_CSV with line and reason ("line 812: 7 fields, header has 6"); the caller
 *           adds the file's name. SHMPUB_ERR_LIMIT likewise, for what is too large;
 *           SHMPUB_ERR_INVALID for a bad option, or text that changed while it was read;
 *           SHMPUB_ERR_NOMEM. Answers and failures of the source are returned unchanged.
 */
#ifndef SHMPUB_INGEST_INGEST_H
#define SHMPUB_INGEST_INGEST_H

#include "base/byte_source.h"
#include "base/runner.h"
#include "columns/schema.h"
#include "columns/sink.h"
#include "csv/options.h"
#include "rows/rejects.h"

enum ingest_answer {
	INGEST_RETYPE = 30, /* a cell contradicts the schema: take the new schema and fill again */
};

struct ingest;

/*
 * Reads the head and a sample. `guess`: the schema of the last refresh, or NULL. `runner`: NULL for
 * one thread. *out is set only on success.
 */
int ingest_open(struct ingest **out, const struct byte_source *source,
                const struct csv_options *options, const struct schema *guess,
                const struct runner *runner, struct shmpub_error *err);
/* Returns the schema that the sink must have. */
const struct schema *ingest_schema(const struct ingest *in);
/* Moves the schema to *out, which the caller owns. After that the ingest may only be closed. */
void ingest_take_schema(struct schema *out, struct ingest *in);
/* Returns the number of rows that the sink should have room for. */
uint64_t ingest_capacity(const struct ingest *in);
/*
 * Makes a pass over the source that fills the sink, and if that contradicts a guess, examines the
 * columns concerned in another pass. Returns INGEST_RETYPE if the schema or the capacity has
 * changed: the caller makes a new sink and calls again.
 */
int ingest_fill(struct ingest *in, struct table_sink *sink, struct shmpub_error *err);
/*
 * Goes over the source to count its rows: from then on the capacity is what there is. For a caller
 * that has no room for as many as were expected.
 */
int ingest_count(struct ingest *in, struct shmpub_error *err);
/* Returns the number of records that on_bad_lines has left out. Valid after ingest_fill(). */
uint64_t ingest_skipped_rows(const struct ingest *in);
/*
 * After ingest_fill(): goes over the source again, if any records were left out, and calls take()
 * with each of them until take() does not return SHMPUB_OK. Returns what take() returned last, or
 * a failure.
 */
int ingest_each_reject(struct ingest *in, int (*take)(void *arg, const struct reject *reject),
                       void *arg, struct shmpub_error *err);
/*
 * Returns how many rows each part of the source has, or NULL if it has no parts. Valid after
 * ingest_fill(), until the ingest is closed.
 */
const uint64_t *ingest_part_rows(const struct ingest *in);
/* Returns true if the source has parts, so that a reject tells its own. */
bool ingest_has_parts(const struct ingest *in);
/* Returns the size of the source in bytes, before decoding. Valid after ingest_fill(). */
uint64_t ingest_source_size(const struct ingest *in);
void ingest_close(struct ingest *in);

#endif
