/* The kernels behind batch.h (base/cpu.h says what a kernel is). Internal to this room. */
#ifndef SHMPUB_VALUE_BATCH_KERNEL_H
#define SHMPUB_VALUE_BATCH_KERNEL_H

#include <math.h>
#include "base/compiler.h"
#include "value/batch.h"
#include "value/value.h"

struct batch_kernel {
	const char *name; /* "plain", "avx2", "avx512" */
	size_t (*take_ints)(int64_t *out, const struct cell_run *run, size_t n);
	size_t (*take_floats)(double *out, const struct cell_run *run, size_t n,
	                      struct batch_empty *empty);
	size_t (*take_whole)(double *out, const struct cell_run *run, size_t n,
	                     struct batch_empty *empty);
	/* Of a fixed layout in microseconds or nanoseconds, no finer than the layout. */
	size_t (*take_dates)(int64_t *out, struct date_cache *cache,
	                     const struct batch_dates *dates, const struct cell_run *run, size_t n,
	                     struct batch_empty *empty);
};

static inline bool batch_take_whole(double *out, struct span cell)
{
	int64_t v;

	if (value_int(&v, cell) != INT_SIGNED || (v == 0 && memchr(cell.data, '-', cell.size)))
		return false;
	/* As a float it may be read inexactly, where it has a plus sign between blanks. */
	if ((v > BATCH_EXACT || v < -BATCH_EXACT) && memchr(cell.data, '+', cell.size))
		return false;
	*out = (double)v;
	return true;
}

static inline bool batch_take_no_number(double *out, struct span cell, struct batch_empty *empty,
                                        size_t i)
{
	*out = NAN;
	return batch_take_empty(empty, cell, i);
}

static inline bool batch_take_no_date(int64_t *out, struct span cell, struct batch_empty *empty,
                                      size_t i)
{
	*out = INT64_MIN;
	return batch_take_empty(empty, cell, i);
}

/* Only nanoseconds can overflow: those go the general way near their bounds. */
static inline bool batch_put_moment(int64_t *out, int64_t seconds, int64_t ticks, int64_t fraction)
{
	return i64_mul(out, seconds, ticks) && i64_add(out, *out, fraction) && *out != INT64_MIN;
}

size_t batch_dates_avx2(int64_t *out, struct date_cache *cache, const struct batch_dates *dates,
                        const struct cell_run *run, size_t n, struct batch_empty *empty);

extern const struct batch_kernel batch_kernel_plain, batch_kernel_avx2, batch_kernel_avx512;

/* The i-th kernel that this processor can run, plain first; NULL past the last. */
const struct batch_kernel *batch_kernel_at(size_t i);

#endif
