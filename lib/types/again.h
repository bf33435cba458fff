/*
 * Columns that pandas reads twice: first by its parser, then as dates and as levels of
 * the index.
 *
 * Both go over the text that the values spell: "007" that was read as an integer is "7".
 * Only the whole column shows what it is first read as, so that these columns are looked
 * at in full before they are filled.
 */
#ifndef SHMPUB_TYPES_AGAIN_H
#define SHMPUB_TYPES_AGAIN_H

#include "rows/cells.h"
#include "types/notes.h"
#include "types/verdict.h"

/*
 * Settles the column (column_is_read_twice) over all rows; an error, in cells->error, where pandas
 * raises one. `notes` are those of nothing seen.
 */
int again_settle(struct column_type *y, struct column_notes *notes, const struct columns *plan,
                 struct rows *rows, struct cells *cells);

/* The cell's text as the second reading sees it; data NULL: NA. Good until the next one. */
struct span again_cell(struct cells *cells, const struct column_type *y, const struct columns *plan,
                       struct span cell);

/*
 * Notes an integer of a level, at an offset in the source, that pandas cannot make a double of,
 * which it tries: an error should the column be one of such integers, which only the end of the
 * fill knows.
 */
void again_note_large(struct column_notes *notes, const struct column_type *y, struct span cell,
                      uint64_t offset);

#endif
