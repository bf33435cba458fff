/*
 * Eight cells of at most eight bytes at once. Internal to batch_avx512.c, which is compiled for
 * AVX-512.
 *
 * As value/four_avx2.h, in registers of twice the width. A mask has a bit for each byte, or for
 * each lane of eight bytes, where four_avx2.h has a register.
 */
#ifndef SHMPUB_VALUE_EIGHT_AVX512_H
#define SHMPUB_VALUE_EIGHT_AVX512_H

#include <immintrin.h>
#include "value/batch_kernel.h"
#include "value/join_digits.h"

#define EIGHT_INLINE static inline __attribute__((always_inline))
#define EIGHT_SIZE 8u

struct eight {
	__m512i text;     /* as it is, with what stands before the cells */
	__mmask64 number; /* bytes of the cells after their signs */
	__mmask8 empty;   /* lanes whose cell is empty */
	__mmask8 minus;   /* lanes whose cell begins with a minus */
	bool is_wrong;    /* some cell is not for here */
};

EIGHT_INLINE __m256i eight_half(const void *a, const void *b, const void *c, const void *d)
{
	const __m128d low = _mm_loadh_pd(_mm_castsi128_pd(_mm_loadl_epi64(a)), b);
	const __m128d high = _mm_loadh_pd(_mm_castsi128_pd(_mm_loadl_epi64(c)), d);

	return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_castpd_si128(low)),
	                               _mm_castpd_si128(high), 1);
}

/* The cuts before and after each of eight cells. */
EIGHT_INLINE __m512i eight_cuts(const uint32_t *cut, size_t stride)
{
	const uint32_t *fifth = cut + 4 * stride;
	const __m256i low = eight_half(cut, cut + stride, cut + 2 * stride, cut + 3 * stride);
	const __m256i high = eight_half(fifth, fifth + stride, fifth + 2 * stride,
	                                fifth + 3 * stride);

	return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* The eight bytes that end where each cell ends; `cut` is the cut after the first. */
EIGHT_INLINE __m512i eight_texts(const char *base, const uint32_t *cut, size_t stride)
{
	const uint32_t *fifth = cut + 4 * stride;
	const __m256i low = eight_half(base + cut[0] - EIGHT_SIZE, base + cut[stride] - EIGHT_SIZE,
	                               base + cut[2 * stride] - EIGHT_SIZE,
	                               base + cut[3 * stride] - EIGHT_SIZE);
	const __m256i high = eight_half(
	        base + fifth[0] - EIGHT_SIZE, base + fifth[stride] - EIGHT_SIZE,
	        base + fifth[2 * stride] - EIGHT_SIZE, base + fifth[3 * stride] - EIGHT_SIZE);

	return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* The lanes of which any byte is in the mask. */
EIGHT_INLINE __mmask8 eight_lanes(__mmask64 bytes)
{
	const __m512i all = _mm512_movm_epi8(bytes);

	return _mm512_test_epi64_mask(all, all);
}

/* The eight cells after cut, cut + stride, ...; false and wrong as four_load() says it. */
EIGHT_INLINE bool eight_load(struct eight *e, const char *base, const uint32_t *cut, size_t stride)
{
	const __m512i sixty_four = _mm512_set1_epi64(64);
	__m512i cuts, size, cell;
	__mmask64 in_cell, first, minus;

	if (cut[1] < EIGHT_SIZE)
		return false;
	cuts = eight_cuts(cut, stride);
	cuts = _mm512_sub_epi32(cuts, _mm512_slli_epi64(cuts, 32));
	size = _mm512_srli_epi64(
	        _mm512_sub_epi32(cuts, _mm512_set1_epi64((long long)(UINT64_C(1) << 32))), 32);
	e->text = eight_texts(base, cut + 1, stride);
	cell = _mm512_sllv_epi64(_mm512_set1_epi64(-1),
	                         _mm512_sub_epi64(sixty_four, _mm512_slli_epi64(size, 3)));
	in_cell = _mm512_movepi8_mask(cell);
	first = in_cell & ~(in_cell << 1 & UINT64_C(0xFEFEFEFEFEFEFEFE));
	minus = _mm512_cmpeq_epi8_mask(e->text, _mm512_set1_epi8('-')) & first;
	e->number = in_cell & ~minus;
	e->minus = eight_lanes(minus);
	e->empty = (__mmask8)~_mm512_test_epi64_mask(size, size);
	e->is_wrong = _mm512_cmpgt_epi64_mask(size, _mm512_set1_epi64(EIGHT_SIZE)) != 0;
	return true;
}

/* The bytes that should be digits, as numbers; what is not, and what is not there, is wrong. */
EIGHT_INLINE __m512i eight_digits(struct eight *e, __mmask64 bytes, bool may_be_empty)
{
	const __m512i digits = _mm512_maskz_mov_epi8(
	        bytes, _mm512_sub_epi8(e->text, _mm512_set1_epi8('0')));
	const unsigned there = eight_lanes(bytes) | (may_be_empty ? e->empty : 0u);

	if (_mm512_cmpgt_epu8_mask(digits, _mm512_set1_epi8(9)) || there != 0xFF)
		e->is_wrong = true;
	return digits;
}

/* Eight digits a lane, zeros where there are none, to the number. */
EIGHT_INLINE __m512i eight_join(__m512i digits)
{
	const __m512i pairs = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(JOIN_DIGITS));
	const __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(JOIN_PAIRS));
	const __m512i high = _mm512_mul_epu32(fours, _mm512_set1_epi64(10000));

	return _mm512_add_epi64(high, _mm512_srli_epi64(fours, 32));
}

