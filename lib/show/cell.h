/*
 * One value of a snapshot as text, in the words of value/format.h.
 *
 * Only for snapshots that shmpub_verify() found whole: text and codes are followed.
 */
#ifndef SHMPUB_SHOW_CELL_H
#define SHMPUB_SHOW_CELL_H

#include "base/span.h"
#include "columns/table.h"
#include "value/format.h"

#define CELL_SIZE FORMAT_MAX

/* How the moments of a column are written: alike in every row, since readers guess the form from one. */
struct cell_form {
	int decimals; /* as format_timestamp() takes them */
	char separator;
};

/* Looks at all values of a column of timestamps; of others there is nothing to see. */
struct cell_form cell_form_of(const struct shmpub_column *c, char separator);
/* The text of a value that is there. `room` holds it, unless it is text, which is where it lies. */
struct span cell_text(char room[CELL_SIZE], const struct shmpub_column *c, uint64_t row,
                      const struct cell_form *form);

#endif
