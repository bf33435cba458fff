/*
 * Columns that pandas reads twice: first its parser reads them as values; then these values are
 * made into dates, or into a level of the index.
 *
 * The second reading takes the text that spells the values: a cell "007" that was read as an
 * integer is "7" then. Only the whole column shows how it is first read. Therefore all cells of
 * such a column are looked at before it is filled.
 *
 * Threads: a column, its notes and cells belong to one thread.
 */
#ifndef SHMPUB_TYPES_AGAIN_H
#define SHMPUB_TYPES_AGAIN_H

#include "rows/cells.h"
#include "types/notes.h"
#include "types/verdict.h"

/*
 * Sets the verdict of a column (column_is_read_twice) after a look at all rows. `notes` must be
 * fresh.
 *
 * Returns 0; SHMPUB_ERR_CSV where pandas raises an error; or a failure of the source. The error is
 * in cells->error, its place in rows->error_at.
 */
int again_find_type(struct column_type *y, struct column_notes *notes, const struct columns *plan,
                    struct rows *rows, struct cells *cells);

/*
 * Returns the text of the cell that the second reading sees; data NULL: NA. Valid until the next
 * call.
 */
struct span again_cell(struct cells *cells, const struct column_type *y, const struct columns *plan,
                       struct span cell);

/*
 * Notes an integer that no double can hold, in a level of the index of which pandas makes doubles.
 * It is an error only if the whole level is such integers, which is known when the fill has ended.
 * `offset`: of the cell in the source.
 */
void again_note_large(struct column_notes *notes, const struct column_type *y, struct span cell,
                      uint64_t offset);

#endif
