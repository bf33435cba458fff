#include "base/utf8_kernel.h"

/*
 * UTF-8 checked 64 bytes at a time, by the tables of base/utf8_faults.h. As base/utf8_avx2.c, with
 * AVX-512 in registers of twice the width.
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include <stdbool.h>
#include "base/utf8_faults.h"

static inline __m512i table(const uint8_t bytes[16])
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)bytes));
}

static inline __m512i high_halves(__m512i bytes)
{
	return _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(0x0F));
}

static inline __m512i faults_of_pairs(__m512i first, __m512i second)
{
	const __m512i low = _mm512_and_si512(first, _mm512_set1_epi8(0x0F));
	const __m512i a = _mm512_shuffle_epi8(table(faults_of_first_high), high_halves(first));
	const __m512i b = _mm512_shuffle_epi8(table(faults_of_first_low), low);
	const __m512i c = _mm512_shuffle_epi8(table(faults_of_second_high), high_halves(second));

	return _mm512_and_si512(_mm512_and_si512(a, b), c);
}

/* The 64 bytes that stand 16 before those of a block. */
static inline __m512i before_16(__m512i block, __m512i last)
{
	const __m512i lanes = _mm512_set_epi64(13, 12, 11, 10, 9, 8, 7, 6);

	return _mm512_permutex2var_epi64(last, lanes, block);
}

/* The bytes that stand n before those of a block. */
#define BEFORE(block, last, n) _mm512_alignr_epi8(block, before_16(block, last), 16 - (n))

static inline bool is_faultless(__m512i block, __m512i last)
{
	const __m512i pairs = faults_of_pairs(BEFORE(block, last, 1), block);
	/* Not below 0x80: the third byte of a lead from E0 on, the fourth of one from F0 on. */
	const __m512i third = _mm512_subs_epu8(BEFORE(block, last, 2),
	                                       _mm512_set1_epi8(0xE0 - 0x80));
	const __m512i fourth = _mm512_subs_epu8(BEFORE(block, last, 3),
	                                        _mm512_set1_epi8((char)(0xF0 - 0x80)));
	const __m512i must = _mm512_and_si512(_mm512_or_si512(third, fourth),
	                                      _mm512_set1_epi8((char)0x80));
	const __m512i faults = _mm512_xor_si512(must, pairs);

	return _mm512_test_epi8_mask(faults, faults) == 0;
}

static size_t valid_blocks(struct span text)
{
	__m512i last = _mm512_setzero_si512(), block;
	size_t at;

	for (at = 0; at + 64 <= text.size; at += 64) {
		block = _mm512_loadu_si512(text.data + at);
		if (_mm512_movepi8_mask(_mm512_or_si512(block, last)) != 0 &&
		    !is_faultless(block, last))
			break;
		last = block;
	}
	return at;
}

const struct utf8_kernel utf8_kernel_avx512 = { "avx512", valid_blocks };

#else
typedef int utf8_avx512_is_for_x86;
#endif
