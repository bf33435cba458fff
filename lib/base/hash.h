/*
 * The hash of bytes for tables in memory. A table that holds what a source says has a seed of
 * its own, taken from where it lies in memory, so that a source cannot aim at collisions.
 * Where a table holds only what its owner says, any seed will do.
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
