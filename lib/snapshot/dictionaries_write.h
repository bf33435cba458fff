/*
 * Writes the dictionaries of a snapshot. Each has a message and a body; they come after the
 * record batch. DICTIONARIES_NONE may be freed.
 */
#ifndef SHMPUB_SNAPSHOT_DICTIONARIES_WRITE_H
#define SHMPUB_SNAPSHOT_DICTIONARIES_WRITE_H

#include "columns/sink.h"
#include "snapshot/arrow_batch_write.h"
#include "snapshot/footer_write.h"

struct dictionaries {
	size_t n;
	struct block *blocks;
	const struct shmpub_column **columns; /* owned array of the filler's columns */
};
#define DICTIONARIES_NONE ((struct dictionaries){ .n = 0 })

/*
 * Give all dictionaries their places from `at` on, a multiple of 64; they end at *end, which is one
 * too. SHMPUB_ERR_INVALID: a column's dictionary is missing, has nulls or another type.
 */
int dictionaries_plan(struct dictionaries *out, uint64_t *end, uint64_t at,
                      const struct table_sink *sink, struct shmpub_error *err);
/* Write them to their places; messages[n] gets the places and CRCs of their messages. */
int dictionaries_write(const struct dictionaries *d, char *file, struct record_message *messages,
                       struct shmpub_error *err);
void dictionaries_free(struct dictionaries *d);

#endif
