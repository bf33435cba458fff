/*
 * Publishes the records that on_bad_lines has left out, and fails where they are too many.
 *
 * Threads: a worker.
 */
#ifndef SHMPUB_PREPARE_REJECTS_H
#define SHMPUB_PREPARE_REJECTS_H

#include "prepare/prepare.h"

/* The table has at most so many rows, and at most so many bytes of a record. */
#define REJECTS_MAX_ROWS 100000u
#define REJECT_MAX_TEXT 65536u

/*
 * To be called after ingest_fill() made `n_rows` rows. Seals rejects->pub, unless it is NULL, and
 * sets rejects->descriptor and is_ready. SHMPUB_ERR_CSV with the first line: more records were left
 * out than rejects allows. Other failures as those of prepare_table() and ingest_each_reject().
 */
int rejects_take(struct prepare_rejects *rejects, struct ingest *in, uint64_t n_rows,
                 const struct snapshot_origin *origin, struct shmpub_error *err);

#endif
