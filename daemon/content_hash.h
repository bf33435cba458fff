/*
 * Has the text changed? 64 bits of a text's content under a seed, computed as its bytes pass, in
 * pieces of any size.
 *
 * Not against an adversary: who can write the source can choose its content anyway.
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
	uint64_t size;                /* of all bytes that were added */
	char left[CONTENT_HASH_STEP]; /* the last size % CONTENT_HASH_STEP bytes */
};

void content_hash_begin(struct content_hash *h, uint64_t seed);
void content_hash_add(struct content_hash *h, struct span bytes);
/* Never 0. The state is as it was, and more bytes may be added. */
uint64_t content_hash_end(const struct content_hash *h);

/* The same of a text that is there whole. */
uint64_t content_hash(struct span text, uint64_t seed);

#endif
