/*
 * Sources of several parts (base/byte_source.h): a quote that is not closed in its part would take
 * rows of the next part into its field.
 *
 * Threads: the one that has the window, in its turn to read: `parts` grows meanwhile.
 */
#ifndef SHMPUB_ROWS_PART_ENDS_H
#define SHMPUB_ROWS_PART_ENDS_H

#include "base/byte_source.h"
#include "rows/window.h"

/*
 * Returns true if a part begins after `from` and before `to`, which are offsets in the window's
 * text. `parts` may be NULL.
 */
bool part_ends_between(const struct window *w, const struct byte_parts *parts, size_t from,
                       size_t to);
/*
 * For a window with an index: returns true if a part begins inside a field before `to`, and sets
 * *start to the offset of this field in the window's text.
 */
bool part_ends_in_field(size_t *start, const struct window *w, const struct byte_parts *parts,
                        size_t to);
/* Returns the number of parts that begin at `offset` of the source or before, of the first n. */
size_t part_count_at(const struct byte_parts *parts, size_t n, uint64_t offset);

#endif
