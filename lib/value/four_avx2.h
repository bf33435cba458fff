/*
 * Four cells of at most eight bytes at once. Internal to batch_avx2.c, which is compiled
 * for AVX2.
 *
 * Each cell has a lane of 64 bits. The eight bytes that end where the cell ends hold it
 * flush right (its last byte is the lane's highest); what lies in front of it is masked
 * out. A point is taken out by moving the bytes in front of it up by one. Then digits are
 * joined to pairs, pairs to fours, fours to the number, in all lanes with the same few
 * instructions.
 */
#ifndef SHMPUB_VALUE_FOUR_AVX2_H
#define SHMPUB_VALUE_FOUR_AVX2_H

#include <immintrin.h>
#include "value/batch_kernel.h"

#define FOUR_INLINE                                                                                \
	static inline __attribute__((always_inline)) /* a call costs as much as the work */
#define FOUR_SIZE 8u

struct four {
	__m256i bytes;    /* minus '0' */
	__m256i number;   /* bytes of the cell behind its sign */
	__m256i points;   /* of these, those that are points */
	__m256i empty;    /* lanes whose cell is empty */
	__m256i negative; /* lanes whose cell begins with a minus */
};

/* Four times eight bytes; the first of them in the lowest lane. */
FOUR_INLINE __m256i four_gather(const void *a, const void *b, const void *c, const void *d)
{
	const __m128d low = _mm_loadh_pd(_mm_castsi128_pd(_mm_loadl_epi64(a)), b);
	const __m128d high = _mm_loadh_pd(_mm_castsi128_pd(_mm_loadl_epi64(c)), d);

	return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_castpd_si128(low)),
	                               _mm_castpd_si128(high), 1);
}

FOUR_INLINE bool four_all(__m256i lanes)
{
	return _mm256_movemask_epi8(lanes) == -1;
}

FOUR_INLINE bool four_none(__m256i bits)
{
	return _mm256_testz_si256(bits, bits);
}

FOUR_INLINE __m256i four_is_zero(__m256i lanes)
{
	return _mm256_cmpeq_epi64(lanes, _mm256_setzero_si256());
}

/* The four cells behind cut, cut + stride, ...; false: one is longer or not there. */
FOUR_INLINE bool four_load(struct four *f, const char *base, const uint32_t *cut, size_t stride)
{
	const uint32_t *b = cut + stride, *c = b + stride, *d = c + stride;
	const __m256i cuts = four_gather(cut, b, c, d);
	const __m256i size = _mm256_and_si256(
	        _mm256_sub_epi32(_mm256_sub_epi32(_mm256_srli_epi64(cuts, 32), cuts),
	                         _mm256_set1_epi32(1)),
	        _mm256_set1_epi64x(UINT32_MAX));
	const __m256i is_short = _mm256_cmpeq_epi32(
	        _mm256_min_epu32(size, _mm256_set1_epi32(FOUR_SIZE)), size);
	__m256i text, begins, minus, digits;

	if (cut[1] < FOUR_SIZE || !four_all(is_short))
		return false;
	text = four_gather(base + cut[1] - FOUR_SIZE, base + b[1] - FOUR_SIZE,
	                   base + c[1] - FOUR_SIZE, base + d[1] - FOUR_SIZE);
	f->number = _mm256_sllv_epi64(
	        _mm256_set1_epi64x(-1),
	        _mm256_sub_epi64(_mm256_set1_epi64x(64), _mm256_slli_epi64(size, 3)));
	f->empty = four_is_zero(f->number);
	begins = _mm256_andnot_si256(_mm256_slli_epi64(f->number, 8), f->number);
	minus = _mm256_and_si256(_mm256_cmpeq_epi8(text, _mm256_set1_epi8('-')), begins);
	f->negative = _mm256_xor_si256(four_is_zero(minus), _mm256_set1_epi64x(-1));
	f->number = _mm256_andnot_si256(minus, f->number);
	f->points = _mm256_and_si256(_mm256_cmpeq_epi8(text, _mm256_set1_epi8('.')), f->number);
	f->bytes = _mm256_sub_epi8(text, _mm256_set1_epi8('0'));
	digits = _mm256_cmpeq_epi8(_mm256_min_epu8(f->bytes, _mm256_set1_epi8(9)), f->bytes);
	return four_none(_mm256_andnot_si256(_mm256_or_si256(digits, f->points), f->number));
}

/* Lanes in which there is a digit. */
FOUR_INLINE __m256i four_has_digits(const struct four *f)
{
	return _mm256_xor_si256(four_is_zero(_mm256_andnot_si256(f->points, f->number)),
	                        _mm256_set1_epi64x(-1));
}

/* Every cell has digits, or, where that is allowed, is empty. */
FOUR_INLINE bool four_are_there(const struct four *f, bool may_be_empty)
{
	const __m256i are = four_has_digits(f);

	return four_all(may_be_empty ? _mm256_or_si256(are, f->empty) : are);
}

/* Eight digits a lane, zeros where there are none, to numbers in the lower half of each lane. */
FOUR_INLINE __m256i four_join(__m256i digits)
{
	const __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010a));
	const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00010064));
	const __m256i halves = _mm256_madd_epi16(fours, _mm256_set1_epi64x(0x0000000100002710));

	return _mm256_add_epi32(halves, _mm256_srli_epi64(halves, 32));
}

