#include "csv/index_kinds.h"

/*
 * AVX2 with PCLMULQDQ: two loads a block, and the prefix XOR as one carry-less
 * multiplication by all ones. The build compiles this file, and no other, for a
 * processor that has them; index.c asks before it is called.
 */
#if defined(__x86_64__)

#include <immintrin.h>

typedef __m256i block_seen;

#include "csv/index_clmul.h"
#include "csv/index_positions.h"

static inline uint64_t bytes_equal(__m256i lo, __m256i hi, char c)
{
	const __m256i want = _mm256_set1_epi8(c);
	const uint32_t below = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(lo, want));
	const uint32_t above = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(hi, want));

	return (uint64_t)above << 32 | below;
}

static inline uint64_t high_bits(__m256i lo, __m256i hi)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(lo, hi));
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
		.high = high_bits(lo, hi),
	};
}

static inline struct csv_plain_block plain_block_load(block_seen *seen, const char *p,
                                                      const struct csv_index_dialect *d)
{
	const __m256i lo = _mm256_loadu_si256((const __m256i *)p);
	const __m256i hi = _mm256_loadu_si256((const __m256i *)(p + 32));
	const __m256i quote = _mm256_set1_epi8(d->has_quote ? d->quote : '\r');
	const __m256i cr = _mm256_set1_epi8('\r');
	const __m256i others = _mm256_or_si256(
	        _mm256_or_si256(_mm256_cmpeq_epi8(lo, quote), _mm256_cmpeq_epi8(hi, quote)),
	        _mm256_or_si256(_mm256_cmpeq_epi8(lo, cr), _mm256_cmpeq_epi8(hi, cr)));
	const uint64_t lf = bytes_equal(lo, hi, '\n');

	*seen = _mm256_or_si256(*seen, _mm256_or_si256(lo, hi));
	return (struct csv_plain_block){
		.ends = bytes_equal(lo, hi, d->delimiter) | lf,
		.lf = lf,
		.is_plain = _mm256_testz_si256(others, others),
	};
}

static inline uint64_t seen_high(block_seen seen)
{
	return (uint32_t)_mm256_movemask_epi8(seen);
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

const struct csv_index_kind csv_index_avx2 = { "avx2", index_text };

#else
typedef int csv_index_avx2_is_for_x86;
#endif
