/*
 * What is doubtful in a table that was read without an error: lines "warning: ...".
 *
 * Threads: no state. Errors: SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_FEED_DOUBTS_H
#define SHMPUBD_FEED_DOUBTS_H

#include "config.h"
#include "snapshot/snapshot.h"

/* `view` must be a snapshot that this process made: its contents are followed. */
int feed_doubts(struct buffer *out, const struct config_feed *feed,
                const struct snapshot_view *view, struct shmpub_error *err);

#endif
