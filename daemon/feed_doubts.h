/*
 * Looks for signs that a table was read without an error, but not as its author meant it.
 *
 * Threads: no state.
 * Errors:  SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_FEED_DOUBTS_H
#define SHMPUBD_FEED_DOUBTS_H

#include "config.h"
#include "snapshot/snapshot.h"

/*
 * Appends an empty line and lines "warning: ..." to `out`; nothing where nothing is doubtful.
 * `view` must be a snapshot that this process made, because its offsets are used without a
 * check.
 */
int feed_doubts(struct buffer *out, const struct config_feed *feed,
                const struct snapshot_view *view, struct shmpub_error *err);

#endif
