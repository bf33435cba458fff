#include "value/batch_kernel.h"
#include "value/real.h"
#include "value/value.h"

/*
 * Up to 31 bytes to an integer without a loop.
 *
 * The 32 bytes that end where the cell ends hold the number flush right. A second load,
 * one byte earlier, has the same number shifted by one place: bytes in front of the
 * point come from it, bytes behind from the first, and so the point is gone. What lies
 * in front of the number becomes zero. Then neighbours are joined, digits to pairs,
 * pairs to fours, fours to eights. 20 digits fit 64 bits when the number before the last
 * 16 is at most 1843.
 *
 * Cells whose 33 bytes would begin before the base, and those that are not only digits,
 * sign and point, are left to value_int and value_float.
 */

#if defined(__x86_64__)

#include <immintrin.h>
#include "value/four_avx2.h"
#include "value/join_digits.h"
#include "value/long_avx2.h"
#include "value/mid_avx2.h"

/* Apart, so that each loop has the registers for itself. */
#define APART static __attribute__((noinline))
#define INLINE static inline __attribute__((always_inline)) /* a call costs as much as the work */
#define WIDTH 32

struct plain {
	uint64_t mantissa;
	int32_t n_decimals;
	bool negative;
};

static inline __m256i load(const void *p)
{
	return _mm256_loadu_si256(p);
}

/* As long_join(), in half the width: 16 digits. */
static inline uint64_t join_short(__m128i digits)
{
	const __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(JOIN_DIGITS));
	const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(JOIN_PAIRS));
	const __m128i packed = _mm_packus_epi32(fours, fours);
	const __m128i eights = _mm_madd_epi16(packed, _mm_set1_epi32(JOIN_FOURS));
	const uint64_t both = (uint64_t)_mm_cvtsi128_si64(eights);

	return (uint32_t)both * UINT64_C(100000000) + (both >> 32);
}

#define SHORT 16

INLINE bool take_short(struct plain *out, const char *start, const char *end)
{
	const __m128i zero = _mm_set1_epi8('0');
	const __m128i places = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	const bool negative = *start == '-';
	const uint32_t size = (uint32_t)(end - start) - negative;
	__m128i bytes, shifted, is_digit, before_point, is_number;
	int32_t point = -1, first = SHORT - (int32_t)size;
	uint32_t others;

	out->negative = negative;
	out->n_decimals = 0;
	if (size == 0)
		return false;
	bytes = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)(end - SHORT)), zero);
	is_digit = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(9)), bytes);
	others = ~(uint32_t)_mm_movemask_epi8(is_digit) & UINT32_C(0xFFFF) &
	         UINT32_C(0xFFFF) << (SHORT - size);
	if (others) {
		point = __builtin_ctz(others);
		out->n_decimals = SHORT - 1 - point;
		if ((others & (others - 1)) || end[point - SHORT] != '.' || size == 1)
			return false;
		shifted = _mm_sub_epi8(
		        _mm_loadu_si128((const __m128i *)(const void *)(end - SHORT - 1)), zero);
		before_point = _mm_cmpgt_epi8(_mm_set1_epi8((char)(point + 1)), places);
		bytes = _mm_blendv_epi8(bytes, shifted, before_point);
		first++;
	}
	is_number = _mm_cmpgt_epi8(places, _mm_set1_epi8((char)(first - 1)));
	out->mantissa = join_short(_mm_and_si128(bytes, is_number));
	return true;
}

/* Digits with a sign and a point, if any. False: not that, or not here. */
INLINE bool take(struct plain *out, const char *base, const char *start, const char *end)
{
	const __m256i zero = _mm256_set1_epi8('0');
	uint32_t size = (uint32_t)(end - start);
	__m256i bytes, shifted, is_digit;
	uint32_t others, n_front = 0, n_empty;
	struct long_constants c;

	if (end - start > WIDTH - 1 || start >= end || end - base < WIDTH + 1)
		return false;
	if (end - start <= SHORT)
		return take_short(out, start, end);
	out->negative = *start == '-';
	size -= out->negative;
	if (size == 0)
		return false;
	bytes = _mm256_sub_epi8(load(end - WIDTH), zero);
	shifted = _mm256_sub_epi8(load(end - WIDTH - 1), zero);
	is_digit = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(9)), bytes);
	others = ~(uint32_t)_mm256_movemask_epi8(is_digit) & ~UINT32_C(0) << (WIDTH - size);
	n_empty = WIDTH - size;
	out->n_decimals = 0;
	if (others) {
		n_front = (uint32_t)__builtin_ctz(others) + 1;
		out->n_decimals = (int32_t)(WIDTH - n_front);
		if ((others & (others - 1)) || end[-out->n_decimals - 1] != '.' || size == 1)
			return false;
		n_empty++;
	}
	bytes = _mm256_blendv_epi8(shifted, bytes, load(ramp + WIDTH - n_front));
	c = long_constants();
	return long_join(&out->mantissa, &c, _mm256_and_si256(bytes, load(ramp + WIDTH - n_empty)));
}

static bool take_int(int64_t *out, const char *base, const uint32_t *cut)
{
	struct plain p;

	if (!take(&p, base, base + (uint32_t)(cut[0] + 1), base + cut[1]) || p.n_decimals ||
	    p.mantissa > (uint64_t)INT64_MAX || base[cut[1] - 1] == '.')
		return value_int(out, cell_run_at(&(struct cell_run){ base, cut, 0 }, 0)) ==
		       INT_SIGNED;
	*out = (int64_t)((p.mantissa ^ (0 - (uint64_t)p.negative)) + p.negative);
	return true;
}

