/*
 * A named piece of shared memory outside the instance, for readers that know only its
 * name. segment_posix.c: a file in /dev/shm, where shm_open(3) and Python's SharedMemory
 * look; each version is a file of its own, renamed over the last one. segment_win32.c: a
 * named mapping, as Python's mmap and SharedMemory open it; each version is written over
 * the last one, since a name cannot mean another mapping while somebody has the old one.
 *
 * Use:      segment_claim, then for each version segment_begin, _write, _place.
 * Threads:  a draft is made and written on a worker; the rest is the loop thread's.
 * Lifetime: SEGMENT_DRAFT_NONE may be discarded; placing leaves it so. What is placed
 *           stays when the process ends (POSIX), and segment_sweep() of the next one finds
 *           it; or goes with the process and its last reader (Windows).
 * Errors:   SHMPUB_ERR_SYS, SHMPUB_ERR_NOMEM, SHMPUB_ERR_OWNER (the name is somebody
 *           else's), SHMPUB_ERR_BUSY (another process of this user serves it).
 */
#ifndef SHMPUBD_SEGMENT_H
#define SHMPUBD_SEGMENT_H

#include <stdbool.h>
#include "base/buffer.h"
#include "base/span.h"
#include "shm/shm.h"

#define SEGMENT_NAME_SIZE 48

/* What a version is to be. */
struct segment_form {
	const char *name;
	const char *instance;
	struct shm_access access;
	/*
	 * The first bytes, which tell readers how many follow; 0: there are none such. Where a
	 * version is written over the last one, they are zero meanwhile, and written last.
	 */
	size_t word_size;
	/* Bytes to have from the beginning, where a segment cannot grow later; 0: judged by the first. */
	uint64_t room;
};

struct segment_draft {
	char name[SEGMENT_NAME_SIZE]; /* "": not begun */
	/* POSIX */
	int fd;
	char hidden[2 * SEGMENT_NAME_SIZE + 8];
	/* Windows */
	struct buffer bytes;
	struct shm_access access;
	size_t word_size;
	uint64_t room;
};
#define SEGMENT_DRAFT_NONE ((struct segment_draft){ .fd = -1, .bytes = BUFFER_NONE })

static inline bool segment_is_begun(const struct segment_draft *d)
{
	return d->name[0] != '\0';
}

/* A name that is claimed and what we put under it; name "": nothing. */
struct segment_live {
	char name[SEGMENT_NAME_SIZE];
	intptr_t lock; /* held while `name` is claimed: a descriptor, a handle */
	/* POSIX */
	uint64_t device, inode, size;
	int64_t mtime_ns;
	/* Windows; memory 0: nothing stands */
	intptr_t memory;
	char *view;
	size_t view_size, used; /* in bytes; used: by the version that stands */
	size_t word_size;
	size_t lacks; /* bytes of a version that found no room; 0: none did not */
};

/* NULL, or what a segment's name has to look like here. */
const char *segment_name_problem(struct span name);
/* Names that surely mean one segment have one key; NULL of NULL. */
const char *segment_name_key(const char *name);

/*
 * Make the name ours against other processes, or see that it still is. `place` tells who
 * we are: the path of the instance's directory. On failure nothing is claimed, and what we
 * put under the name before is left.
 */
int segment_claim(struct segment_live *live, const char *name, const char *place,
                  struct shmpub_error *err);
/* The strings of `form` are copied. */
int segment_begin(struct segment_draft *out, const struct segment_form *form,
                  struct shmpub_error *err);
int segment_write(struct segment_draft *d, struct span bytes, struct shmpub_error *err);
/*
 * In place of what stands under the claimed name: in one step on POSIX. On failure what stood
 * is there as it was; the draft is discarded.
 */
int segment_place(struct segment_live *live, struct segment_draft *d, struct shmpub_error *err);
void segment_discard(struct segment_draft *d);

/* What was put under the name is there and, where that can be seen, as it was put. */
bool segment_stands(const struct segment_live *live);
/* What stands, if it is still ours, gets another mode and group. */
int segment_set_access(const struct segment_live *live, const struct shm_access *access,
                       struct shmpub_error *err);
/* Take the name away if what stands is ours, and give the claim back. */
void segment_remove(struct segment_live *live);
/* Give the claim back and leave what stands, where it can stay without us. */
void segment_release(struct segment_live *live);

/*
 * Take away what a process that was killed left of the instance at `place` under names
 * that are not `wanted` any more. Only when no process serves that instance.
 */
void segment_sweep(const char *place, const char *instance,
                   bool (*wanted)(void *arg, const char *name), void *arg);

#endif
