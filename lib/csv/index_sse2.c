#include "csv/index_kinds.h"

/* SSE2 is part of every x86-64. */
#if defined(__x86_64__)

#include <emmintrin.h>

#include "csv/index_plain_block.h"
#include "csv/index_shifts.h"

static inline uint64_t bytes_equal(const __m128i v[4], char c)
{
	__m128i want = _mm_set1_epi8(c);
	uint64_t bits = 0;

	for (int i = 0; i < 4; i++)
		bits |= (uint64_t)(uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v[i], want))
		        << (16 * i);
	return bits;
}

static inline struct csv_block block_load(const char *p, const struct csv_index_dialect *d)
{
	__m128i v[4];

	for (int i = 0; i < 4; i++)
		v[i] = _mm_loadu_si128((const __m128i *)(p + 16 * i));
	return (struct csv_block){
		.quote = d->has_quote ? bytes_equal(v, d->quote) : 0,
		.delimiter = bytes_equal(v, d->delimiter),
		.lf = bytes_equal(v, '\n'),
		.cr = bytes_equal(v, '\r'),
		.high = (unsigned)_mm_movemask_epi8(
		        _mm_or_si128(_mm_or_si128(v[0], v[1]), _mm_or_si128(v[2], v[3]))),
	};
}

static void index_text(struct csv_index *out, struct span text, const struct csv_index_dialect *d,
                       struct csv_index_state *state)
{
	index_blocks(out, text, d, state);
}

const struct csv_index_kind csv_index_sse2 = { "sse2", index_text };

#else
typedef int csv_index_sse2_is_for_x86;
#endif
