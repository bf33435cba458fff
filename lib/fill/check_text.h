/* Whether the cells of a tile are UTF-8, as far as they become values. Pure. */
#ifndef SHMPUB_FILL_CHECK_TEXT_H
#define SHMPUB_FILL_CHECK_TEXT_H

#include "plan/column.h"
#include "rows/tile.h"

/* An error names no line; *error_at is then the byte's offset in the source. */
int check_text(const struct tile *t, const struct columns *plan, uint64_t *error_at,
               struct shmpub_error *err);

#endif
