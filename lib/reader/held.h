/*
 * A snapshot that a program holds: its mapping and the view of its columns.
 *
 * Threads:  any thread may read or free it.
 * Lifetime: it may outlive its reader; pointers into it are valid until held_free().
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
 * Map the newest snapshot of `feed`, check that its owner is trusted and that its buffers lie
 * inside it. `told` is the descriptor from the catalog; the snapshot may be newer than that.
 * SHM_ABSENT: there is none. On anything but SHMPUB_OK *out is NULL.
 */
int held_new(struct shmpub_snapshot **out, const struct shm_dir *dir, struct span feed,
             const struct catalog_descriptor *told, struct trust *trust, struct shmpub_error *err);
/* Check the whole contents; see shmpub_verify(). */
int held_verify(const struct shmpub_snapshot *s, struct shmpub_error *err);
void held_free(struct shmpub_snapshot *s);

#endif
