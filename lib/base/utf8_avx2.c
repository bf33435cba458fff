#include "base/utf8_kernel.h"

/* UTF-8 checked 32 bytes at a time, by the tables of base/utf8_faults.h. */
#if defined(__x86_64__)

#include <immintrin.h>
#include <stdbool.h>
#include "base/utf8_faults.h"

static inline __m256i table(const uint8_t bytes[16])
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)bytes));
}

static inline __m256i high_halves(__m256i bytes)
{
	return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
}

static inline __m256i faults_of_pairs(__m256i first, __m256i second)
{
	const __m256i low = _mm256_and_si256(first, _mm256_set1_epi8(0x0F));
	const __m256i a = _mm256_shuffle_epi8(table(faults_of_first_high), high_halves(first));
	const __m256i b = _mm256_shuffle_epi8(table(faults_of_first_low), low);
	const __m256i c = _mm256_shuffle_epi8(table(faults_of_second_high), high_halves(second));

	return _mm256_and_si256(_mm256_and_si256(a, b), c);
}

/* The bytes that stand n before those of a block. */
#define BEFORE(block, last, n)                                                                     \
	_mm256_alignr_epi8(block, _mm256_permute2x128_si256(last, block, 0x21), 16 - (n))

static inline bool is_faultless(__m256i block, __m256i last)
{
	const __m256i pairs = faults_of_pairs(BEFORE(block, last, 1), block);
	/* Not below 0x80: the third byte of a lead from E0 on, the fourth of one from F0 on. */
	const __m256i third = _mm256_subs_epu8(BEFORE(block, last, 2),
	                                       _mm256_set1_epi8(0xE0 - 0x80));
	const __m256i fourth = _mm256_subs_epu8(BEFORE(block, last, 3),
	                                        _mm256_set1_epi8((char)(0xF0 - 0x80)));
	const __m256i must = _mm256_and_si256(_mm256_or_si256(third, fourth),
	                                      _mm256_set1_epi8((char)0x80));
	const __m256i faults = _mm256_xor_si256(must, pairs);

	return _mm256_testz_si256(faults, faults);
}

static size_t valid_blocks(struct span text)
{
	__m256i last = _mm256_setzero_si256(), block;
	size_t at;

	for (at = 0; at + 32 <= text.size; at += 32) {
		block = _mm256_loadu_si256((const __m256i *)(const void *)(text.data + at));
		if (_mm256_movemask_epi8(_mm256_or_si256(block, last)) != 0 &&
		    !is_faultless(block, last))
			break;
		last = block;
	}
	return at;
}

const struct utf8_kernel utf8_kernel_avx2 = { "avx2", valid_blocks };

#else
typedef int utf8_avx2_is_for_x86;
#endif
