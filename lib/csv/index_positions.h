/*
 * put_positions() and put_records() of csv/index_blocks.h, one bit after the other, for kernels
 * whose processor cannot write many positions at once. The including file defines
 *
 *   static inline uint32_t lowest_bit(uint64_t bits);     // anything below 65 for 0
 */
#ifndef SHMPUB_CSV_INDEX_POSITIONS_H
#define SHMPUB_CSV_INDEX_POSITIONS_H

#include "csv/index_blocks.h"

static inline uint32_t lowest_bit(uint64_t bits);

#define PUT_POSITION(k)                                                                            \
	out[k] = base + lowest_bit(bits);                                                          \
	bits &= bits - 1
#define PUT_FOUR(k)                                                                                \
	PUT_POSITION((k) + 0);                                                                     \
	PUT_POSITION((k) + 1);                                                                     \
	PUT_POSITION((k) + 2);                                                                     \
	PUT_POSITION((k) + 3)

/*
 * Four or eight positions at a step, whether there are so many or not. What is written past the
 * last one is overwritten by the next block; that costs less than a branch for each position.
 */
ALWAYS_INLINE uint32_t *put_positions(uint32_t *out, uint64_t bits, uint32_t base, bool is_busy)
{
	uint32_t *end = out + bits_count(bits);

	PUT_FOUR(0);
	if (is_busy) {
		PUT_FOUR(4);
		out += 4;
	}
	while (out + 4 < end) {
		PUT_FOUR(4);
		out += 4;
	}
	return end;
}

/* Likewise two records at a step, which is more than most blocks hold. */
ALWAYS_INLINE void put_records(struct csv_put *put, uint64_t ends, uint64_t records)
{
	uint32_t before = (uint32_t)(put->ends - put->first_end);
	unsigned n = bits_count(records);
	uint64_t upto;

	for (unsigned k = 0; k == 0 || k < n; k += 2) {
		upto = records ^ (records - 1);
		put->records[k] = before + bits_count(ends & upto);
		records &= records - 1;
		upto = records ^ (records - 1);
		put->records[k + 1] = before + bits_count(ends & upto);
		records &= records - 1;
	}
	put->records += n;
}

#endif
