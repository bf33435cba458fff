#include "csv/index_kinds.h"

/* NEON is part of every 64-bit Arm. It has no movemask: bits are selected and added in pairs. */
#if defined(__aarch64__)

#include <arm_neon.h>

#include "csv/index_plain_block.h"
#include "csv/index_shifts.h"

static inline uint64_t bytes_equal(const uint8x16_t v[4], char c)
{
	static const uint8_t weights[16] = { 1, 2, 4, 8, 16, 32, 64, 128,
		                             1, 2, 4, 8, 16, 32, 64, 128 };
	uint8x16_t want = vdupq_n_u8((uint8_t)c), weight = vld1q_u8(weights);
	uint8x16_t a = vandq_u8(vceqq_u8(v[0], want), weight);
	uint8x16_t b = vandq_u8(vceqq_u8(v[1], want), weight);
	uint8x16_t e = vandq_u8(vceqq_u8(v[2], want), weight);
	uint8x16_t f = vandq_u8(vceqq_u8(v[3], want), weight);
	uint8x16_t sum = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(e, f));

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
}

static inline struct csv_block block_load(const char *p, const struct csv_index_dialect *d)
{
	uint8x16_t v[4];

	for (int i = 0; i < 4; i++)
		v[i] = vld1q_u8((const uint8_t *)p + 16 * i);
	return (struct csv_block){
		.quote = d->has_quote ? bytes_equal(v, d->quote) : 0,
		.delimiter = bytes_equal(v, d->delimiter),
		.lf = bytes_equal(v, '\n'),
		.cr = bytes_equal(v, '\r'),
		.high = vmaxvq_u8(vorrq_u8(vorrq_u8(v[0], v[1]), vorrq_u8(v[2], v[3]))) & 0x80u,
	};
}

static void index_text(struct csv_index *out, struct span text, const struct csv_index_dialect *d,
                       struct csv_index_state *state)
{
	index_blocks(out, text, d, state);
}

const struct csv_index_kind csv_index_neon = { "neon", index_text };

#else
typedef int csv_index_neon_is_for_arm;
#endif
