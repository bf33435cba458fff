/*
 * Many cells of one column at once: what value.h says of each, only faster.
 *
 * Cell i of a run is the bytes from base[cuts[i * stride] + 1] up to, not including,
 * base[cuts[i * stride + 1]]; cuts count in 32 bits, so that a first cut of UINT32_MAX
 * lets a cell begin at the base. Everything from base to the end of each cell is readable
 * memory: nothing outside is read. Cuts of a cell that is not there (less than none) end
 * the run.
 *
 * The functions take cells from the first on and return how many they took: n, or the
 * number of the first cell that is not plain (a word, a quote, blanks, or no such value
 * at all). The caller asks value_* for that cell and goes on after it. What was taken
 * equals what value_* gives.
 *
 * Threads: no state but the caller's.
 */
#ifndef SHMPUB_VALUE_BATCH_H
#define SHMPUB_VALUE_BATCH_H

#include "columns/table.h"
#include "value/date_format.h"

struct cell_run {
	const char *base;
	const uint32_t *cuts;
	size_t stride;
};

/* Integers of at most 18 digits or what fits int64; larger ones are not plain. */
size_t batch_int(int64_t *out, const struct cell_run *run, size_t n);

/*
 * What to do with empty cells. NULL validity: they end the run. Else their bit is cleared,
 * and their value is NaN, or INT64_MIN of a date.
 */
struct batch_empty {
	uint8_t *validity;
	uint64_t row; /* of the run's first cell */
	uint64_t n;   /* counts them */
};

/* Cell i of a run, where it is empty and may be. */
static inline bool batch_take_empty(struct batch_empty *empty, struct span cell, size_t i)
{
	if (cell.size > 0 || empty->validity == NULL)
		return false;
	bit_put(empty->validity, empty->row + i, false);
	empty->n++;
	return true;
}

/* Numbers with or without a point and an exponent; the rules are the default ones. */
size_t batch_float(double *out, const struct cell_run *run, size_t n, struct batch_empty *empty);

/*
 * Integers as floats. -0 is not plain: as an integer it has no sign, as a float it has; nor
 * is one beyond BATCH_EXACT that has a plus sign, which pandas may read inexactly as a float.
 */
#define BATCH_EXACT INT64_C(1000000000000000)
size_t batch_whole(double *out, const struct cell_run *run, size_t n, struct batch_empty *empty);

/* What a column of dates has been settled to be. */
struct batch_dates {
	const struct date_format *format;
	enum shmpub_unit unit; /* a cell that is finer is not taken */
	bool has_zone;         /* a cell with another zone is not taken */
	int32_t offset_s;
};

size_t batch_timestamp(int64_t *out, struct date_cache *cache, const struct batch_dates *dates,
                       const struct cell_run *run, size_t n, struct batch_empty *empty);

static inline struct span cell_run_at(const struct cell_run *run, size_t i)
{
	const uint32_t *cut = run->cuts + i * run->stride;
	const uint32_t from = cut[0] + 1;

	return (struct span){ run->base + from, cut[1] > from ? cut[1] - from : 0 };
}

#endif
