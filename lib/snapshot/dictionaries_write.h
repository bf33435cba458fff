/*
 * The dictionaries of a snapshot: a message and a body each, behind the batch.
 * DICTIONARIES_NONE may be freed.
 */
#ifndef SHMPUB_SNAPSHOT_DICTIONARIES_WRITE_H
#define SHMPUB_SNAPSHOT_DICTIONARIES_WRITE_H

#include "columns/sink.h"
#include "snapshot/arrow_batch_write.h"
#include "snapshot/footer_write.h"

struct dictionaries {
	size_t n;
	struct block *blocks;
	const struct shmpub_column **columns; /* the filler's */
};
#define DICTIONARIES_NONE ((struct dictionaries){ .n = 0 })

/* Plan them from `at`, a multiple of 64, on; *end is a multiple of 64 too. SHMPUB_ERR_INVALID: not a dictionary. */
int dictionaries_plan(struct dictionaries *out, uint64_t *end, uint64_t at,
                      const struct table_sink *sink, struct shmpub_error *err);
/* Write them where they were planned; CRCs into messages[n]. */
int dictionaries_write(const struct dictionaries *d, char *file, struct record_message *messages,
                       struct shmpub_error *err);
void dictionaries_free(struct dictionaries *d);

#endif
