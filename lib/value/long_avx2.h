/*
 * Floats of 17 to 31 bytes with a point, one cell at a time in a register of 32 bytes. Internal to
 * batch_avx2.c, which is compiled for AVX2.
 *
 * Most columns of measured or computed floats have such cells, so every instruction counts here.
 * The 32 bytes that end where the cell ends hold the number flush right. A second load, one byte
 * earlier, has the same bytes one place further: those before the point are taken from it, those
 * after the point from the first, and so the point is gone. What lies before the number becomes
 * zero. What is no digit then, is above nine.
 */
#ifndef SHMPUB_VALUE_LONG_AVX2_H
#define SHMPUB_VALUE_LONG_AVX2_H

#include <immintrin.h>
#include "value/batch.h"
#include "value/decimal_quick.h"
#include "value/join_digits.h"
#include "value/keep_avx2.h"

#define LONG_INLINE static inline __attribute__((always_inline))
#define LONG_LEAST 17u
#define LONG_MOST 31u
#define LONG_WIDTH 32u

/* 32 bytes from a place in it are a mask: so many zeros, then ones. */
#define FF8 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF
static const uint8_t ramp[2 * LONG_WIDTH] = { [LONG_WIDTH] = FF8, FF8, FF8, FF8 };

/* A mask of the last n of 32 bytes. */
LONG_INLINE __m256i long_last(uint32_t n)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)(ramp + n));
}

/* What a loop over cells needs in registers (value/keep_avx2.h). */
struct long_constants {
	__m256i point, zero, nine, join_digits, join_pairs, join_fours;
};

LONG_INLINE struct long_constants long_constants(void)
{
	struct long_constants c = {
		.point = _mm256_set1_epi8('.'),
		.zero = _mm256_set1_epi8('0'),
		.nine = _mm256_set1_epi8(9),
		.join_digits = _mm256_set1_epi16(JOIN_DIGITS),
		.join_pairs = _mm256_set1_epi32(JOIN_PAIRS),
		.join_fours = _mm256_set1_epi32(JOIN_FOURS),
	};

	KEEP_IN_REGISTER(c.point);
	KEEP_IN_REGISTER(c.zero);
	KEEP_IN_REGISTER(c.nine);
	KEEP_IN_REGISTER(c.join_digits);
	KEEP_IN_REGISTER(c.join_pairs);
	KEEP_IN_REGISTER(c.join_fours);
	return c;
}

/*
 * 32 digits, the last one in the highest byte. False: they exceed 64 bits, which hold 20 digits when
 * the number before the last 16 is at most 1843.
 */
LONG_INLINE bool long_join(uint64_t *out, const struct long_constants *c, __m256i digits)
{
	const __m256i pairs = _mm256_maddubs_epi16(digits, c->join_digits);
	const __m256i fours = _mm256_madd_epi16(pairs, c->join_pairs);
	const __m256i packed = _mm256_packus_epi32(fours, fours);
	const __m256i eights = _mm256_madd_epi16(packed, c->join_fours);
	const uint64_t high = (uint64_t)_mm_cvtsi128_si64(_mm256_castsi256_si128(eights));
	const uint64_t low = (uint64_t)_mm_cvtsi128_si64(_mm256_extracti128_si256(eights, 1));
	const uint64_t top = high << 32 | high >> 32; /* the first eight of 32 digits must be 0 */

	*out = top * UINT64_C(10000000000000000) + (uint32_t)low * UINT64_C(100000000) +
	       (low >> 32);
	return top <= 1843;
}

/* False: the cell is not such a number, or its value takes more work. */
LONG_INLINE bool long_take_float(double *out, const struct long_constants *c, const char *base,
                                 const uint32_t *cut)
{
	const uint32_t cell_size = cut[1] - cut[0] - 1;
	const char *end = base + cut[1];
	__m256i bytes, one_before, above_nine;
	uint32_t size, n_decimals;
	uint64_t mantissa, bits;
	bool negative;

	if (cell_size - LONG_LEAST > LONG_MOST - LONG_LEAST || cut[1] <= LONG_WIDTH)
		return false;
	negative = *(end - cell_size) == '-';
	size = cell_size - negative;
	bytes = _mm256_loadu_si256((const __m256i *)(const void *)(end - LONG_WIDTH));
	one_before = _mm256_loadu_si256((const __m256i *)(const void *)(end - LONG_WIDTH - 1));
	n_decimals = _lzcnt_u32((uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, c->point)));
	if (n_decimals - 1 >= size - 1)
		return false; /* no point in the cell, or nothing after it */
	/* The bytes after the point, and those of the other load before it. */
	bytes = _mm256_and_si256(_mm256_xor_si256(bytes, one_before), long_last(n_decimals));
	bytes = _mm256_sub_epi8(_mm256_xor_si256(bytes, one_before), c->zero);
	bytes = _mm256_and_si256(bytes, long_last(size - 1));
	above_nine = _mm256_subs_epu8(bytes, c->nine);
	if (!_mm256_testz_si256(above_nine, above_nine) || !long_join(&mantissa, c, bytes) ||
	    !decimal_quick(&bits, mantissa, n_decimals))
		return false;
	bits |= (uint64_t)negative << 63; /* signs come at random: no branch on them */
	memcpy(out, &bits, sizeof(bits));
	return true;
}

#endif
