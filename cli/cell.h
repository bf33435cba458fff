/*
 * One value of a snapshot as text.
 *
 * Only for snapshots that shmpub_verify() found whole: text and codes are followed.
 */
#ifndef SHMPUB_CLI_CELL_H
#define SHMPUB_CLI_CELL_H

#include <stdbool.h>
#include "base/span.h"
#include "columns/table.h"

#define CELL_SIZE 64

/* How the moments of a column are written: alike in every row, since readers guess the form from one. */
struct cell_time {
	int decimals; /* of a second: 0, 3, 6, 9 */
	bool is_date; /* midnight throughout: no time of day */
	char separator;
	int offset_s; /* east of UTC */
	char zone[8]; /* "", "+00:00", "+02:00" */
};

/* Looks at all values of a column of timestamps. */
struct cell_time cell_time_of(const struct shmpub_column *c, char separator);
/*
 * The text of a value that is there. `room` holds it, unless it is text, which is
 * where it lies. `t` is used for timestamps only.
 */
struct span cell_text(char room[CELL_SIZE], const struct shmpub_column *c, uint64_t row,
                      const struct cell_time *t);
/* The same for a moment by itself. */
struct span cell_moment(char room[CELL_SIZE], int64_t value, enum shmpub_unit unit,
                        const struct cell_time *t);

#endif
