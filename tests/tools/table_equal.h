/* Whether two tables say the same, cell by cell; and a walk over every cell of one. */
#ifndef SHMPUB_TESTS_TABLE_EQUAL_H
#define SHMPUB_TESTS_TABLE_EQUAL_H

#include "columns/table.h"

static inline bool same_bytes(const char *a, size_t a_size, const char *b, size_t b_size)
{
	return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static inline bool cell_equal(const struct shmpub_column *a, const struct shmpub_column *b,
                              uint64_t row)
{
	uint64_t ra = row, rb = row;
	struct span ta, tb;

	if (column_is_valid(a, row) != column_is_valid(b, row))
		return false;
	if (!column_is_valid(a, row))
		return true;
	a = column_resolve(a, &ra);
	b = column_resolve(b, &rb);
	switch (a->type) {
	case SHMPUB_BOOL:
		return bit_get(a->values, ra) == bit_get(b->values, rb);
	case SHMPUB_TEXT:
		ta = column_text(a, ra);
		tb = column_text(b, rb);
		return same_bytes(ta.data, ta.size, tb.data, tb.size);
	default: /* bit for bit, so that NaN and -0.0 count */
		return memcmp((const char *)a->values + 8 * ra, (const char *)b->values + 8 * rb,
		              8) == 0;
	}
}

static inline bool description_equal(const struct shmpub_column *a, const struct shmpub_column *b)
{
	const char *za = a->timezone != NULL ? a->timezone : "",
	           *zb = b->timezone != NULL ? b->timezone : "";

	return same_bytes(a->name, a->name_size, b->name, b->name_size) && a->type == b->type &&
	       (a->type != SHMPUB_TIMESTAMP || a->unit == b->unit) && strcmp(za, zb) == 0 &&
	       a->kind == b->kind && a->index == b->index && a->is_unnamed == b->is_unnamed &&
	       a->is_integer_name == b->is_integer_name &&
	       (a->dictionary != NULL) == (b->dictionary != NULL);
}

static inline bool column_equal(const struct shmpub_column *a, const struct shmpub_column *b,
                                uint64_t n_rows)
{
	if (!description_equal(a, b))
		return false;
	for (uint64_t i = 0; i < n_rows; i++) {
		if (!cell_equal(a, b, i))
			return false;
	}
	if (a->dictionary == NULL)
		return true;
	if (a->dictionary->n_rows != b->dictionary->n_rows)
		return false;
	for (uint64_t i = 0; i < a->dictionary->n_rows; i++) {
		if (!cell_equal(a->dictionary, b->dictionary, i))
			return false;
	}
	return true;
}

static inline bool table_equal(const struct table *a, const struct table *b)
{
	if (a->n_rows != b->n_rows || a->n_columns != b->n_columns)
		return false;
	for (size_t i = 0; i < a->n_columns; i++) {
		if (!column_equal(&a->columns[i], &b->columns[i], a->n_rows))
			return false;
	}
	return true;
}

/* Touch all that a reader may touch after a full check: the sanitizers see what is outside. */
static inline uint64_t table_sum(const struct table *t)
{
	uint64_t sum = 0;

	for (size_t c = 0; c < t->n_columns; c++) {
		const struct shmpub_column *column = &t->columns[c];

		for (uint64_t i = 0; i < t->n_rows && column->type != SHMPUB_NULL; i++)
			sum += cell_equal(column, column, i);
		for (size_t k = 0; k < column->name_size; k++)
			sum += (unsigned char)column->name[k];
		sum += column->timezone != NULL ? strlen(column->timezone) : 0;
	}
	return sum;
}

#endif
