/* Checks that the cells which become values are UTF-8. Threads: pure functions, any thread. */
#ifndef SHMPUB_FILL_CHECK_TEXT_H
#define SHMPUB_FILL_CHECK_TEXT_H

#include "plan/column.h"
#include "rows/tile.h"

/*
 * Returns 0 if all used cells of the tile are UTF-8. Otherwise returns SHMPUB_ERR_CSV without a
 * line and sets *error_at to the offset of the wrong byte in the source.
 */
int check_text(const struct tile *t, const struct columns *plan, uint64_t *error_at,
               struct shmpub_error *err);

#endif