/* The lower halves of the lanes. */
FOUR_INLINE __m128i four_narrow(__m256i lanes)
{
	const __m256i even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);

	return _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(lanes, even));
}

FOUR_INLINE __m128i four_integers(const struct four *f)
{
	return four_narrow(four_join(_mm256_and_si256(f->bytes, f->number)));
}

/* One bit a lane. */
FOUR_INLINE unsigned four_bits(__m256i lanes)
{
	return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(lanes));
}

/*
 * What the batch makes of empty cells: no value, and no bit of validity. No branch on
 * which they are: where there are some, they come at random.
 */
FOUR_INLINE __m256d four_put_empty(const struct four *f, __m256d values, struct batch_empty *empty,
                                   size_t i)
{
	const unsigned bits = four_bits(f->empty);
	const uint64_t row = empty->row + i;
	uint8_t *validity = empty->validity + (row >> 3);

	validity[0] = (uint8_t)(validity[0] & ~(bits << (row & 7)));
	if ((row & 7) > 4)
		validity[1] = (uint8_t)(validity[1] & ~(bits << (row & 7) >> 8));
	empty->n += (unsigned)__builtin_popcount(bits);
	return _mm256_blendv_pd(values, _mm256_set1_pd(NAN), _mm256_castsi256_pd(f->empty));
}

FOUR_INLINE __m256d four_signs(const struct four *f, __m256d values)
{
	const __m256d sign = _mm256_set1_pd(-0.0);

	return _mm256_or_pd(values, _mm256_and_pd(_mm256_castsi256_pd(f->negative), sign));
}

/* --- what the batch takes ------------------------------------------------------------------------ */

FOUR_INLINE bool four_take_ints(int64_t *out, const char *base, const uint32_t *cut, size_t stride)
{
	struct four f;
	__m256i v;

	if (!four_load(&f, base, cut, stride) || !four_none(f.points) || !four_are_there(&f, false))
		return false;
	v = _mm256_cvtepi32_epi64(four_integers(&f));
	v = _mm256_sub_epi64(_mm256_xor_si256(v, f.negative), f.negative);
	_mm256_storeu_si256((__m256i *)(void *)out, v);
	return true;
}

/* Integers as floats. -0 is left to the caller, which has an opinion about it. */
FOUR_INLINE bool four_take_whole(double *out, const char *base, const uint32_t *cut, size_t stride,
                                 struct batch_empty *empty, size_t i)
{
	struct four f;
	__m256i joined;
	__m256d v;

	if (!four_load(&f, base, cut, stride) || !four_none(f.points) ||
	    !four_are_there(&f, empty->validity != NULL))
		return false;
	joined = four_join(_mm256_and_si256(f.bytes, f.number));
	if (!four_none(
	            _mm256_and_si256(_mm256_cmpeq_epi32(joined, _mm256_setzero_si256()),
	                             _mm256_and_si256(f.negative, _mm256_set1_epi64x(UINT32_MAX)))))
		return false;
	v = four_signs(&f, _mm256_cvtepi32_pd(four_narrow(joined)));
	if (empty->validity)
		v = four_put_empty(&f, v, empty, i);
	_mm256_storeu_pd(out, v);
	return true;
}

/* At most seven decimals, so that one division rounds once, as it should (Clinger 1990). */
FOUR_INLINE bool four_take_floats(double *out, const char *base, const uint32_t *cut, size_t stride,
                                  struct batch_empty *empty, size_t i)
{
	const __m256i ones = _mm256_set1_epi8(1);
	const __m256 powers = _mm256_setr_ps(1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f);
	__m256i point, below, behind, front, up, n_behind;
	__m128i n;
	__m256d v;
	struct four f;

	if (!four_load(&f, base, cut, stride) || !four_are_there(&f, empty->validity != NULL))
		return false;
	point = _mm256_and_si256(f.points, ones);
	below = _mm256_sub_epi64(point, _mm256_set1_epi64x(1)); /* no point: all */
	if (!four_none(_mm256_and_si256(point, below)))
		return false; /* two of them */
	behind = _mm256_andnot_si256(_mm256_or_si256(below, f.points), f.number);
	front = _mm256_and_si256(below, f.number);
	up = _mm256_andnot_si256(four_is_zero(point), _mm256_set1_epi64x(8));
	n = four_narrow(four_join(
	        _mm256_or_si256(_mm256_and_si256(f.bytes, behind),
	                        _mm256_sllv_epi64(_mm256_and_si256(f.bytes, front), up))));
	n_behind = _mm256_sad_epu8(_mm256_and_si256(behind, ones), _mm256_setzero_si256());
	v = _mm256_cvtps_pd(_mm256_castps256_ps128(
	        _mm256_permutevar8x32_ps(powers, _mm256_castsi128_si256(four_narrow(n_behind)))));
	v = four_signs(&f, _mm256_div_pd(_mm256_cvtepi32_pd(n), v));
	if (empty->validity && !four_none(f.empty))
		v = four_put_empty(&f, v, empty, i);
	_mm256_storeu_pd(out, v);
	return true;
}

#endif
