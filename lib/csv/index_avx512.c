#include "csv/index_kinds.h"

/*
 * AVX-512 with VBMI2: a block is one register, a comparison gives a mask without further
 * instructions, and the positions of all bits of a mask are written at once: the numbers 0 to 63
 * are compressed to those whose bit is set, and widened to 32 bits 16 at a time.
 *
 * The compression goes to a register and is stored whole. The instruction that compresses into
 * memory takes more than a hundred cycles on Zen 4.
 *
 * Method: simdjson's kernel "icelake" (https://github.com/simdjson/simdjson).
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include "base/compiler.h"

#define PUT_BUSY_INLINE ALWAYS_INLINE

#include "csv/index_clmul.h"
#include "csv/index_plain_block.h"

static inline uint64_t bytes_equal(__m512i bytes, char c)
{
	return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
}

static inline struct csv_block block_load(const char *p, const struct csv_index_dialect *d)
{
	const __m512i bytes = _mm512_loadu_si512(p);

	return (struct csv_block){
		.quote = d->has_quote ? bytes_equal(bytes, d->quote) : 0,
		.delimiter = bytes_equal(bytes, d->delimiter),
		.lf = bytes_equal(bytes, '\n'),
		.cr = bytes_equal(bytes, '\r'),
		.high = _mm512_movepi8_mask(bytes),
	};
}

static const uint8_t numbers[64] = {
	0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
	22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
	44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
};

/* 16 bytes as words, added to the base. */
static inline void put_16(uint32_t *out, __m128i bytes, __m512i base)
{
	_mm512_storeu_si512(out, _mm512_add_epi32(_mm512_cvtepu8_epi32(bytes), base));
}

ALWAYS_INLINE uint32_t *put_positions(uint32_t *out, uint64_t bits, uint32_t base, bool is_busy)
{
	const __m512i first = _mm512_set1_epi32((int)base);
	const __m512i at = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(numbers));
	const unsigned n = bits_count(bits);

	(void)is_busy; /* always 16 */
	put_16(out, _mm512_castsi512_si128(at), first);
	if (n > 16) {
		put_16(out + 16, _mm512_extracti32x4_epi32(at, 1), first);
		if (n > 32) {
			put_16(out + 32, _mm512_extracti32x4_epi32(at, 2), first);
			put_16(out + 48, _mm512_extracti32x4_epi32(at, 3), first);
		}
	}
	return out + n;
}

/* Which of the ends are ends of records, as bits in a row; their positions are the counts. */
ALWAYS_INLINE void put_records(struct csv_put *put, uint64_t ends, uint64_t records)
{
	const uint32_t before = (uint32_t)(put->ends - put->first_end);

	put->records = put_positions(put->records, _pext_u64(records, ends), before + 1, false);
}

static void index_text(struct csv_index *out, struct span text, const struct csv_index_dialect *d,
                       struct csv_index_state *state)
{
	index_blocks(out, text, d, state);
}

const struct csv_index_kind csv_index_avx512 = { "avx512", index_text };

#else
typedef int csv_index_avx512_is_for_x86;
#endif
