#include "csv/unquote.h"

/*
 * 32 bytes at a time are copied whether a quote is among them or not; where one is, the
 * copying goes on behind its twin, over what was copied too much.
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#define STEP 32

static inline uint32_t bits_below(size_t n)
{
	return n < STEP ? (UINT32_C(1) << n) - 1 : UINT32_MAX;
}

size_t csv_unquote_avx2(char *out, struct span inner, char quote)
{
	const __m256i quotes = _mm256_set1_epi8(quote);
	const char *p = inner.data, *end = p + inner.size;
	char *to = out;

	while (p < end) {
		const size_t left = (size_t)(end - p);
		const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)p);
		const uint32_t found = (uint32_t)_mm256_movemask_epi8(
		                               _mm256_cmpeq_epi8(bytes, quotes)) &
		                       bits_below(left);
		size_t n = left < STEP ? left : STEP;

		_mm256_storeu_si256((__m256i *)(void *)to, bytes);
		if (found)
			n = (size_t)__builtin_ctz(found) + 1;
		to += n;
		p += n + (found != 0);
	}
	return (size_t)(to - out);
}

#else
typedef int csv_unquote_avx2_is_for_x86;
#endif
