/*
 * A complete table, of columns as the public header describes them, and functions for
 * struct shmpub_column that readers, the CLI and tests share.
 */
#ifndef SHMPUB_COLUMNS_TABLE_H
#define SHMPUB_COLUMNS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct table {
	uint64_t n_rows;
	size_t n_columns;
	const struct shmpub_column *columns;
};

static inline bool bit_get(const uint8_t *bits, uint64_t i)
{
	return (bits[i >> 3] >> (i & 7)) & 1;
}

static inline void bit_put(uint8_t *bits, uint64_t i, bool v)
{
	uint8_t mask = (uint8_t)(1u << (i & 7));

	bits[i >> 3] = (uint8_t)(v ? bits[i >> 3] | mask : bits[i >> 3] & ~mask);
}

static inline bool column_is_valid(const struct shmpub_column *c, uint64_t row)
{
	return c->type != SHMPUB_NULL && (c->validity == NULL || bit_get(c->validity, row));
}

/*
 * Returns the column that has the value of the cell, and sets *row to its row there: the dictionary
 * if there is one, else `c` itself. In a mapping that another process may change, a code may be any
 * number: compare *row with n_rows of the returned column.
 */
const struct shmpub_column *column_resolve(const struct shmpub_column *c, uint64_t *row);

static inline struct span column_text(const struct shmpub_column *c, uint64_t row)
{
	return (struct span){ c->text + c->offsets[row],
		              (size_t)(c->offsets[row + 1] - c->offsets[row]) };
}

/*
 * The same for a mapping that another process may change at any moment: each offset is loaded once,
 * and the text is empty when an offset is greater than text_size.
 */
struct span column_text_inside(const struct shmpub_column *c, uint64_t row);

/*
 * True for text of kind int: digits, with or without a sign, and at most the 4,300 that Python
 * parses.
 */
bool text_is_integer(struct span text);

/* The bound of docs/FORMAT.md. With 8 bytes for each row no size overflows. */
#define TABLE_MAX_ROWS (UINT64_C(1) << 48)

#endif
