#include "value/batch_kernel.h"

/*
 * Short cells by eights (value/eight_avx512.h). All others are left to the kernel for AVX2: a long
 * float fits a register of 32 bytes, and of a date most work is done outside vectors.
 */
#if defined(__x86_64__)

#include "value/eight_avx512.h"

/*
 * So many cells are taken by the other kernel before short ones are tried again: few enough where
 * one cell in a hundred is long, and enough where all are.
 */
#define OTHERS 64u

static size_t others_end(size_t i, size_t n)
{
	return n - i < OTHERS ? n : i + OTHERS;
}

static struct cell_run rest_of(const struct cell_run *run, size_t i)
{
	return (struct cell_run){ run->base, run->cuts + i * run->stride, run->stride };
}

/* As four_ints() and its kind: from i on, as long as they are for here. */
static size_t eight_ints(int64_t *out, const struct cell_run *run, size_t i, size_t n)
{
	const size_t stride = run->stride;

	for (; i + 8 <= n; i += 8) {
		if (!eight_take_ints(out + i, run->base, run->cuts + i * stride, stride))
			return i;
	}
	if (i == n || n < 8 ||
	    !eight_take_ints(out + n - 8, run->base, run->cuts + (n - 8) * stride, stride))
		return i;
	return n;
}

static size_t take_ints(int64_t *out, const struct cell_run *run, size_t n)
{
	size_t i = 0, end, taken;

	while ((i = eight_ints(out, run, i, n)) < n) {
		const struct cell_run rest = rest_of(run, i);

		end = others_end(i, n);
		taken = batch_kernel_avx2.take_ints(out + i, &rest, end - i);
		i += taken;
		if (i < end)
			break;
	}
	return i;
}

typedef bool take_eight_fn(double *out, const char *base, const uint32_t *cut, size_t stride,
                           struct batch_empty *empty, size_t i, unsigned n_again);
typedef size_t take_fn(double *out, const struct cell_run *run, size_t n,
                       struct batch_empty *empty);

/* The loop of floats, and of integers as floats. */
EIGHT_INLINE size_t take_doubles(double *out, const struct cell_run *run, size_t n,
                                 struct batch_empty *empty, take_eight_fn *take_eight,
                                 take_fn *take_others)
{
	const size_t stride = run->stride;
	size_t i = 0, end;

	for (;;) {
		struct batch_empty rest_empty = *empty;
		struct cell_run rest;

		while (i + 8 <= n &&
		       take_eight(out + i, run->base, run->cuts + i * stride, stride, empty, i, 0))
			i += 8;
		if (i < n && n >= 8 && i + 8 > n &&
		    take_eight(out + n - 8, run->base, run->cuts + (n - 8) * stride, stride, empty,
		               n - 8, (unsigned)(i + 8 - n)))
			i = n;
		if (i == n)
			return n;
		end = others_end(i, n);
		rest = rest_of(run, i);
		rest_empty.row = empty->row + i;
		rest_empty.n = 0;
		i += take_others(out + i, &rest, end - i, &rest_empty);
		empty->n += rest_empty.n;
		if (i < end)
			return i;
	}
}

static size_t take_floats(double *out, const struct cell_run *run, size_t n,
                          struct batch_empty *empty)
{
	return take_doubles(out, run, n, empty, eight_take_floats, batch_kernel_avx2.take_floats);
}

static size_t take_whole(double *out, const struct cell_run *run, size_t n,
                         struct batch_empty *empty)
{
	return take_doubles(out, run, n, empty, eight_take_whole, batch_kernel_avx2.take_whole);
}

const struct batch_kernel batch_kernel_avx512 = { "avx512", take_ints, take_floats, take_whole,
	                                          batch_dates_avx2 };

#else
typedef int batch_avx512_is_for_x86;
#endif
