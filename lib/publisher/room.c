#include "publisher/publisher_parts.h"

#include <errno.h>
#include "base/error.h"

/*
 * The room in the directory's file system, which other programs fill as well. A segment's memory is
 * allocated before it is written to, so a full file system is an error, and the snapshots that stand are
 * not touched.
 */

bool room_is_short(const struct publisher *p, uint64_t bytes)
{
	uint64_t free_bytes = p->min_free != 0 ? shm_dir_free(&p->dir) : UINT64_MAX;

	return free_bytes != UINT64_MAX && (free_bytes < bytes || free_bytes - bytes < p->min_free);
}

int room_check(const struct publisher *p, uint64_t bytes, struct shmpub_error *err)
{
	if (!room_is_short(p, bytes))
		return 0;
	return error_set(
	        err, SHMPUB_ERR_LIMIT,
	        "%s: %llu bytes more, where %llu are free and min_free (%llu) must stay: a "
	        "larger directory, fewer or smaller feeds or another min_free help",
	        p->dir.path, (unsigned long long)bytes, (unsigned long long)shm_dir_free(&p->dir),
	        (unsigned long long)p->min_free);
}

int room_explain(int r, const struct publisher *p, struct shmpub_error *err)
{
	if (r < 0 && err != NULL && err->sys == ENOSPC)
		error_add(err,
		          " (%llu bytes are free in %s: a larger size= of its mount, fewer or "
		          "smaller feeds or a smaller spare_bytes help)",
		          (unsigned long long)shm_dir_free(&p->dir), p->dir.path);
	return r;
}
