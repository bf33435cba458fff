/*
 * How a CSV text is to be read: the options of pandas.read_csv, under its names.
 *
 * One table of keys serves the daemon's ini files and programs that publish CSV
 * text: csv_options_set() takes the text of one option.
 *
 * Threads: built by one thread, then only read. CSV_OPTIONS_NONE (all defaults) may be freed.
 */
#ifndef SHMPUB_CSV_OPTIONS_H
#define SHMPUB_CSV_OPTIONS_H

#include <stdbool.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct csv_options; /* defined below by its owner */

/* True when `key` (index_col, dtype.NAME, ...) is an option of this table. */
bool csv_options_has(struct span key);
/* SHMPUB_ERR_INVALID with what was expected; the options are then unchanged. */
int csv_options_set(struct csv_options *o, struct span key, struct span value, struct shmpub_error *err);
int csv_options_new(struct csv_options **out, struct shmpub_error *err);
void csv_options_free(struct csv_options *o);
/* The i-th key ("dtype." for the family), NULL past the last: for "nearest known name". */
const char *csv_options_key(size_t i);

#endif
