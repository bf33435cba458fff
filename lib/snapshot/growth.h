/*
 * A snapshot that grows has many states, of which one is current: docs/FORMAT.md, "A snapshot that
 * grows". The bytes at the end of the file say so and where things are; the word behind them says
 * which state is current.
 */
#ifndef SHMPUB_SNAPSHOT_GROWTH_H
#define SHMPUB_SNAPSHOT_GROWTH_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

#define GROWTH_MAGIC "SHMPUBG\x01"
#define GROWTH_VERSION 1u
#define GROWTH_TAIL_SIZE 64u
#define GROWTH_AREA_MAX (UINT64_C(1) << 28) /* of messages or of footers: their sizes are int32 */

/* What the 64 bytes before the word say. */
struct growth_tail {
	uint64_t messages_at; /* no batch message begins before it */
	uint64_t body_at;     /* of every state; the first one's message ends there */
	uint64_t footers_at;  /* no footer begins before it */
	uint64_t word_at;     /* where the tail ends: not among its bytes */
};

/* Where the footer of a state is. It has at least its own bytes and the tail. */
struct growth_footer {
	uint64_t at;
	uint64_t own_size; /* without the older footers behind it; the record ends it */
};

void growth_tail_write(char *to, const struct growth_tail *tail);
/* True when the file has such a tail at its end. It may still be wrong. */
bool growth_is_found(struct span file);
/*
 * Loads the word once, and finds the footer of that state. `file` begins at a multiple of 8.
 * SHMPUB_ERR_FORMAT: a number contradicts the format.
 */
int growth_read(struct growth_tail *tail, struct growth_footer *footer, struct span file,
                struct shmpub_error *err);

#endif
