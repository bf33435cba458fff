/*
 * A hash of bytes for tables that hold what a source says. Every table has a seed of its
 * own, taken from where it lies in memory, so that a source cannot aim at collisions.
 */
#ifndef SHMPUB_INGEST_HASH_H
#define SHMPUB_INGEST_HASH_H

#include <stdint.h>
#include <string.h>
#include "base/span.h"

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	uint64_t lo = (a & UINT32_MAX) * (b >> 32), hi = (a >> 32) * (b & UINT32_MAX);

	return (a * b) ^ ((lo >> 32) + (hi >> 32) + (a >> 32) * (b >> 32)) ^ (lo + hi);
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
