/* The steps that prepare.c and join.c share. Internal to lib/prepare. */
#ifndef SHMPUB_PREPARE_STEPS_H
#define SHMPUB_PREPARE_STEPS_H

#include "prepare/prepare.h"

/* Makes passes until the schema holds. The caller frees *writer, after a failure as well. */
int prepare_fill(struct snapshot_writer **writer, struct table_sink **sink, struct ingest *in,
                 const struct snapshot_memory *memory, const struct snapshot_origin *origin,
                 struct shmpub_error *err);
/* Returns the clock minus the time that reading has taken so far. */
int64_t prepare_clock_ns(const struct prepare_source *source);
/* `began_ns`: prepare_clock_ns() at the beginning. */
void prepare_stamp(struct snapshot_stamp *stamp, const struct prepare_source *source,
                   const struct ingest *in, int64_t began_ns);
void prepare_describe(struct catalog_descriptor *d, const struct snapshot_stamp *stamp,
                      const struct schema *schema, uint64_t rows, uint64_t size);
void prepare_tell_parts(const struct prepare_source *source, const struct ingest *in);

#endif
