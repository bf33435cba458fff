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
#include "value/long_avx2.h"

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
	const __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010a));
	const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064));
	const __m128i packed = _mm_packus_epi32(fours, fours);
	const __m128i eights = _mm_madd_epi16(packed, _mm_set1_epi32(0x00012710));
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

/*
 * Two short cells side by side, one in each half of a register: half the instructions,
 * and one division for both.
 */
struct two {
	__m256i bytes;       /* minus '0', the last byte of a cell highest in its half */
	uint32_t number;     /* bits: what belongs to the cells, without signs */
	uint32_t not_digits; /* of these */
	uint32_t sizes[2];   /* without signs */
	bool negative[2];
};

INLINE __m256i load_two(const void *low, const void *high)
{
	return _mm256_inserti128_si256(
	        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)low)),
	        _mm_loadu_si128((const __m128i *)high), 1);
}

/* False: one of them is empty, long, or too near the base. */
INLINE bool begin_two(struct two *t, const char *base, const uint32_t *a, const uint32_t *b)
{
	const uint32_t a_size = a[1] - (a[0] + 1), b_size = b[1] - (b[0] + 1);
	const __m256i zero = _mm256_set1_epi8('0');
	__m256i is_digit;

	if (a_size - 1 >= SHORT || b_size - 1 >= SHORT || a[1] <= SHORT)
		return false;
	t->negative[0] = base[a[1] - a_size] == '-';
	t->negative[1] = base[b[1] - b_size] == '-';
	t->sizes[0] = a_size - t->negative[0];
	t->sizes[1] = b_size - t->negative[1];
	t->bytes = _mm256_sub_epi8(load_two(base + a[1] - SHORT, base + b[1] - SHORT), zero);
	is_digit = _mm256_cmpeq_epi8(_mm256_min_epu8(t->bytes, _mm256_set1_epi8(9)), t->bytes);
	t->number = (UINT32_C(0xFFFF) << (SHORT - t->sizes[0]) & UINT32_C(0xFFFF)) |
	            UINT32_C(0xFFFF) << (SHORT - t->sizes[1]) << SHORT;
	t->not_digits = ~(uint32_t)_mm256_movemask_epi8(is_digit) & t->number;
	return t->sizes[0] && t->sizes[1];
}

/* Zero in front of the first `zeros` bytes of each half, then 16 digits to a number each. */
INLINE void join_two(uint64_t out[2], __m256i digits, const uint32_t zeros[2])
{
	const __m256i kept = load_two(ramp + WIDTH - zeros[0], ramp + WIDTH - zeros[1]);
	const __m256i pairs = _mm256_maddubs_epi16(_mm256_and_si256(digits, kept),
	                                           _mm256_set1_epi16(0x010a));
	const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00010064));
	const __m256i packed = _mm256_packus_epi32(fours, fours);
	const __m256i eights = _mm256_madd_epi16(packed, _mm256_set1_epi32(0x00012710));
	const uint64_t a = (uint64_t)_mm_cvtsi128_si64(_mm256_castsi256_si128(eights));
	const uint64_t b = (uint64_t)_mm_cvtsi128_si64(_mm256_extracti128_si256(eights, 1));

	out[0] = (uint32_t)a * UINT64_C(100000000) + (a >> 32);
	out[1] = (uint32_t)b * UINT64_C(100000000) + (b >> 32);
}

INLINE bool take_two_ints(int64_t *out, const char *base, const uint32_t *a, const uint32_t *b)
{
	uint32_t zeros[2];
	uint64_t values[2];
	struct two t;

	if (!begin_two(&t, base, a, b) || t.not_digits)
		return false;
	zeros[0] = SHORT - t.sizes[0];
	zeros[1] = SHORT - t.sizes[1];
	join_two(values, t.bytes, zeros);
	out[0] = (int64_t)((values[0] ^ (0 - (uint64_t)t.negative[0])) + t.negative[0]);
	out[1] = (int64_t)((values[1] ^ (0 - (uint64_t)t.negative[1])) + t.negative[1]);
	return true;
}

