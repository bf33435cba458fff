/*
 * What is known of rows that an earlier table has and the next one will have as well, beside those of
 * the source (ingest/join.h). Only the type of all rows together counts.
 *
 * Threads: one thread changes it; a fill reads it, but for `numbers`, which are set before it.
 */
#ifndef SHMPUB_TYPES_KEPT_H
#define SHMPUB_TYPES_KEPT_H

#include <stdint.h>
#include "types/evidence.h"

#define KEPT_NO_NUMBER UINT32_MAX /* no kept row has the word */

struct kept_column {
	/* The kept rows alone show the type: other cells can contradict it, and need not show it. */
	bool is_certain;
	const struct shmpub_column *words; /* the words of a category; NULL: it is none */
	uint32_t *numbers; /* owned; of each word in the dictionary that is being filled */
};

/* Adds to *e what the kept rows have shown, if the column is read as they were. */
void kept_seed(struct evidence *e, const struct kept_column *kept, enum reading reading);
/* `kept` is NULL, or has `n` columns. */
void kept_free(struct kept_column *kept, size_t n);

#endif
