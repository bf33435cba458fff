#include "base/cpu.h"
#include "value/batch_kernel.h"
#include "value/date_layout.h"
#include "value/value.h"

/*
 * Cells of one column, one after the other, in the way that suits the processor.
 *
 * All kernels give the same answers; the plain one is the reference and what runs where
 * there is no other.
 */

static size_t take_ints(int64_t *out, const struct cell_run *run, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (value_int(&out[i], cell_run_at(run, i)) != INT_SIGNED)
			return i;
	}
	return n;
}

static size_t take_floats(double *out, const struct cell_run *run, size_t n,
                          struct batch_empty *empty)
{
	for (size_t i = 0; i < n; i++) {
		struct span cell = cell_run_at(run, i);

		if (!value_float(&out[i], cell) && !batch_take_no_number(&out[i], cell, empty, i))
			return i;
	}
	return n;
}

static size_t take_whole(double *out, const struct cell_run *run, size_t n,
                         struct batch_empty *empty)
{
	for (size_t i = 0; i < n; i++) {
		struct span cell = cell_run_at(run, i);

		if (!batch_take_whole(&out[i], cell) &&
		    !batch_take_no_number(&out[i], cell, empty, i))
			return i;
	}
	return n;
}

static size_t take_dates(int64_t *out, struct date_cache *cache, const struct batch_dates *dates,
                         const struct cell_run *run, size_t n, struct batch_empty *empty)
{
	const int decimals = dates->unit == SHMPUB_NANOSECOND ? 9 : 6;
	const int64_t ticks = layout_powers[decimals];
	const int64_t each = layout_powers[decimals - dates->format->n_decimals];
	struct layout_moment m;

	for (size_t i = 0; i < n; i++) {
		struct span cell = cell_run_at(run, i);

		if ((!layout_parse(&m, cache, dates->format, cell) ||
		     !batch_put_moment(&out[i], m.seconds - dates->offset_s, ticks,
		                       m.fraction * each)) &&
		    !batch_take_no_date(&out[i], cell, empty, i))
			return i;
	}
	return n;
}

const struct batch_kernel batch_kernel_plain = { "plain", take_ints, take_floats, take_whole,
	                                         take_dates };

static const struct kernel kernels[] = {
#if defined(__x86_64__)
	{ CPU_AVX512, &batch_kernel_avx512 },
	{ CPU_AVX2, &batch_kernel_avx2 },
#endif
	{ 0, &batch_kernel_plain },
};

/* Each call of batch_* asks: that costs two or three nanoseconds, and a call takes many cells. */
static const struct batch_kernel *best(void)
{
	return kernel_best(kernels);
}

const struct batch_kernel *batch_kernel_at(size_t i)
{
	return kernel_at(kernels, ARRAY_LEN(kernels), i);
}

size_t batch_int(int64_t *out, const struct cell_run *run, size_t n)
{
	return best()->take_ints(out, run, n);
}

size_t batch_float(double *out, const struct cell_run *run, size_t n, struct batch_empty *empty)
{
	return best()->take_floats(out, run, n, empty);
}

size_t batch_whole(double *out, const struct cell_run *run, size_t n, struct batch_empty *empty)
{
	return best()->take_whole(out, run, n, empty);
}

/* One cell in the general way. */
static bool take_timestamp(int64_t *out, struct date_cache *cache, const struct batch_dates *dates,
                           struct span cell)
{
	struct timestamp t;

	return date_parse(&t, dates->format, cache, cell) && t.has_zone == dates->has_zone &&
	       t.offset_s == dates->offset_s && timestamp_unit(&t) <= dates->unit &&
	       timestamp_to_unit(out, &t, dates->unit);
}

/* Microseconds or nanoseconds from a fixed layout that is no finer than they. */
static bool has_fixed_unit(const struct batch_dates *dates)
{
	const struct date_format *f = dates->format;

	if (!f->fixed || (f->zone_size > 0) != dates->has_zone ||
	    (dates->has_zone && f->zone_offset_s != dates->offset_s))
		return false;
	return dates->unit == SHMPUB_NANOSECOND ||
	       (dates->unit == SHMPUB_MICROSECOND && f->n_decimals <= 6);
}

size_t batch_timestamp(int64_t *out, struct date_cache *cache, const struct batch_dates *dates,
                       const struct cell_run *run, size_t n, struct batch_empty *empty)
{
	const struct batch_kernel *kernel = best();
	const bool is_fixed = has_fixed_unit(dates);
	struct batch_empty rest_empty = *empty;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct cell_run rest = { run->base, run->cuts + i * run->stride,
			                       run->stride };
		struct span cell;

		rest_empty.row = empty->row + i;
		if (is_fixed)
			i += kernel->take_dates(out + i, cache, dates, &rest, n - i, &rest_empty);
		if (i == n)
			break;
		cell = cell_run_at(run, i);
		rest_empty.row = empty->row + i;
		if (!take_timestamp(&out[i], cache, dates, cell) &&
		    !batch_take_no_date(&out[i], cell, &rest_empty, 0))
			break;
	}
	empty->n = rest_empty.n;
	return i;
}
