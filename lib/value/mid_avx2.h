/*
 * Numbers of up to 16 bytes, one cell at a time in half a register. Internal to batch_avx2.c, which
 * is compiled for AVX2.
 *
 * As value/long_avx2.h: the 16 bytes that end where the cell ends hold the number flush right, and
 * a second load, one byte earlier, takes the point out. Up to 15 digits with a point are a double
 * exactly, and so are their powers of ten: one division rounds once (Clinger 1990).
 */
#ifndef SHMPUB_VALUE_MID_AVX2_H
#define SHMPUB_VALUE_MID_AVX2_H

#include <immintrin.h>
#include "value/join_digits.h"
#include "value/keep_avx2.h"
#include "value/long_avx2.h"
#include "value/real.h"

#define MID_SIZE 16u

/* What a loop over cells needs in registers (value/keep_avx2.h). */
struct mid_constants {
	__m128i point, zero, nine, join_digits, join_pairs, join_fours;
};

LONG_INLINE struct mid_constants mid_constants(void)
{
	struct mid_constants c = {
		.point = _mm_set1_epi8('.'),
		.zero = _mm_set1_epi8('0'),
		.nine = _mm_set1_epi8(9),
		.join_digits = _mm_set1_epi16(JOIN_DIGITS),
		.join_pairs = _mm_set1_epi32(JOIN_PAIRS),
		.join_fours = _mm_set1_epi32(JOIN_FOURS),
	};

	KEEP_IN_REGISTER(c.point);
	KEEP_IN_REGISTER(c.zero);
	KEEP_IN_REGISTER(c.nine);
	KEEP_IN_REGISTER(c.join_digits);
	KEEP_IN_REGISTER(c.join_pairs);
	KEEP_IN_REGISTER(c.join_fours);
	return c;
}

LONG_INLINE __m128i mid_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* A mask of the last n of 16 bytes. */
LONG_INLINE __m128i mid_last(uint32_t n)
{
	return _mm_loadu_si128((const __m128i *)(const void *)(ramp + MID_SIZE + n));
}

/* The last n of 16 bytes as one number; false: they are not all digits. */
LONG_INLINE bool mid_join(uint64_t *out, const struct mid_constants *c, __m128i bytes, uint32_t n)
{
	const __m128i digits = _mm_and_si128(_mm_sub_epi8(bytes, c->zero), mid_last(n));
	const __m128i above_nine = _mm_subs_epu8(digits, c->nine);
	const __m128i pairs = _mm_maddubs_epi16(digits, c->join_digits);
	const __m128i fours = _mm_madd_epi16(pairs, c->join_pairs);
	const __m128i packed = _mm_packus_epi32(fours, fours);
	const uint64_t both = (uint64_t)_mm_cvtsi128_si64(_mm_madd_epi16(packed, c->join_fours));

	*out = (uint32_t)both * UINT64_C(100000000) + (both >> 32);
	return _mm_testz_si128(above_nine, above_nine);
}

/* False: the cell is empty, longer, too near the base, or no such integer. */
LONG_INLINE bool mid_take_int(int64_t *out, const struct mid_constants *c, const char *base,
                              const uint32_t *cut)
{
	const uint32_t size = cut[1] - cut[0] - 1;
	const char *end = base + cut[1];
	uint64_t negative, v;

	if (size - 1 >= MID_SIZE || cut[1] < MID_SIZE)
		return false;
	negative = *(end - size) == '-';
	if (size == negative ||
	    !mid_join(&v, c, mid_load(end - MID_SIZE), size - (uint32_t)negative))
		return false;
	*out = (int64_t)((v ^ (0 - negative)) + negative);
	return true;
}

/* The same of a number with a point. */
LONG_INLINE bool mid_take_float(double *out, const struct mid_constants *c, const char *base,
                                const uint32_t *cut)
{
	const uint32_t cell_size = cut[1] - cut[0] - 1;
	const char *end = base + cut[1];
	uint32_t size, n_decimals;
	uint64_t mantissa, bits;
	__m128i bytes, one_before;
	bool negative;
	double v;

	if (cell_size - 1 >= MID_SIZE || cut[1] <= MID_SIZE)
		return false;
	negative = *(end - cell_size) == '-';
	size = cell_size - negative;
	bytes = mid_load(end - MID_SIZE);
	one_before = mid_load(end - MID_SIZE - 1);
	n_decimals = _lzcnt_u32((uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, c->point))
	                        << MID_SIZE);
	if (size < 2 || n_decimals >= size)
		return false;
	bytes = _mm_and_si128(_mm_xor_si128(bytes, one_before), mid_last(n_decimals));
	if (!mid_join(&mantissa, c, _mm_xor_si128(bytes, one_before), size - 1))
		return false;
	v = (double)(int64_t)mantissa / real_powers[n_decimals];
	memcpy(&bits, &v, sizeof(bits));
	bits |= (uint64_t)negative << 63;
	memcpy(out, &bits, sizeof(bits));
	return true;
}

#endif
