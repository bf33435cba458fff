/*
 * A hash of bytes, for hash tables in memory. The hash is not the same on every machine, so it
 * must not be stored or published.
 *
 * A table whose keys come from a source has a seed of its own (hash_seed()), so that nobody can
 * write a source whose keys collide. A table whose keys come from its owner may use any seed.
 *
 * The mixing step is that of wyhash (Wang Yi): the two halves of a 128-bit product, XORed.
 *
 * Threads: pure functions, any thread.
 */
#ifndef SHMPUB_BASE_HASH_H
#define SHMPUB_BASE_HASH_H

#include <stdint.h>
#include <string.h>
#include "base/span.h"
#include "base/u128.h"

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	struct u128 product = u128_multiply(a, b);

	return product.high ^ product.low;
}

/* Returns a seed made from the table's address, which a source cannot know. */
static inline uint64_t hash_seed(const void *table)
{
	return hash_mix((uint64_t)(uintptr_t)table ^ UINT64_C(0x9E3779B97F4A7C15),
	                UINT64_C(0xD6E8FEB86659FD93));
}

static inline uint64_t hash_bytes(struct span text, uint64_t seed)
{
	uint64_t h = seed ^ (text.size * UINT64_C(0x9E3779B97F4A7C15)), word;
	const char *p = text.data;
	size_t left = text.size;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		h = hash_mix(h ^ word, UINT64_C(0xA0761D6478BD642F));
	}
	word = 0;
	if (left)
		memcpy(&word, p, left);
	h = hash_mix(h ^ word, UINT64_C(0xE7037ED1A0B428DB));
	return h ^ (h >> 29);
}

#endif
