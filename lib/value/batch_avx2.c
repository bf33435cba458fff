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

#if defined(__AVX2__)

#include <immintrin.h>

#define WIDTH 32
#define HIGH_MAX 1843 /* 1843 * 10^16 + 10^16 - 1 is below 2^64 */

struct plain {
	uint64_t mantissa;
	int32_t n_decimals;
	bool negative;
};

static inline __m256i load(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* 32 digits, the last one in the highest byte; false when they exceed 64 bits. */
static inline bool join(uint64_t *out, __m256i digits)
{
	const __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010a));
	const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00010064));
	const __m256i packed = _mm256_packus_epi32(fours, fours);
	const __m256i eights = _mm256_madd_epi16(packed, _mm256_set1_epi32(0x00012710));
	const uint64_t high = (uint64_t)_mm_cvtsi128_si64(_mm256_castsi256_si128(eights));
	const uint64_t low = (uint64_t)_mm_cvtsi128_si64(_mm256_extracti128_si256(eights, 1));
	const uint64_t top = (uint32_t)high * UINT64_C(100000000) + (high >> 32);

	*out = top * UINT64_C(10000000000000000) + (uint32_t)low * UINT64_C(100000000) +
	       (low >> 32);
	return top <= HIGH_MAX;
}

/* Digits with a sign and a point, if any. False: not that, or not here. */
static inline bool take(struct plain *out, const char *base, const char *start, const char *end)
{
	const __m256i zero = _mm256_set1_epi8('0');
	const __m256i places = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	                                        15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
	                                        28, 29, 30, 31);
	uint32_t size = (uint32_t)(end - start);
	__m256i bytes, shifted, is_digit, before_point, is_number;
	uint32_t others;
	int32_t point, first;

	if (end - start > WIDTH - 1 || start >= end || end - base < WIDTH + 1)
		return false;
	out->negative = *start == '-';
	size -= out->negative;
	if (size == 0)
		return false;
	bytes = _mm256_sub_epi8(load(end - WIDTH), zero);
	shifted = _mm256_sub_epi8(load(end - WIDTH - 1), zero);
	is_digit = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(9)), bytes);
	others = ~(uint32_t)_mm256_movemask_epi8(is_digit) & ~UINT32_C(0) << (WIDTH - size);
	first = (int32_t)(WIDTH - size);
	point = -1;
	out->n_decimals = 0;
	if (others) {
		point = __builtin_ctz(others);
		out->n_decimals = WIDTH - 1 - point;
		if ((others & (others - 1)) || end[point - WIDTH] != '.' || size == 1)
			return false;
		first++;
	}
	before_point = _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(point + 1)), places);
	is_number = _mm256_cmpgt_epi8(places, _mm256_set1_epi8((char)(first - 1)));
	bytes = _mm256_blendv_epi8(bytes, shifted, before_point);
	return join(&out->mantissa, _mm256_and_si256(bytes, is_number));
}

static size_t take_ints(int64_t *out, const struct cell_run *run, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const uint32_t *cut = run->cuts + i * run->stride;
		struct plain p;

		if (!take(&p, run->base, run->base + (uint32_t)(cut[0] + 1), run->base + cut[1]) ||
		    p.n_decimals || p.mantissa > (uint64_t)INT64_MAX ||
		    run->base[cut[1] - 1] == '.') {
			if (value_int(&out[i], cell_run_at(run, i)) != INT_SIGNED)
				return i;
			continue;
		}
		out[i] = (int64_t)((p.mantissa ^ (0 - (uint64_t)p.negative)) + p.negative);
	}
	return n;
}

static size_t take_floats(double *out, const struct cell_run *run, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const uint32_t *cut = run->cuts + i * run->stride;
		struct plain p;
		uint64_t bits;
		double v;

		if (!take(&p, run->base, run->base + (uint32_t)(cut[0] + 1), run->base + cut[1])) {
			if (!value_float(&out[i], cell_run_at(run, i)))
				return i;
			continue;
		}
		v = real_from(p.mantissa, -p.n_decimals);
		memcpy(&bits, &v, sizeof(bits));
		bits |= (uint64_t)p.negative << 63; /* signs come at random: no branch on them */
		memcpy(&out[i], &bits, sizeof(bits));
	}
	return n;
}

const struct batch_kernel batch_kernel_avx2 = { take_ints, take_floats };

#else

const struct batch_kernel batch_kernel_avx2 = { NULL, NULL };

#endif
