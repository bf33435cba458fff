#include "base/utf8_kernel.h"

/*
 * Three table look-ups tell what a byte and the one before it can have wrong: by the
 * high and the low half of the first and the high half of the second, a bit for each kind
 * of fault; what all three say is a fault. Two continuation bytes in a row are none
 * behind a lead of three or four bytes, which is looked at apart.
 *
 * Method: J. Keiser, D. Lemire, "Validating UTF-8 in less than one instruction per byte",
 * Software: Practice and Experience 51, 2021, section 6.
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include <stdbool.h>

enum {
	SHORT = 1 << 0,      /* a lead without its continuation */
	LONG = 1 << 1,       /* a continuation behind ASCII */
	OVERLONG_3 = 1 << 2, /* E0 80..9F */
	LARGE = 1 << 3,      /* above 10FFFF: F4 90.. */
	SURROGATE = 1 << 4,  /* ED A0..BF */
	OVERLONG_2 = 1 << 5, /* C0, C1 */
	LARGE_1000 = 1 << 6, /* F5.., behind which 80..8F stands */
	OVERLONG_4 = 1 << 6, /* F0 80..8F */
	TWO = 1 << 7,        /* two continuations: a fault unless a longer lead is before them */
	ANY = SHORT | LONG | TWO,
};

#define TABLE(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                                      \
	_mm256_setr_epi8((char)(a), (char)(b), (char)(c), (char)(d), (char)(e), (char)(f),         \
	                 (char)(g), (char)(h), (char)(i), (char)(j), (char)(k), (char)(l),         \
	                 (char)(m), (char)(n), (char)(o), (char)(p), (char)(a), (char)(b),         \
	                 (char)(c), (char)(d), (char)(e), (char)(f), (char)(g), (char)(h),         \
	                 (char)(i), (char)(j), (char)(k), (char)(l), (char)(m), (char)(n),         \
	                 (char)(o), (char)(p))

static inline __m256i high_halves(__m256i bytes)
{
	return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
}

static inline __m256i faults_of_pairs(__m256i first, __m256i second)
{
	const __m256i first_high = TABLE(LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, TWO, TWO,
	                                 TWO, TWO, SHORT | OVERLONG_2, SHORT,
	                                 SHORT | OVERLONG_3 | SURROGATE,
	                                 SHORT | LARGE | LARGE_1000 | OVERLONG_4);
	const __m256i first_low = TABLE(
	        ANY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, ANY | OVERLONG_2, ANY, ANY, ANY | LARGE,
	        ANY | LARGE | LARGE_1000, ANY | LARGE | LARGE_1000, ANY | LARGE | LARGE_1000,
	        ANY | LARGE | LARGE_1000, ANY | LARGE | LARGE_1000, ANY | LARGE | LARGE_1000,
	        ANY | LARGE | LARGE_1000, ANY | LARGE | LARGE_1000,
	        ANY | LARGE | LARGE_1000 | SURROGATE, ANY | LARGE | LARGE_1000,
	        ANY | LARGE | LARGE_1000);
	const __m256i second_high = TABLE(
	        SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT,
	        LONG | OVERLONG_2 | TWO | OVERLONG_3 | LARGE_1000 | OVERLONG_4,
	        LONG | OVERLONG_2 | TWO | OVERLONG_3 | LARGE,
	        LONG | OVERLONG_2 | TWO | SURROGATE | LARGE,
	        LONG | OVERLONG_2 | TWO | SURROGATE | LARGE, SHORT, SHORT, SHORT, SHORT);
	const __m256i low = _mm256_and_si256(first, _mm256_set1_epi8(0x0F));

	return _mm256_and_si256(
	        _mm256_and_si256(_mm256_shuffle_epi8(first_high, high_halves(first)),
	                         _mm256_shuffle_epi8(first_low, low)),
	        _mm256_shuffle_epi8(second_high, high_halves(second)));
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
