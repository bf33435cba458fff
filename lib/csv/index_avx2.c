#include "csv/index_kinds.h"

/*
 * AVX2 with PCLMULQDQ: two loads a block, and the prefix XOR as one carry-less
 * multiplication by all ones. The build compiles this file, and no other, for a
 * processor that has them; index.c asks before it is called.
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include "csv/index_positions.h"

static inline uint64_t bytes_equal(__m256i lo, __m256i hi, char c)
{
	__m256i want = _mm256_set1_epi8(c);
	uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(lo, want));
	uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(hi, want));

	return (uint64_t)b << 32 | a;
}

static inline struct csv_block block_load(const char *p, const struct csv_index_dialect *d)
{
	__m256i lo = _mm256_loadu_si256((const __m256i *)p);
	__m256i hi = _mm256_loadu_si256((const __m256i *)(p + 32));

	return (struct csv_block){
		.quote = d->has_quote ? bytes_equal(lo, hi, d->quote) : 0,
		.delimiter = bytes_equal(lo, hi, d->delimiter),
		.lf = bytes_equal(lo, hi, '\n'),
		.cr = bytes_equal(lo, hi, '\r'),
		.blank = bytes_equal(lo, hi, ' ') | bytes_equal(lo, hi, '\t'),
		.high = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(lo, hi)),
	};
}

static inline uint64_t prefix_xor(uint64_t bits)
{
	__m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits),
	                                       _mm_set1_epi8((char)0xFF), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}

static inline uint32_t lowest_bit(uint64_t bits)
{
	return (uint32_t)_tzcnt_u64(bits);
}

static void index_text(struct csv_index *out, struct span text, const struct csv_index_dialect *d,
                       struct csv_index_state *state)
{
	index_blocks(out, text, d, state);
}

static void count_text(struct csv_count *out, struct span text, const struct csv_index_dialect *d,
                       struct csv_index_state *state)
{
	count_blocks(out, text, d, state);
}

const struct csv_index_kind csv_index_avx2 = { "avx2", index_text, count_text };

#else
typedef int csv_index_avx2_is_for_x86;
#endif
