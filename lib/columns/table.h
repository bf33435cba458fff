/*
 * A table that is there to be read: columns as the public header describes them.
 * Helpers over struct shmpub_column that readers, the CLI and tests share.
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
 * The column that holds the cell's value and its row there: through the dictionary if there is
 * one. In a mapping a code may be any number at any moment: compare the row with n_rows.
 */
const struct shmpub_column *column_resolve(const struct shmpub_column *c, uint64_t *row);

static inline struct span column_text(const struct shmpub_column *c, uint64_t row)
{
	return (struct span){ c->text + c->offsets[row],
		              (size_t)(c->offsets[row + 1] - c->offsets[row]) };
}

/*
 * The same for what somebody else may change while it is read (a mapping): each offset is
 * loaded once, and one that leads outside of text_size gives an empty text.
 */
struct span column_text_inside(const struct shmpub_column *c, uint64_t row);

/* Digits, with a sign or without: what text of kind int is. Python reads 4,300 digits at most. */
bool text_is_integer(struct span text);

/* So many rows and no more: with 8 bytes a row no size overflows. docs/FORMAT.md. */
#define TABLE_MAX_ROWS (UINT64_C(1) << 48)

#endif
