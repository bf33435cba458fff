#include "csv/unquote_kinds.h"

/*
 * 32 bytes at a time are copied whether a quote is among them or not; where one is, the
 * copying goes on after its twin, over what was copied too much.
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#define STEP CSV_UNQUOTE_BEYOND

/* A bit for each quote among the next `left` bytes. */
static inline uint32_t find_quotes(__m256i bytes, __m256i quotes, size_t left)
{
	const uint32_t found = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, quotes));

	return left < STEP ? found & ((UINT32_C(1) << left) - 1) : found;
}

static __m256i load(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static size_t size_avx2(struct span inner, char quote)
{
	const __m256i quotes = _mm256_set1_epi8(quote);
	size_t n = 0;

	for (size_t at = 0; at < inner.size; at += STEP)
		n += (size_t)_mm_popcnt_u32(
		        find_quotes(load(inner.data + at), quotes, inner.size - at));
	return inner.size - n / 2;
}

static size_t copy_avx2(char *out, struct span inner, char quote)
{
	const __m256i quotes = _mm256_set1_epi8(quote);
	const char *p = inner.data, *end = p + inner.size;
	char *to = out;

	while (p < end) {
		const size_t left = (size_t)(end - p);
		const __m256i bytes = load(p);
		const uint32_t found = find_quotes(bytes, quotes, left);
		size_t n = left < STEP ? left : STEP;

		_mm256_storeu_si256((__m256i *)(void *)to, bytes);
		if (found)
			n = (size_t)__builtin_ctz(found) + 1;
		to += n;
		p += n + (found != 0);
	}
	return (size_t)(to - out);
}

const struct csv_unquote_kind csv_unquote_avx2 = { "avx2", size_avx2, copy_avx2 };

#else
typedef int csv_unquote_avx2_is_for_x86;
#endif
