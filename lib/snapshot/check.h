/* The full check: what is in the buffers, and that footer and regions repeat the messages. */
#ifndef SHMPUB_SNAPSHOT_CHECK_H
#define SHMPUB_SNAPSHOT_CHECK_H

#include "snapshot/record.h"
#include "snapshot/snapshot.h"

/* Of a view whose bounds are checked. SHMPUB_ERR_FORMAT names the column and what is wrong. */
int check_contents(const struct snapshot_view *v, struct shmpub_error *err);
/* No two fields have one name. */
int check_names(const struct snapshot_view *v, const struct record *record,
                struct shmpub_error *err);
int check_regions(const struct snapshot_view *v, struct span file, const struct record *record,
                  struct shmpub_error *err);
int check_footer(const struct snapshot_view *v, struct span file, const struct record *record,
                 struct shmpub_error *err);

#endif