/* Both with a point, as prices are: at most 15 digits, so that the division is exact. */
INLINE bool take_two_floats(double *out, const char *base, const uint32_t *a, const uint32_t *b)
{
	uint32_t points, low, high, zeros[2];
	__m256i shifted, behind;
	uint64_t values[2];
	__m128d v, powers, signs;
	struct two t;

	if (!begin_two(&t, base, a, b))
		return false;
	points = (uint32_t)_mm256_movemask_epi8(
	        _mm256_cmpeq_epi8(t.bytes, _mm256_set1_epi8('.' - '0')));
	low = t.not_digits & UINT32_C(0xFFFF);
	high = t.not_digits >> SHORT;
	if (low == 0 || high == 0 || (low & (low - 1)) || (high & (high - 1)) ||
	    (t.not_digits & ~points) || t.sizes[0] == 1 || t.sizes[1] == 1)
		return false;
	low = (uint32_t)__builtin_ctz(low);
	high = (uint32_t)__builtin_ctz(high);
	shifted = _mm256_sub_epi8(load_two(base + a[1] - SHORT - 1, base + b[1] - SHORT - 1),
	                          _mm256_set1_epi8('0'));
	behind = load_two(ramp + WIDTH - (low + 1), ramp + WIDTH - (high + 1));
	zeros[0] = SHORT + 1 - t.sizes[0];
	zeros[1] = SHORT + 1 - t.sizes[1];
	join_two(values, _mm256_blendv_epi8(shifted, t.bytes, behind), zeros);
	v = _mm_cvtsi64_sd(_mm_setzero_pd(), (int64_t)values[0]);
	v = _mm_unpacklo_pd(v, _mm_cvtsi64_sd(_mm_setzero_pd(), (int64_t)values[1]));
	powers = _mm_loadh_pd(_mm_load_sd(&real_powers[SHORT - 1 - low]),
	                      &real_powers[SHORT - 1 - high]);
	signs = _mm_castsi128_pd(_mm_set_epi64x((int64_t)((uint64_t)t.negative[1] << 63),
	                                        (int64_t)((uint64_t)t.negative[0] << 63)));
	_mm_storeu_pd(out, _mm_or_pd(_mm_div_pd(v, powers), signs));
	return true;
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

/* Longer than four_* take, and what comes with it: until a short cell is met again. */
APART size_t take_other_ints(int64_t *out, const struct cell_run *run, size_t i, size_t n)
{
	const size_t stride = run->stride, group = i + 4;
	const uint32_t *cut = run->cuts + i * stride;

	while (i < n && (i < group || cut[1] - (cut[0] + 1) > FOUR_SIZE)) {
		if (i + 1 < n && take_two_ints(out + i, run->base, cut, cut + stride)) {
			i += 2;
			cut += 2 * stride;
		} else if (take_int(out + i, run->base, cut)) {
			i++;
			cut += stride;
		} else {
			break;
		}
	}
	return i;
}

static size_t take_ints(int64_t *out, const struct cell_run *run, size_t n)
{
	size_t i = 0, before;

	do {
		before = i;
		i = four_ints(out, run, i, n);
		if (i < n)
			i = take_other_ints(out, run, i, n);
	} while (i < n && i != before);
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

/* Some cells of any size, as long as none is for the loops of one size. */
APART size_t take_other_floats(double *out, const struct cell_run *run, size_t i, size_t n,
                               struct batch_empty *empty)
{
	const size_t stride = run->stride, group = i + 4;
	const uint32_t *cut = run->cuts + i * stride;

	while (i < n && (i < group || cut[1] - (cut[0] + 1) > FOUR_SIZE) &&
	       cut[1] - (cut[0] + 1) <= SHORT) {
		if (i + 1 < n && take_two_floats(out + i, run->base, cut, cut + stride)) {
			i += 2;
			cut += 2 * stride;
		} else if (take_one_float(out + i, run->base, cut) ||
		           batch_take_no_number(out + i, cell_run_at(run, i), empty, i)) {
			i++;
			cut += stride;
		} else {
			break;
		}
	}
	return i;
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
