/* Bytes that are not UTF-8: an error where a name or a cell that is used has them, and only there. */
#ifndef SHMPUB_INGEST_TEXT_CHECK_H
#define SHMPUB_INGEST_TEXT_CHECK_H

#include <stdbool.h>
#include "ingest/part.h"

bool text_is_valid(struct span text, size_t from, size_t to);
/* An error that names line and offset when bytes from `from` up to `to` are not UTF-8. */
int text_check(struct span text, size_t from, size_t to, struct shmpub_error *err);
/* Every cell of every column. */
int text_check_cells(const struct ingest *in, struct shmpub_error *err);

#endif
