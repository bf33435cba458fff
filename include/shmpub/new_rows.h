/*
 * Which rows of a snapshot are new, for feeds to which rows are added (mode = append).
 *
 * Threads: snapshots may be used from any thread.
 */
#ifndef SHMPUB_NEW_ROWS_H
#define SHMPUB_NEW_ROWS_H

#include "shmpub/shmpub.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * SHMPUB_OK: the rows of `older` are the first ones of `snapshot`, and those from *row on are new. SHMPUB_GAP:
 * they are not, because the table began anew in between, or that is not known; *row is 0. Both are of one feed, and
 * neither is NULL.
 */
SHMPUB_API int shmpub_since(uint64_t *row, const struct shmpub_snapshot *snapshot,
                            const struct shmpub_snapshot *older);

#ifdef __cplusplus
}
#endif

#endif
