/*
 * A snapshot in hand: one mapping and the view of it.
 *
 * Threads:  made and given back by anyone, read from any thread.
 * Lifetime: outlives its reader; everything taken from it dies with held_free().
 */
#ifndef SHMPUB_READER_HELD_H
#define SHMPUB_READER_HELD_H

#include "base/span.h"
#include "catalog/catalog_format.h"
#include "reader/trust.h"
#include "shm/shm.h"
#include "snapshot/snapshot.h"

struct shmpub_snapshot {
	struct shm_map map;
	struct snapshot_view view;
	struct shmpub_stamp stamp;
};

/*
 * Map and check the feed's snapshot that the catalog describes, or a newer one. SHM_ABSENT: there
 * is none. On anything but SHMPUB_OK *out is NULL.
 */
int held_new(struct shmpub_snapshot **out, const struct shm_dir *dir, struct span feed,
             const struct catalog_descriptor *told, struct trust *trust, struct shmpub_error *err);
/* The whole contents; see shmpub_verify(). */
int held_verify(const struct shmpub_snapshot *s, struct shmpub_error *err);
void held_free(struct shmpub_snapshot *s);

#endif
