/*
 * Four cells of at most eight bytes at once. Internal to batch_avx2.c, which is compiled
 * for AVX2.
 *
 * Each cell has a lane of 64 bits. The eight bytes that end where the cell ends hold it
 * flush right (its last byte is the lane's highest); what lies before it is masked
 * out. A point is taken out by moving the bytes before it up by one. Then digits are
 * joined to pairs, pairs to fours, fours to the number, in all lanes with the same few
 * instructions. What is wrong with any cell is collected, and one branch asks for all of it.
 */
#ifndef SHMPUB_VALUE_FOUR_AVX2_H
#define SHMPUB_VALUE_FOUR_AVX2_H

#include <immintrin.h>
#include "value/batch_kernel.h"
#include "value/join_digits.h"
#include "value/keep_avx2.h"

#define FOUR_INLINE                                                                                \
	static inline __attribute__((always_inline)) /* a call costs as much as the work */
#define FOUR_SIZE 8u

/* What a loop over cells needs in registers (value/keep_avx2.h). */
struct four_constants {
	__m256i minus, point, zero, nine;
};

FOUR_INLINE struct four_constants four_constants(void)
{
	struct four_constants c = {
		.minus = _mm256_set1_epi8('-'),
		.point = _mm256_set1_epi8('.'),
		.zero = _mm256_set1_epi8('0'),
		.nine = _mm256_set1_epi8(9),
	};

	KEEP_IN_REGISTER(c.minus);
	KEEP_IN_REGISTER(c.point);
	KEEP_IN_REGISTER(c.zero);
	KEEP_IN_REGISTER(c.nine);
	return c;
}

struct four {
	__m256i text;   /* as it is, with what stands before the cells */
	__m256i number; /* bytes of the cell after its sign */
	__m256i empty;  /* lanes whose cell is empty */
	__m256i plus;   /* lanes whose cell does not begin with a minus */
	__m256i wrong;  /* not 0: some cell is not for here */
};

/* Four times eight bytes; the first of them in the lowest lane. */
FOUR_INLINE __m256i four_gather(const void *a, const void *b, const void *c, const void *d)
{
	const __m128d low = _mm_loadh_pd(_mm_castsi128_pd(_mm_loadl_epi64(a)), b);
	const __m128d high = _mm_loadh_pd(_mm_castsi128_pd(_mm_loadl_epi64(c)), d);

	return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_castpd_si128(low)),
	                               _mm_castpd_si128(high), 1);
}

FOUR_INLINE bool four_none(__m256i bits)
{
	return _mm256_testz_si256(bits, bits);
}

FOUR_INLINE __m256i four_is_zero(__m256i lanes)
{
	return _mm256_cmpeq_epi64(lanes, _mm256_setzero_si256());
}

/*
 * The four cells after cut, cut + stride, ... Cells that are longer or not there (their size is
 * negative, and so a large one) are wrong. False: there are no eight bytes before the end of the
 * first cell.
 */
FOUR_INLINE bool four_load(struct four *f, const struct four_constants *k, const char *base,
                           const uint32_t *cut, size_t stride)
{
	const uint32_t *b = cut + stride, *c = b + stride, *d = c + stride;
	const __m256i cuts = four_gather(cut, b, c, d);
	const __m256i apart = _mm256_sub_epi32(cuts, _mm256_slli_epi64(cuts, 32));
	const __m256i size = _mm256_srli_epi64(
	        _mm256_sub_epi32(apart, _mm256_set1_epi64x(INT64_C(1) << 32)), 32);
	const __m256i cell = _mm256_sllv_epi64(
	        _mm256_set1_epi64x(-1),
	        _mm256_sub_epi64(_mm256_set1_epi64x(64), _mm256_slli_epi64(size, 3)));
	const __m256i first = _mm256_andnot_si256(_mm256_slli_epi64(cell, 8), cell);
	__m256i minus;

	if (cut[1] < FOUR_SIZE)
		return false;
	f->text = four_gather(base + cut[1] - FOUR_SIZE, base + b[1] - FOUR_SIZE,
	                      base + c[1] - FOUR_SIZE, base + d[1] - FOUR_SIZE);
	minus = _mm256_and_si256(_mm256_cmpeq_epi8(f->text, k->minus), first);
	f->plus = four_is_zero(minus);
	f->number = _mm256_andnot_si256(minus, cell);
	f->empty = four_is_zero(size);
	f->wrong = _mm256_cmpgt_epi64(size, _mm256_set1_epi64x(FOUR_SIZE));
	return true;
}

/* Bytes that should be digits by now, and are not, are wrong. */
FOUR_INLINE void four_check_digits(struct four *f, const struct four_constants *k, __m256i digits)
{
	f->wrong = _mm256_or_si256(f->wrong, _mm256_subs_epu8(digits, k->nine));
}

