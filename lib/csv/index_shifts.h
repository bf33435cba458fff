/*
 * Primitives of csv/index_blocks.h for processors that have no instruction for them: the prefix
 * XOR takes six shifts.
 */
#ifndef SHMPUB_CSV_INDEX_SHIFTS_H
#define SHMPUB_CSV_INDEX_SHIFTS_H

#include "csv/index_positions.h"

static inline uint64_t prefix_xor(uint64_t bits)
{
	for (int shift = 1; shift < 64; shift *= 2)
		bits ^= bits << shift;
	return bits;
}

static inline uint32_t lowest_bit(uint64_t bits)
{
	return bits_lowest(bits | UINT64_C(1) << 63);
}

#endif
