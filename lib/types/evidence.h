/*
 * Evidence: what is kept of the cells of one column in order to decide its type as pandas does.
 *
 * pandas tries one type after the other, each on all cells in order, and gives up at the first
 * cell that does not fit. Therefore the row of the first cell of each sort counts. Evidence of
 * parts of a column can be joined in any order.
 *
 * Threads: evidence belongs to one thread; the functions are pure otherwise.
 */
#ifndef SHMPUB_TYPES_EVIDENCE_H
#define SHMPUB_TYPES_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>
#include "types/numeric.h"
#include "types/verdict.h"

#define ROW_NONE UINT64_MAX

struct evidence {
	uint64_t n_values; /* cells that are not NA */
	uint64_t n_nulls;
	/* The first row with a cell that ... or ROW_NONE: */
	uint64_t first_not_int;  /* is no integer (INT_NONE) */
	uint64_t first_beyond;   /* is an integer outside int64 */
	uint64_t first_not_uint; /* is no integer to value_uint() (UINT_NONE) */
	uint64_t first_huge;     /* is an integer above uint64 (UINT_BEYOND) */
	bool has_unsigned;       /* an integer above INT64_MAX, within uint64 */
	bool has_negative;       /* a cell that begins with a minus sign, as pandas tests it */
	struct numeric numbers;
	bool has_not_float, has_not_bool;
	bool has_not_long; /* a cell that Python's int() refuses */
	bool is_text;      /* certainly text with NA, whatever cells follow */
};

#define EVIDENCE_NONE                                                                              \
	((struct evidence){ .first_not_int = ROW_NONE,                                             \
	                    .first_beyond = ROW_NONE,                                              \
	                    .first_not_uint = ROW_NONE,                                            \
	                    .first_huge = ROW_NONE })

/* Adds a cell, whose text is unescaped; scratch has room for cell.size + 1 bytes. */
void evidence_add(struct evidence *e, const struct column *c, const struct columns *s,
                  struct span cell, uint64_t row, char *scratch);
/* True if the column is no integers and no floats for certain: a cell that is a bool adds nothing. */
bool evidence_is_settled(const struct evidence *e);
/*
 * Returns true if the cell can add nothing because it is a number as most are written, and the
 * column is certainly not one of bools: digits with at most a sign and a point, if the column is
 * not one of integers either; or an integer above uint64, if an earlier row has one.
 */
bool evidence_is_spared(const struct evidence *e, const struct column *c, struct span cell);
/* Adds the evidence of other rows. */
void evidence_join(struct evidence *e, const struct evidence *other);
/* Returns the type that pandas infers. */
struct verdict evidence_verdict(const struct evidence *e);
/*
 * Returns the type that pandas infers for a level of the index, after a second inference. That one
 * makes floats of bools and integers with NA, except where an integer fits uint64 alone.
 * `has_null_number`: the value of a cell is that of an NA word.
 */
struct verdict evidence_level_verdict(const struct evidence *e, bool has_null_number);

#endif