/*
 * Cells for mid_*: at least a group of four, of which one was not for four_*; then as long as they are
 * too long for those. Calls nothing, as all loops here.
 */
APART size_t take_mid_ints(int64_t *out, const struct cell_run *run, size_t i, size_t n)
{
	const size_t stride = run->stride, group = i + 4;
	const struct mid_constants c = mid_constants();
	const uint32_t *cut = run->cuts + i * stride;

	for (; i < n && (i < group || cut[1] - (cut[0] + 1) > FOUR_SIZE); i++, cut += stride) {
		if (!mid_take_int(out + i, &c, run->base, cut))
			break;
	}
	return i;
}

static size_t take_ints(int64_t *out, const struct cell_run *run, size_t n)
{
	const size_t stride = run->stride;
	size_t i = 0, before;

	while (i < n) {
		const uint32_t *cut;

		before = i;
		i = four_ints(out, run, i, n);
		i = take_mid_ints(out, run, i, n);
		/* Those that are longer still; and what none of the loops took, to see if it ends the run. */
		for (cut = run->cuts + i * stride;
		     i < n && (i == before || cut[1] - (cut[0] + 1) > MID_SIZE);
		     i++, cut += stride) {
			if (!take_int(out + i, run->base, cut))
				return i;
		}
	}
	return i;
}

INLINE bool take_float(double *out, const char *base, const uint32_t *cut)
{
	struct plain p;
	uint64_t bits;
	double v;

	if (!take(&p, base, base + (uint32_t)(cut[0] + 1), base + cut[1]))
		return value_float(out, cell_run_at(&(struct cell_run){ base, cut, 0 }, 0));
	v = decimal_nearest_inline(p.mantissa, -p.n_decimals);
	memcpy(&bits, &v, sizeof(bits));
	bits |= (uint64_t)p.negative << 63; /* signs come at random: no branch on them */
	memcpy(out, &bits, sizeof(bits));
	return true;
}

APART bool take_one_float(double *out, const char *base, const uint32_t *cut)
{
	return take_float(out, base, cut);
}

APART size_t take_mid_run(double *out, const struct cell_run *run, size_t i, size_t n, size_t group)
{
	const size_t stride = run->stride;
	const struct mid_constants c = mid_constants();
	const uint32_t *cut = run->cuts + i * stride;

	for (; i < n && (i < group || cut[1] - (cut[0] + 1) > FOUR_SIZE); i++, cut += stride) {
		if (!mid_take_float(out + i, &c, run->base, cut))
			break;
	}
	return i;
}

/* Some cells of any size, as long as none is for the loops of one size. */
APART size_t take_other_floats(double *out, const struct cell_run *run, size_t i, size_t n,
                               struct batch_empty *empty)
{
	const size_t stride = run->stride, group = i + 4;
	const uint32_t *cut;

	for (;; i++) {
		i = take_mid_run(out, run, i, n, group);
		cut = run->cuts + i * stride;
		if (i >= n || (i >= group && cut[1] - (cut[0] + 1) <= FOUR_SIZE) ||
		    cut[1] - (cut[0] + 1) > SHORT)
			return i;
		if (!take_one_float(out + i, run->base, cut) &&
		    !batch_take_no_number(out + i, cell_run_at(run, i), empty, i))
			return i;
	}
}

/* Calls nothing: what the loop needs again and again stays in registers. */
APART size_t take_long_run(double *out, const struct cell_run *run, size_t i, size_t n)
{
	const size_t stride = run->stride;
	const struct long_constants c = long_constants();
	const uint32_t *cut = run->cuts + i * stride;

	while (i < n && long_take_float(out + i, &c, run->base, cut)) {
		i++;
		cut += stride;
	}
	return i;
}

/* Cells that are long, and those that are not there. */
APART size_t take_long_floats(double *out, const struct cell_run *run, size_t i, size_t n,
                              struct batch_empty *empty)
{
	const size_t stride = run->stride;
	const uint32_t *cut;

	for (;; i++) {
		i = take_long_run(out, run, i, n);
		cut = run->cuts + i * stride;
		if (i == n || cut[1] - (cut[0] + 1) <= SHORT)
			return i;
		if (!take_float(out + i, run->base, cut) &&
		    !batch_take_no_number(out + i, cell_run_at(run, i), empty, i))
			return i;
	}
}

static size_t take_floats(double *out, const struct cell_run *run, size_t n,
                          struct batch_empty *empty)
{
	size_t i = 0, before;

	do {
		before = i;
		i = four_floats(out, run, i, n, empty);
		i = take_other_floats(out, run, i, n, empty);
		i = take_long_floats(out, run, i, n, empty);
	} while (i < n && i != before);
	return i;
}

static size_t take_whole(double *out, const struct cell_run *run, size_t n,
                         struct batch_empty *empty)
{
	size_t i = 0, group;

	while (i < n) {
		i = four_whole(out, run, i, n, empty);
		for (group = i + 4 < n ? i + 4 : n; i < group; i++) {
			struct span cell = cell_run_at(run, i);

			if (!batch_take_whole(out + i, cell) &&
			    !batch_take_no_number(out + i, cell, empty, i))
				return i;
		}
	}
	return i;
}

const struct batch_kernel batch_kernel_avx2 = { "avx2", take_ints, take_floats, take_whole,
	                                        batch_dates_avx2 };

#else
typedef int batch_avx2_is_for_x86;
#endif
