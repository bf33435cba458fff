/*
 * A text counted ahead, chunk by chunk, on several threads: what marks.c would count one
 * chunk after the other.
 *
 * Threads: counts_init spreads its work over the runner's and returns when they are done;
 * from then on it is only read. COUNTS_NONE may be freed.
 */
#ifndef SHMPUB_INGEST_COUNTS_H
#define SHMPUB_INGEST_COUNTS_H

#include "base/runner.h"
#include "csv/index.h"
#include "ingest/header.h"

struct counted_chunk {
	struct csv_index_state state; /* where it begins */
	struct csv_count count;
};

struct counts {
	struct counted_chunk *chunks; /* owned */
	size_t n;
	size_t at, chunk_size; /* chunk i is the bytes from at + i * chunk_size on */
};

#define COUNTS_NONE ((struct counts){ .chunks = NULL })

/* Counts the whole chunks behind the header; none (out->n is 0) where one thread is as good. */
int counts_init(struct counts *out, const struct header *h, size_t chunk_size,
                const struct runner *runner, struct shmpub_error *err);
void counts_free(struct counts *c);

#endif