/* Lanes without a byte of `bytes`, which holds digits, are wrong unless they are empty and may be. */
FOUR_INLINE void four_check_there(struct four *f, __m256i bytes, bool may_be_empty)
{
	__m256i none = four_is_zero(bytes);

	if (may_be_empty)
		none = _mm256_andnot_si256(f->empty, none);
	f->wrong = _mm256_or_si256(f->wrong, none);
}

/* Eight digits a lane, zeros where there are none, to the number. */
FOUR_INLINE __m256i four_join(__m256i digits)
{
	const __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(JOIN_DIGITS));
	const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(JOIN_PAIRS));
	const __m256i high = _mm256_mul_epu32(fours, _mm256_set1_epi64x(10000));

	return _mm256_add_epi64(high, _mm256_srli_epi64(fours, 32));
}

/* Numbers below 2^52 as doubles: they become the lower bits of 2^52, which is subtracted. */
FOUR_INLINE __m256d four_doubles(__m256i numbers)
{
	const __m256d two_52 = _mm256_set1_pd(0x1p52);
	const __m256i bits = _mm256_or_si256(numbers, _mm256_castpd_si256(two_52));

	return _mm256_sub_pd(_mm256_castsi256_pd(bits), two_52);
}

/* 10^n in each lane, n at most 7. Of these powers, the lower half of the bits is zero. */
FOUR_INLINE __m256d four_powers(__m256i n)
{
	const __m256i upper_halves = _mm256_setr_epi32(0x3ff00000, 0x40240000, 0x40590000,
	                                               0x408f4000, 0x40c38800, 0x40f86a00,
	                                               0x412e8480, 0x416312d0);

	return _mm256_castsi256_pd(
	        _mm256_slli_epi64(_mm256_permutevar8x32_epi32(upper_halves, n), 32));
}

/* One bit a lane. */
FOUR_INLINE unsigned four_bits(__m256i lanes)
{
	return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(lanes));
}

/*
 * What the batch makes of empty cells: no value, and no bit of validity. No branch on
 * which they are: where there are some, they come at random. The first `n_again` of the four were
 * taken before, and are not counted again.
 */
FOUR_INLINE __m256d four_put_empty(const struct four *f, __m256d values, struct batch_empty *empty,
                                   size_t i, unsigned n_again)
{
	const unsigned bits = four_bits(f->empty);
	const uint64_t row = empty->row + i;
	uint8_t *validity = empty->validity + (row >> 3);

	validity[0] = (uint8_t)(validity[0] & ~(bits << (row & 7)));
	if ((row & 7) > 4)
		validity[1] = (uint8_t)(validity[1] & ~(bits << (row & 7) >> 8));
	empty->n += (unsigned)__builtin_popcount(bits >> n_again);
	return _mm256_blendv_pd(values, _mm256_set1_pd(NAN), _mm256_castsi256_pd(f->empty));
}

FOUR_INLINE __m256d four_signs(const struct four *f, __m256d values)
{
	const __m256d sign = _mm256_set1_pd(-0.0);

	return _mm256_or_pd(values, _mm256_andnot_pd(_mm256_castsi256_pd(f->plus), sign));
}

/* --- what the batch takes ------------------------------------------------------------------------ */

FOUR_INLINE bool four_take_ints(int64_t *out, const struct four_constants *k, const char *base,
                                const uint32_t *cut, size_t stride)
{
	__m256i digits, v, sign;
	struct four f;

	if (!four_load(&f, k, base, cut, stride))
		return false;
	digits = _mm256_and_si256(_mm256_sub_epi8(f.text, k->zero), f.number);
	four_check_digits(&f, k, digits);
	four_check_there(&f, f.number, false);
	if (!four_none(f.wrong))
		return false;
	v = four_join(digits);
	sign = _mm256_xor_si256(f.plus, _mm256_set1_epi64x(-1));
	v = _mm256_sub_epi64(_mm256_xor_si256(v, sign), sign);
	_mm256_storeu_si256((__m256i *)(void *)out, v);
	return true;
}

/* Integers as floats. -0 is left to the caller, which has an opinion about it. */
FOUR_INLINE bool four_take_whole(double *out, const struct four_constants *k, const char *base,
                                 const uint32_t *cut, size_t stride, struct batch_empty *empty,
                                 size_t i, unsigned n_again)
{
	__m256i digits;
	struct four f;
	__m256d v;

	if (!four_load(&f, k, base, cut, stride))
		return false;
	digits = _mm256_and_si256(_mm256_sub_epi8(f.text, k->zero), f.number);
	four_check_digits(&f, k, digits);
	four_check_there(&f, f.number, empty->validity != NULL);
	f.wrong = _mm256_or_si256(f.wrong, _mm256_andnot_si256(f.plus, four_is_zero(digits)));
	if (!four_none(f.wrong))
		return false;
	v = four_signs(&f, four_doubles(four_join(digits)));
	if (empty->validity)
		v = four_put_empty(&f, v, empty, i, n_again);
	_mm256_storeu_pd(out, v);
	return true;
}

