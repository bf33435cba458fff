#include "fuzz.h"

#include <string.h>

#include "base/cpu.h"
#include "value/batch_kernel.h"
#include "value/format.h"
#include "value/value.h"

/*
 * Cells between commas, as a run: every kernel gives what value_* gives of each cell, a
 * fixed layout of dates what the general parser gives, and what is printed reads back.
 */

enum { MOST_CELLS = 512 };

static void ints(const struct batch_kernel *kernel, const struct cell_run *run, size_t n)
{
	int64_t out[MOST_CELLS], want;
	size_t taken = kernel->take_ints(out, run, n);

	for (size_t i = 0; i < taken; i++) {
		CLAIM(value_int(&want, cell_run_at(run, i)) == INT_SIGNED);
		CLAIM(want == out[i]);
	}
	if (taken < n)
		CLAIM(value_int(&want, cell_run_at(run, taken)) != INT_SIGNED);
}

static bool want_number(double *want, struct span cell, bool is_whole)
{
	int64_t v;

	if (!is_whole)
		return value_float(want, cell);
	if (value_int(&v, cell) != INT_SIGNED || (v == 0 && memchr(cell.data, '-', cell.size)) ||
	    ((v > BATCH_EXACT || v < -BATCH_EXACT) && memchr(cell.data, '+', cell.size)))
		return false;
	*want = (double)v;
	return true;
}

static void numbers(const struct batch_kernel *kernel, const struct cell_run *run, size_t n,
                    bool is_whole, bool may_be_empty)
{
	uint8_t bits[MOST_CELLS / 8];
	struct batch_empty empty = { .validity = may_be_empty ? bits : NULL };
	double out[MOST_CELLS], want, back;
	char text[FORMAT_MAX];
	size_t taken, n_empty = 0;

	memset(bits, 0xFF, sizeof(bits));
	taken = (is_whole ? kernel->take_whole : kernel->take_floats)(out, run, n, &empty);
	for (size_t i = 0; i < taken; i++) {
		struct span cell = cell_run_at(run, i);
		bool is_empty = may_be_empty && cell.size == 0;

		CLAIM(bit_get(bits, i) == !is_empty);
		n_empty += is_empty;
		if (is_empty)
			continue;
		CLAIM(want_number(&want, cell, is_whole));
		CLAIM(memcmp(&want, &out[i], sizeof(want)) == 0);
		CLAIM(value_float(&back, span_of(text, format_float64(text, want))));
		CLAIM(memcmp(&want, &back, sizeof(want)) == 0);
	}
	CLAIM(empty.n == n_empty);
	if (taken < n)
		CLAIM(!want_number(&want, cell_run_at(run, taken), is_whole) &&
		      !(may_be_empty && cell_run_at(run, taken).size == 0));
}

static void kernel_numbers(const struct batch_kernel *kernel, const struct cell_run *run, size_t n)
{
	ints(kernel, run, n);
	for (int i = 0; i < 4; i++)
		numbers(kernel, run, n, i & 1, i & 2);
}

static bool general(int64_t *out, const struct batch_dates *dates, struct span cell)
{
	struct date_format plain = *dates->format;
	struct timestamp t;

	plain.fixed = 0;
	return date_parse(&t, &plain, NULL, cell) && t.has_zone == dates->has_zone &&
	       t.offset_s == dates->offset_s && timestamp_unit(&t) <= dates->unit &&
	       timestamp_to_unit(out, &t, dates->unit);
}

static void dates(const struct cell_run *run, size_t n, bool may_be_empty)
{
	uint8_t bits[MOST_CELLS / 8];
	struct batch_empty empty = { .validity = may_be_empty ? bits : NULL };
	struct date_format format;
	struct date_cache cache = DATE_CACHE_NONE;
	struct batch_dates settled = { .format = &format };
	struct timestamp t;
	int64_t out[MOST_CELLS], want;
	size_t taken;

	if (!date_format_infer(&format, cell_run_at(run, 0)) ||
	    !date_parse(&t, &format, NULL, cell_run_at(run, 0)))
		return;
	settled.unit = timestamp_unit(&t);
	settled.has_zone = t.has_zone;
	settled.offset_s = t.offset_s;
	memset(bits, 0xFF, sizeof(bits));
	taken = batch_timestamp(out, &cache, &settled, run, n, &empty);
	for (size_t i = 0; i < taken; i++) {
		bool is_empty = may_be_empty && cell_run_at(run, i).size == 0;

		CLAIM(bit_get(bits, i) == !is_empty);
		empty.n -= is_empty;
		CLAIM(is_empty || general(&want, &settled, cell_run_at(run, i)));
		CLAIM(out[i] == (is_empty ? INT64_MIN : want));
	}
	CLAIM(empty.n == 0);
	if (taken < n)
		CLAIM(!general(&want, &settled, cell_run_at(run, taken)) &&
		      !(may_be_empty && cell_run_at(run, taken).size == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t hidden[] = { 0, CPU_AVX512, CPU_AVX512 | CPU_AVX2 };
	const struct batch_kernel *kernel;
	uint32_t cuts[MOST_CELLS + 1] = { UINT32_MAX };
	char *text = malloc(size + 1); /* just that size: one byte too many is seen */
	struct cell_run run = { text, cuts, 1 };
	size_t n = 0;

	CLAIM(text != NULL);
	memcpy(text, data, size);
	for (size_t i = 0; i <= size && n < MOST_CELLS; i++) {
		if (i == size || text[i] == ',')
			cuts[++n] = (uint32_t)i;
	}
	for (size_t i = 0; (kernel = batch_kernel_at(i)) != NULL; i++)
		kernel_numbers(kernel, &run, n);
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		cpu_hide(hidden[i]);
		dates(&run, n, false);
		dates(&run, n, true);
	}
	cpu_hide(0);
	free(text);
	return 0;
}