EIGHT_INLINE __m512d eight_signs(const struct eight *e, __m512d values)
{
	return _mm512_mask_sub_pd(values, e->minus, _mm512_set1_pd(-0.0), values);
}

/* As four_put_empty(). */
EIGHT_INLINE __m512d eight_put_empty(const struct eight *e, __m512d values,
                                     struct batch_empty *empty, size_t i, unsigned n_again)
{
	const unsigned bits = e->empty;
	const uint64_t row = empty->row + i;
	uint8_t *validity = empty->validity + (row >> 3);

	validity[0] = (uint8_t)(validity[0] & ~(bits << (row & 7)));
	if (row & 7)
		validity[1] = (uint8_t)(validity[1] & ~(bits << (row & 7) >> 8));
	empty->n += (unsigned)__builtin_popcount(bits >> n_again);
	return _mm512_mask_mov_pd(values, e->empty, _mm512_set1_pd(NAN));
}

/* --- what the batch takes ------------------------------------------------------------------------ */

EIGHT_INLINE bool eight_take_ints(int64_t *out, const char *base, const uint32_t *cut,
                                  size_t stride)
{
	const __m512i zero = _mm512_setzero_si512();
	struct eight e;
	__m512i v;

	if (!eight_load(&e, base, cut, stride))
		return false;
	v = eight_join(eight_digits(&e, e.number, false));
	if (e.is_wrong)
		return false;
	_mm512_storeu_si512(out, _mm512_mask_sub_epi64(v, e.minus, zero, v));
	return true;
}

/* -0 is left to the caller, as in four_take_whole(). */
EIGHT_INLINE bool eight_take_whole(double *out, const char *base, const uint32_t *cut,
                                   size_t stride, struct batch_empty *empty, size_t i,
                                   unsigned n_again)
{
	struct eight e;
	__m512i digits;
	__m512d v;

	if (!eight_load(&e, base, cut, stride))
		return false;
	digits = eight_digits(&e, e.number, empty->validity != NULL);
	if (e.is_wrong || (e.minus & ~_mm512_test_epi64_mask(digits, digits)))
		return false;
	v = eight_signs(&e, _mm512_cvtepi64_pd(eight_join(digits)));
	if (empty->validity)
		v = eight_put_empty(&e, v, empty, i, n_again);
	_mm512_storeu_pd(out, v);
	return true;
}

/* At most seven decimals, so that one division rounds once, as it should (Clinger 1990). */
EIGHT_INLINE bool eight_take_floats(double *out, const char *base, const uint32_t *cut,
                                    size_t stride, struct batch_empty *empty, size_t i,
                                    unsigned n_again)
{
	const __m512d powers = _mm512_set_pd(1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1e0);
	const __m512i one = _mm512_set1_epi8(1);
	__m512i bytes, point, below, digits, front, n_behind;
	__mmask64 points, before, behind;
	struct eight e;
	__m512d v;

	if (!eight_load(&e, base, cut, stride))
		return false;
	points = _mm512_cmpeq_epi8_mask(e.text, _mm512_set1_epi8('.')) & e.number;
	bytes = eight_digits(&e, e.number & ~points, empty->validity != NULL);
	/* The lowest bit of the point, and all bits below; none and all, where there is no point. */
	point = _mm512_maskz_mov_epi8(points, one);
	below = _mm512_sub_epi64(point, _mm512_set1_epi64(1));
	if (e.is_wrong || _mm512_test_epi64_mask(point, below)) /* two points */
		return false;
	before = _mm512_movepi8_mask(below);
	behind = e.number & ~points & ~before;
	front = _mm512_maskz_mov_epi8(before, bytes);
	front = _mm512_mask_mov_epi64(front, _mm512_test_epi64_mask(point, point),
	                              _mm512_slli_epi64(front, 8));
	digits = _mm512_or_si512(_mm512_maskz_mov_epi8(behind, bytes), front);
	n_behind = _mm512_sad_epu8(_mm512_maskz_mov_epi8(behind, one), _mm512_setzero_si512());
	v = _mm512_div_pd(_mm512_cvtepi64_pd(eight_join(digits)),
	                  _mm512_permutexvar_pd(n_behind, powers));
	v = eight_signs(&e, v);
	if (empty->validity)
		v = eight_put_empty(&e, v, empty, i, n_again);
	_mm512_storeu_pd(out, v);
	return true;
}

#endif
