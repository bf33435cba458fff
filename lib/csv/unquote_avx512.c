#include "csv/unquote_kinds.h"

/*
 * AVX-512 with VBMI2: of 64 bytes, those that stay are compressed to the front in one instruction.
 * Which quote of a pair is the first is told by parity, a prefix XOR as in csv/index.h, because
 * a pair may be cut by the end of a block. Nothing beyond the field is read or written: the last
 * block is loaded and stored under a mask.
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#define STEP 64u

/* A bit for each of the next bytes that belongs to the field. */
static inline uint64_t bytes_there(size_t left)
{
	return left < STEP ? (UINT64_C(1) << left) - 1 : ~UINT64_C(0);
}

static size_t size_avx512(struct span inner, char quote)
{
	const __m512i quotes = _mm512_set1_epi8(quote);
	size_t n = 0;

	for (size_t at = 0; at < inner.size; at += STEP) {
		const uint64_t there = bytes_there(inner.size - at);
		const __m512i bytes = _mm512_maskz_loadu_epi8(there, inner.data + at);

		n += (size_t)_mm_popcnt_u64(_mm512_mask_cmpeq_epi8_mask(there, bytes, quotes));
	}
	return inner.size - n / 2;
}

static inline uint64_t prefix_xor(uint64_t bits)
{
	__m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits),
	                                       _mm_set1_epi8((char)0xFF), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}

static size_t copy_avx512(char *out, struct span inner, char quote)
{
	const __m512i quotes = _mm512_set1_epi8(quote);
	uint64_t cut = 0; /* ~0: the last block ended with the first quote of a pair */
	char *to = out;

	for (size_t at = 0; at < inner.size; at += STEP) {
		const uint64_t there = bytes_there(inner.size - at);
		const __m512i bytes = _mm512_maskz_loadu_epi8(there, inner.data + at);
		const uint64_t found = _mm512_mask_cmpeq_epi8_mask(there, bytes, quotes);
		const uint64_t odd = prefix_xor(found) ^ cut;
		const uint64_t stays = there & ~(found & ~odd);
		const size_t n = (size_t)_mm_popcnt_u64(stays);

		_mm512_mask_storeu_epi8(to, bytes_there(n),
		                        _mm512_maskz_compress_epi8(stays, bytes));
		cut = 0 - (odd >> 63);
		to += n;
	}
	return (size_t)(to - out);
}

const struct csv_unquote_kind csv_unquote_avx512 = { "avx512", size_avx512, copy_avx512 };

#else
typedef int csv_unquote_avx512_is_for_x86;
#endif
