/*
 * A hash of 64 bits by which a text is known again. It is computed over pieces of any size, and
 * does not depend on where they end.
 *
 * It need not withstand somebody who looks for collisions: whoever can write a source chooses its
 * content anyway.
 * Threads: one call at a time.
 */
#ifndef SHMPUBD_CONTENT_HASH_H
#define SHMPUBD_CONTENT_HASH_H

#include <stdint.h>
#include "base/span.h"

#define CONTENT_HASH_LANES 4
#define CONTENT_HASH_STEP ((size_t)16 * CONTENT_HASH_LANES) /* bytes that are mixed in at once */

struct content_hash {
	uint64_t lanes[CONTENT_HASH_LANES];
	uint64_t size;                /* bytes added so far */
	char left[CONTENT_HASH_STEP]; /* the last size % CONTENT_HASH_STEP bytes */
};

void content_hash_begin(struct content_hash *h, uint64_t seed);
void content_hash_add(struct content_hash *h, struct span bytes);
/* Returns the hash of all bytes so far, never 0. More bytes may be added afterwards. */
uint64_t content_hash_end(const struct content_hash *h);

/* The hash of a text that is in memory as a whole. */
uint64_t content_hash(struct span text, uint64_t seed);

#endif
