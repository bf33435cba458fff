/*
 * The full check: the contents of buffers are valid, and footer and regions say the same as the
 * messages. Errors: SHMPUB_ERR_FORMAT, whose message says what is wrong; SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUB_SNAPSHOT_CHECK_H
#define SHMPUB_SNAPSHOT_CHECK_H

#include "snapshot/record.h"
#include "snapshot/snapshot.h"

/* Check all columns of a view whose bounds were checked. */
int check_contents(const struct snapshot_view *v, struct shmpub_error *err);
/* Check that no two fields have the same name. */
int check_names(const struct snapshot_view *v, const struct record *record,
                struct shmpub_error *err);
int check_regions(const struct snapshot_view *v, struct span file, const struct record *record,
                  struct shmpub_error *err);
int check_footer(const struct snapshot_view *v, struct span file, const struct record *record,
                 struct shmpub_error *err);

#endif
