#include "publisher/publisher_parts.h"

#include <errno.h>
#include <stdio.h>
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

/*
 * What is free, rounded up to a power of two: who waits for room fails again and again, and all that
 * with one message, as long as little changes.
 */
#define FREE_SIZE 16

static void free_text(char out[FREE_SIZE], const struct publisher *p)
{
	uint64_t bytes = shm_dir_free(&p->dir), k = 4;

	while (k < (UINT64_C(1) << 50) && k * 1024 <= bytes)
		k *= 2;
	if (k < 1024)
		snprintf(out, FREE_SIZE, "%uK", (unsigned)k);
	else if (k < 1024 * 1024)
		snprintf(out, FREE_SIZE, "%uM", (unsigned)(k / 1024));
	else
		snprintf(out, FREE_SIZE, "%uG", (unsigned)(k / 1024 / 1024));
}

int room_check(const struct publisher *p, uint64_t bytes, struct shmpub_error *err)
{
	char room[FREE_SIZE];

	if (!room_is_short(p, bytes))
		return 0;
	free_text(room, p);
	return error_set(
	        err, SHMPUB_ERR_LIMIT,
	        "%s: %llu bytes more, where less than %s is free and min_free (%llu) must stay: a "
	        "larger directory, fewer or smaller feeds or another min_free help",
	        p->dir.path, (unsigned long long)bytes, room, (unsigned long long)p->min_free);
}

int room_explain(int r, const struct publisher *p, struct shmpub_error *err)
{
	char room[FREE_SIZE];

	if (r < 0 && err != NULL && err->sys == ENOSPC) {
		free_text(room, p);
		error_add(err,
		          " (less than %s is free in %s: a larger size= of its mount, fewer or "
		          "smaller feeds or a smaller spare_bytes help)",
		          room, p->dir.path);
	}
	return r;
}
