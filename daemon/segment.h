/*
 * A named piece of shared memory outside the instance's directory, for readers that
 * know only its name. segment_posix.c implements it: a file in /dev/shm, where
 * shm_open(3) and Python's SharedMemory look.
 *
 * Threads:  a draft is made and written on a worker, placed on the loop thread.
 * Lifetime: SEGMENT_DRAFT_NONE may be discarded; placing leaves it so. What is placed
 *           stays when the process ends.
 * Errors:   SHMPUB_ERR_SYS, SHMPUB_ERR_OWNER (the name is somebody else's).
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

/* What we put under a name; name "": nothing. */
struct segment_live {
	char name[SEGMENT_NAME_SIZE];
	uint64_t device, inode;
};

int segment_begin(struct segment_draft *out, const char *name, const char *instance,
                  const struct shm_access *access, struct shmpub_error *err);
int segment_write(struct segment_draft *d, struct span bytes, struct shmpub_error *err);
/* In place of what stands there, in one step. On failure nothing changed; the draft is discarded. */
int segment_place(struct segment_live *live, struct segment_draft *d, struct shmpub_error *err);
void segment_discard(struct segment_draft *d);

bool segment_stands(const struct segment_live *live);
/* Take the name away if it is still ours. */
void segment_remove(struct segment_live *live);

#endif
