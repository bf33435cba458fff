#include "reader/held.h"

#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"
#include "snapshot/arrow_format.h"
#include "snapshot/growth.h"

/*
 * On Linux the name FEED.arrow means whatever snapshot is current when it is opened. After that
 * the mapping is independent of the name, which the next snapshot takes. The descriptor is
 * closed, so that the number of snapshots that a program may hold is not bounded by descriptors.
 */

#define SUFFIX ".arrow"

static void take_stamp(struct shmpub_stamp *out, const struct snapshot_stamp *from)
{
	*out = (struct shmpub_stamp){
		.mark = { .epoch = from->epoch, .sequence = from->sequence },
		.published_ns = from->published_ns,
		.source_mtime_ns = from->source_mtime_ns,
		.read_ns = from->read_ns,
		.parse_ns = from->parse_ns,
		.source_size = from->source_size,
		.skipped_rows = from->skipped_rows,
		.first_sequence = from->first_sequence,
	};
}

/*
 * Of a snapshot that grows: the state that is current now is that of this mapping for good, whatever
 * is written later. So whoever reads its bytes, once or again, finds the same one.
 */
static int hold_state(const struct shm_map *map, struct shmpub_error *err)
{
	if (!growth_is_found(span_of(map->addr, map->size)))
		return SHMPUB_OK;
	return shm_freeze(map, map->size - ARROW_TAIL_SIZE, err);
}

int held_new(struct shmpub_snapshot **out, const struct shm_dir *dir, struct span feed,
             const struct catalog_descriptor *told, struct trust *trust, struct shmpub_error *err)
{
	struct shmpub_snapshot *s;
	char name[SHMPUB_FEED_MAX + sizeof(SUFFIX)];
	struct shm_stat st;
	int r;

	*out = NULL;
	s = mem_alloc(sizeof(*s));
	if (s == NULL)
		return error_nomem(err, sizeof(*s));
	*s = (struct shmpub_snapshot){ .map = SHM_MAP_NONE, .view = SNAPSHOT_VIEW_NONE };
	snprintf(name, sizeof(name), "%.*s%s", (int)feed.size, feed.data, SUFFIX);
	r = shm_map_snapshot(&s->map, &st, dir, name, told->segment, told->size, err);
	if (r)
		goto out;
	r = trust_check(trust, &st.owner, name, err);
	if (r)
		goto out;
	r = hold_state(&s->map, err);
	if (r)
		goto out;
	r = snapshot_view_init(&s->view, span_of(s->map.addr, s->map.size), SNAPSHOT_CHECK_BOUNDS,
	                       err);
	if (r)
		goto out;
	take_stamp(&s->stamp, &s->view.stamp);
	*out = s;
	s = NULL;
out:
	held_free(s);
	return r;
}

int held_verify(const struct shmpub_snapshot *s, struct shmpub_error *err)
{
	struct snapshot_view view = SNAPSHOT_VIEW_NONE;
	int r;

	r = snapshot_view_init(&view, span_of(s->map.addr, s->map.size), SNAPSHOT_CHECK_FULL, err);
	snapshot_view_free(&view);
	return r;
}

void held_free(struct shmpub_snapshot *s)
{
	if (s == NULL)
		return;
	snapshot_view_free(&s->view);
	shm_discard(&s->map);
	mem_free(s);
}
