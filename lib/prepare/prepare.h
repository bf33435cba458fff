/*
 * Where CSV text (ingest/) or a program's columns meet the segment they go to
 * (publisher/): the one place that knows both.
 *
 * Threads: worker. Everything that can fail happens here, before anyone sees it.
 */
#ifndef SHMPUB_PREPARE_PREPARE_H
#define SHMPUB_PREPARE_PREPARE_H

#include "csv/options.h"
#include "ingest/ingest.h"
#include "publisher/publisher.h"

struct prepare_source {
	struct byte_source bytes;
	struct snapshot_origin origin;
	int64_t mtime_ns;
	/*
	 * How long reading the bytes has taken so far; NULL: nobody counts. Whoever gives the
	 * bytes may add to it, and what is added meanwhile does not count as parsing.
	 */
	const uint64_t *read_ns;
};

/*
 * Parse, fill and seal; on success `pub` is ready to be committed with *d.
 * `schema` holds the schema of the last refresh (SCHEMA_NONE: none) and is set to
 * the one of this refresh; on failure it is unchanged. The caller discards `pub`.
 */
int prepare_csv(struct publication *pub, struct catalog_descriptor *d,
                const struct prepare_source *source, const struct csv_options *options,
                struct schema *schema, const struct runner *runner, struct shmpub_error *err);

/* The same into memory that is the caller's alone: a snapshot that nobody else sees, of *size bytes. */
int prepare_csv_memory(const struct snapshot_memory *memory, uint64_t *size,
                       const struct prepare_source *source, const struct csv_options *options,
                       const struct runner *runner, struct shmpub_error *err);

int prepare_table(struct publication *pub, struct catalog_descriptor *d, const struct table *table,
                  const struct snapshot_origin *origin, struct shmpub_error *err);

#endif
