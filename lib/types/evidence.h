/*
 * What the cells of one column say about its type: enough to decide as pandas does,
 * and nothing else.
 *
 * pandas tries types in turn over all cells in order, so that the first cell of each
 * sort counts. Evidence of parts of a column can be joined in any order.
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
	uint64_t first_not_int;  /* value_int: INT_NONE */
	uint64_t first_beyond;   /* value_int: too large for int64 */
	uint64_t first_not_uint; /* value_uint: UINT_NONE */
	uint64_t first_huge;     /* value_uint: UINT_BEYOND */
	bool has_unsigned;       /* above INT64_MAX */
	bool has_negative; /* or another cell that begins with a minus sign: pandas asks no more */
	struct numeric numbers;
	bool has_not_float, has_not_bool, has_not_long;
	bool is_text; /* no cell to come can change that it is text with NA */
};

#define EVIDENCE_NONE                                                                              \
	((struct evidence){ .first_not_int = ROW_NONE,                                             \
	                    .first_beyond = ROW_NONE,                                              \
	                    .first_not_uint = ROW_NONE,                                            \
	                    .first_huge = ROW_NONE })

/* `cell` is unescaped; scratch has room for cell.size + 1 bytes. */
void evidence_add(struct evidence *e, const struct column *c, const struct columns *s,
                  struct span cell, uint64_t row, char *scratch);
/*
 * True if the cell can add nothing: the column is certainly not one of integers, and the cell is
 * a number as most are written, digits with at most a sign and a point.
 */
bool evidence_is_spared(const struct evidence *e, const struct column *c, struct span cell);
void evidence_join(struct evidence *e, const struct evidence *other);
/* The type pandas would settle on without being told one. */
struct verdict evidence_verdict(const struct evidence *e);
/*
 * The same for a level of the index, which goes through pandas' inference once more: objects
 * with NA become floats, but not where an integer fits uint64 alone. `has_null_number`: a
 * number among the cells is NA by its value.
 */
struct verdict evidence_level_verdict(const struct evidence *e, bool has_null_number);

#endif
