/*
 * A named piece of shared memory outside the instance, for readers that know only its name: it
 * carries the plain layouts (docs/FORMAT.md). segment_posix.c makes a file in /dev/shm, where
 * shm_open(3) and Python's SharedMemory look; each version is a new file, renamed over the last
 * one. segment_win32.c makes a named mapping, as Python's mmap and SharedMemory open it; each
 * version is written over the last one, since a name cannot mean another mapping while somebody
 * has the old one open.
 *
 * Use:      segment_claim, then for each version segment_begin, segment_write, segment_place.
 * Threads:  a draft may be begun and written on a worker; the other functions belong to the loop
 *           thread.
 * Lifetime: a draft must be placed or discarded. Both leave it SEGMENT_DRAFT_NONE, of which
 *           discarding is a no-op. A placed version outlives the process on POSIX, where the next
 *           process finds it by segment_sweep(); on Windows it goes with the process and its last
 *           reader.
 * Errors:   SHMPUB_ERR_SYS, SHMPUB_ERR_NOMEM, SHMPUB_ERR_OWNER (the name belongs to another
 *           user), SHMPUB_ERR_BUSY (another process of this user serves the name),
 *           SHMPUB_ERR_LIMIT (Windows: the mapping is too small and kept open by others).
 */
#ifndef SHMPUBD_SEGMENT_H
#define SHMPUBD_SEGMENT_H

#include <stdbool.h>
#include "base/buffer.h"
#include "base/span.h"
#include "shm/shm.h"

#define SEGMENT_NAME_SIZE 48

/* Describes a version before it is written. */
struct segment_form {
	const char *name;
	const char *instance;
	struct shm_access access;
	/*
	 * Size of the word at the beginning that tells readers how many bytes follow; 0: the
	 * layout has none. Where a version is written over the last one, the word is zero
	 * meanwhile, and written last.
	 */
	size_t word_size;
	/*
	 * Bytes to reserve at first, where a segment cannot grow later; 0: chosen by the first
	 * version.
	 */
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

/* A claimed name and the version that we placed under it. name "": none is claimed. */
struct segment_live {
	char name[SEGMENT_NAME_SIZE];
	intptr_t lock; /* held while the name is claimed: a descriptor or a handle */
	/* POSIX */
	uint64_t device, inode, size;
	int64_t mtime_ns;
	/* Windows; memory 0: no version is placed */
	intptr_t memory;
	char *view;
	size_t view_size, used; /* in bytes; used: by the placed version */
	size_t word_size;
	size_t lacks; /* size of the last version, if it found no room; else 0 */
};

/* NULL if the name may be a segment's; else a message that says how such names look. */
const char *segment_name_problem(struct span name);
/* Two names that surely mean the same segment have the same key. NULL for NULL. */
const char *segment_name_key(const char *name);

/*
 * Claims the name for this process, or checks that the claim still holds. Another claimed name
 * is given up, and its version removed. `place` identifies us to other processes: the path of
 * the instance's directory. On failure nothing new is claimed, and what we placed before stays.
 */
int segment_claim(struct segment_live *live, const char *name, const char *place,
                  struct shmpub_error *err);
/* Begins a version. The strings of `form` are copied. */
int segment_begin(struct segment_draft *out, const struct segment_form *form,
                  struct shmpub_error *err);
/* Appends bytes to the draft. */
int segment_write(struct segment_draft *d, struct span bytes, struct shmpub_error *err);
/* Overwrites the first bytes, form.word_size of them, which have been written already. */
int segment_set_word(struct segment_draft *d, struct span word, struct shmpub_error *err);
/*
 * Puts the draft in place of the version under the claimed name; on POSIX in one step. The
 * draft is consumed. On failure the version before stays as it was.
 */
int segment_place(struct segment_live *live, struct segment_draft *d, struct shmpub_error *err);
/* Drops a draft that was not placed. */
void segment_discard(struct segment_draft *d);

/* True when the version that we placed is still there and, where that can be seen, unchanged. */
bool segment_stands(const struct segment_live *live);
/* Gives the placed version, if it is still ours, another mode and group. */
int segment_set_access(const struct segment_live *live, const struct shm_access *access,
                       struct shmpub_error *err);
/* Removes the version under the name if it is ours, and gives up the claim. */
void segment_remove(struct segment_live *live);
/* Gives up the claim and leaves the version, where it can stay without us. */
void segment_release(struct segment_live *live);

/*
 * Removes segments that a killed process of the instance at `place` has left, if their names
 * are not `wanted` any more. Only to be called while no process serves that instance.
 */
void segment_sweep(const char *place, const char *instance,
                   bool (*wanted)(void *arg, const char *name), void *arg);

#endif
