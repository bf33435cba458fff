/*
 * Primitives of csv/index_blocks.h for kernels that gain nothing from a way of their own for plain
 * blocks: plain_block_load() asks block_load(), which the including file defines.
 */
#ifndef SHMPUB_CSV_INDEX_PLAIN_BLOCK_H
#define SHMPUB_CSV_INDEX_PLAIN_BLOCK_H

#include <stdint.h>

typedef uint64_t block_seen;

#include "csv/index_blocks.h"

static inline uint64_t seen_high(block_seen seen)
{
	return seen;
}

static inline struct csv_plain_block plain_block_load(block_seen *seen, const char *p,
                                                      const struct csv_index_dialect *d)
{
	const struct csv_block b = block_load(p, d);

	*seen |= b.high;
	return (struct csv_plain_block){ b.delimiter | b.lf, b.lf, (b.quote | b.cr) == 0 };
}

#endif
