/*
 * One value of a snapshot as text, spelled as value/format.h does.
 *
 * Only for snapshots that shmpub_verify() accepted, because offsets of text and dictionary codes
 * are followed.
 *
 * Threads: pure functions, any thread.
 */
#ifndef SHMPUB_SHOW_CELL_H
#define SHMPUB_SHOW_CELL_H

#include "base/span.h"
#include "columns/table.h"
#include "value/format.h"

#define CELL_SIZE FORMAT_MAX

/*
 * How the timestamps of a column are written. Every row is written alike, because programs that
 * read the output guess the form of all rows from one of them.
 */
struct cell_form {
	int decimals;   /* the argument of format_timestamp() */
	char separator; /* between date and time */
};

/*
 * Returns the form of a column. If it is a column of timestamps, all its values are looked at;
 * for a column of another type the form is not used.
 */
struct cell_form cell_form_of(const struct shmpub_column *c, char separator);
/*
 * Returns the text of a value that is not null. The text of a text column lies in the snapshot
 * and lives as long; any other text is written to `room`.
 */
struct span cell_text(char room[CELL_SIZE], const struct shmpub_column *c, uint64_t row,
                      const struct cell_form *form);

#endif
