/*
 * A named piece of shared memory outside the instance's directory, for readers that
 * know only its name. segment_posix.c implements it: a file in /dev/shm, where
 * shm_open(3) and Python's SharedMemory look.
 *
 * Use:      segment_claim, then for each version segment_begin, _write, _place.
 * Threads:  a draft is made and written on a worker; the rest is the loop thread's.
 * Lifetime: SEGMENT_DRAFT_NONE may be discarded; placing leaves it so. What is placed
 *           stays when the process ends; segment_sweep() of the next one finds it.
 * Errors:   SHMPUB_ERR_SYS, SHMPUB_ERR_OWNER (the name is somebody else's),
 *           SHMPUB_ERR_BUSY (another process of this user serves it).
 */
#ifndef SHMPUBD_SEGMENT_H
#define SHMPUBD_SEGMENT_H

#include <stdbool.h>
#include "base/span.h"
#include "shm/shm.h"

#define SEGMENT_NAME_SIZE 48

struct segment_draft {
	int fd;
	char name[SEGMENT_NAME_SIZE];
	char hidden[2 * SEGMENT_NAME_SIZE + 8];
};
#define SEGMENT_DRAFT_NONE ((struct segment_draft){ .fd = -1 })

/* A name that is claimed and what we put under it; name "": nothing. */
struct segment_live {
	char name[SEGMENT_NAME_SIZE];
	int lock; /* held while `name` is claimed */
	uint64_t device, inode, size;
	int64_t mtime_ns;
};

/*
 * Make the name ours against other processes, or see that it still is. `place` tells who
 * we are: the path of the instance's directory. On failure nothing is claimed, and what we
 * put under the name before is left.
 */
int segment_claim(struct segment_live *live, const char *name, const char *place,
                  struct shmpub_error *err);
int segment_begin(struct segment_draft *out, const char *name, const char *instance,
                  const struct shm_access *access, struct shmpub_error *err);
int segment_write(struct segment_draft *d, struct span bytes, struct shmpub_error *err);
/*
 * In place of what stands under the claimed name, in one step. On failure nothing changed;
 * the draft is discarded.
 */
int segment_place(struct segment_live *live, struct segment_draft *d, struct shmpub_error *err);
void segment_discard(struct segment_draft *d);

/* What was put under the name is there, and as it was put. */
bool segment_stands(const struct segment_live *live);
/* What stands, if it is still ours, gets another mode and group. */
int segment_set_access(const struct segment_live *live, const struct shm_access *access,
                       struct shmpub_error *err);
/* Take the name away if what stands is ours, and give the claim back. */
void segment_remove(struct segment_live *live);
/* Give the claim back and leave what stands. */
void segment_release(struct segment_live *live);

/*
 * Take away what a process that was killed left of the instance at `place` under names
 * that are not `wanted` any more. Only when no process serves that instance.
 */
void segment_sweep(const char *place, const char *instance,
                   bool (*wanted)(void *arg, const char *name), void *arg);

#endif