/* The digits without the point, and how many are after it; what is wrong is noted in f. */
FOUR_INLINE __m256i four_without_point(__m256i *n_behind, struct four *f,
                                       const struct four_constants *k, bool may_be_empty)
{
	const __m256i ones = _mm256_set1_epi8(1);
	const __m256i points = _mm256_and_si256(_mm256_cmpeq_epi8(f->text, k->point), f->number);
	const __m256i there = _mm256_andnot_si256(points, f->number);
	const __m256i bytes = _mm256_and_si256(_mm256_sub_epi8(f->text, k->zero), there);
	/* The lowest bit of the point, and all bits below; none and all, where there is no point. */
	const __m256i point = _mm256_and_si256(points, ones);
	const __m256i below = _mm256_sub_epi64(point, _mm256_set1_epi64x(1));
	const __m256i behind = _mm256_andnot_si256(below, there);
	const __m256i up = _mm256_andnot_si256(four_is_zero(point), _mm256_set1_epi64x(8));
	const __m256i front = _mm256_sllv_epi64(_mm256_and_si256(bytes, below), up);

	four_check_digits(f, k, bytes);
	four_check_there(f, there, may_be_empty);
	f->wrong = _mm256_or_si256(f->wrong, _mm256_and_si256(point, below)); /* two points */
	*n_behind = _mm256_sad_epu8(_mm256_and_si256(behind, ones), _mm256_setzero_si256());
	return _mm256_or_si256(_mm256_and_si256(bytes, behind), front);
}

/* At most seven decimals, so that one division rounds once, as it should (Clinger 1990). */
FOUR_INLINE bool four_take_floats(double *out, const struct four_constants *k, const char *base,
                                  const uint32_t *cut, size_t stride, struct batch_empty *empty,
                                  size_t i, unsigned n_again)
{
	__m256i digits, n_behind;
	__m256d v;
	struct four f;

	if (!four_load(&f, k, base, cut, stride))
		return false;
	digits = four_without_point(&n_behind, &f, k, empty->validity != NULL);
	if (!four_none(f.wrong))
		return false;
	v = _mm256_div_pd(four_doubles(four_join(digits)), four_powers(n_behind));
	v = four_signs(&f, v);
	if (empty->validity && !four_none(f.empty))
		v = four_put_empty(&f, v, empty, i, n_again);
	_mm256_storeu_pd(out, v);
	return true;
}

/* --- loops --------------------------------------------------------------------------------------- */

/*
 * Cells from i on, by fours, as long as they are for here; the answer is the first that was not
 * taken. One to three cells that are left at the end are taken together with those before them.
 */
static size_t four_ints(int64_t *out, const struct cell_run *run, size_t i, size_t n)
{
	const size_t stride = run->stride;
	const struct four_constants k = four_constants();

	for (; i + 4 <= n; i += 4) {
		if (!four_take_ints(out + i, &k, run->base, run->cuts + i * stride, stride))
			return i;
	}
	if (i == n || n < 4 ||
	    !four_take_ints(out + n - 4, &k, run->base, run->cuts + (n - 4) * stride, stride))
		return i;
	return n;
}

static size_t four_floats(double *out, const struct cell_run *run, size_t i, size_t n,
                          struct batch_empty *empty)
{
	const size_t stride = run->stride;
	const struct four_constants k = four_constants();

	for (; i + 4 <= n; i += 4) {
		if (!four_take_floats(out + i, &k, run->base, run->cuts + i * stride, stride, empty,
		                      i, 0))
			return i;
	}
	if (i == n || n < 4 ||
	    !four_take_floats(out + n - 4, &k, run->base, run->cuts + (n - 4) * stride, stride,
	                      empty, n - 4, (unsigned)(i + 4 - n)))
		return i;
	return n;
}

static size_t four_whole(double *out, const struct cell_run *run, size_t i, size_t n,
                         struct batch_empty *empty)
{
	const size_t stride = run->stride;
	const struct four_constants k = four_constants();

	for (; i + 4 <= n; i += 4) {
		if (!four_take_whole(out + i, &k, run->base, run->cuts + i * stride, stride, empty,
		                     i, 0))
			return i;
	}
	if (i == n || n < 4 ||
	    !four_take_whole(out + n - 4, &k, run->base, run->cuts + (n - 4) * stride, stride,
	                     empty, n - 4, (unsigned)(i + 4 - n)))
		return i;
	return n;
}

#endif
