/*
 * What a platform must provide. shm_*posix.c and shm_*win32.c implement it; no other file in
 * lib/ includes a system header.
 *
 * What is the same on all systems. To a publisher an instance is a directory of names. It makes
 * segments under hidden names, seals them, and lets each replace another one in one step. A reader
 * finds the catalog by the name `catalog`, and a snapshot by its feed's descriptor in the catalog.
 * The bytes of a mapped snapshot do not change while it is mapped.
 *
 * What differs. On Linux an instance is a directory of a file system: every process sees its names,
 * and they stay when the publisher dies (shm_names_persist()). On Windows it is a set of sections,
 * which are named by numbers and vanish with their last user. There the publisher's process keeps a
 * table of names, and readers find a snapshot by its section's number, which is in the descriptor.
 * docs/decisions/19 explains this.
 *
 * Threads:  a shm_dir may be used from any thread; a shm_map belongs to one thread at
 *           a time, and may be handed to another.
 * Lifetime: SHM_DIR_NONE and SHM_MAP_NONE may be closed or discarded, and closing
 *           leaves them so. A mapping stays valid when its name is removed and its
 *           descriptor closed.
 * Errors:   SHMPUB_ERR_SYS with the call, the path and the reason, unless a function
 *           says otherwise.
 */
#ifndef SHMPUB_SHM_SHM_H
#define SHMPUB_SHM_SHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "shm/shm_user.h"
#include "shmpub/shmpub.h"

/* Positive answers of the functions below, besides SHMPUB_OK. */
enum shm_answer {
	SHM_ABSENT = 20,      /* no such name */
	SHM_BUSY = 21,        /* another process has the lock, or has the segment open or mapped */
	SHM_TIMEOUT = 22,     /* the timeout passed */
	SHM_INTERRUPTED = 23, /* a signal handler ran */
	SHM_UNFIT = 24,       /* a directory where segments must not be recycled */
};

struct shm_names;

/*
 * The open directory of an instance. Names are resolved in it, and symbolic links are not followed.
 *
 * A member `fd`, here and in the headers beside this one, is a file descriptor, or on Windows a
 * handle. An int can hold it, because only 32 bits of a handle that can be shared are significant
 * ("Interprocess Communication Between 32-bit and 64-bit Applications").
 */
struct shm_dir {
	int fd;
	struct shm_names *names; /* Windows: the publisher's table of names; else NULL */
	char path[256];          /* for messages */
};
#define SHM_DIR_NONE ((struct shm_dir){ .fd = -1 })

/* Who may read a file or section, as a mode and a group. */
struct shm_access {
	unsigned mode;       /* of snapshots and catalog: 0644, 0640, ... */
	int64_t gid;         /* -1: the group of this process */
	bool may_lack_group; /* if the group cannot be set: only the owner may read */
};

static inline bool shm_access_equal(const struct shm_access *a, const struct shm_access *b)
{
	return a->mode == b->mode && a->gid == b->gid;
}

/* True when all users that may read by `b` may also read by `a`; false when that is not certain. */
static inline bool shm_access_covers(const struct shm_access *a, const struct shm_access *b)
{
	if ((a->mode & 044) == 044 || (b->mode & 044) == 0)
		return true;
	return (b->mode & 04) == 0 && (a->mode & 040) != 0 && a->gid == b->gid;
}

/* No two segments have the same: device and inode, or on Windows the number. */
struct shm_id {
	uint64_t space, number;
};

struct shm_map {
	void *addr;
	size_t size;      /* bytes mapped */
	int fd;           /* writers only; -1 otherwise */
	struct shm_id id; /* writers only */
	uint64_t number;  /* Windows: of the section, by which readers find it; else 0 */
	bool is_writable;
	bool is_leased;       /* there is a write lease on the file: see shm_recycle() */
	int64_t leased_ns;    /* monotonic: when the lease was taken, or a little earlier */
	unsigned leased_mode; /* mode and group that the file had under the lease */
	int64_t leased_gid;
};
#define SHM_MAP_NONE ((struct shm_map){ .fd = -1 })

static inline bool shm_id_equal(const struct shm_id *a, const struct shm_id *b)
{
	return a->space == b->space && a->number == b->number;
}

/* What the system knows of a segment. */
struct shm_stat {
	struct shm_id id;
	uint64_t size, blocks_size; /* blocks_size: bytes of memory that are allocated */
	struct shm_user owner;
	int64_t gid;
	unsigned mode;
};

/* --- directory ------------------------------------------------------------------------------- */

/*
 * Open <directory>/<instance>. SHM_ABSENT: one of the two does not exist. SHMPUB_ERR_ACCESS: this
 * user may not open it. On anything but SHMPUB_OK *out is SHM_DIR_NONE.
 */
int shm_dir_open(struct shm_dir *out, const char *directory, const char *instance,
                 struct shmpub_error *err);
/*
 * The same, and make it (0755) when it does not exist. SHMPUB_ERR_OWNER: it belongs to another
 * user, or others may write in it.
 */
int shm_dir_make(struct shm_dir *out, const char *directory, const char *instance,
                 struct shmpub_error *err);
/* Open <directory> itself: the segments of the plain layouts lie there, beside the instances. */
int shm_dir_base(struct shm_dir *out, const char *directory, struct shmpub_error *err);
/*
 * True on Linux: every process sees the names, and they stay when the process that made them ends.
 */
bool shm_names_persist(void);
/*
 * The bytes that are free in the file system of the directory, for this user. UINT64_MAX: unknown, as on
 * Windows, where segments are no files.
 */
uint64_t shm_dir_free(const struct shm_dir *dir);
/* True while its path still means the directory that is open. */
bool shm_dir_is_in_place(const struct shm_dir *dir);
/*
 * When a name in the directory was last made, removed or given to another file, by the directory's own
 * time. 0: not known here, or so lately that another change may have the same time.
 */
int64_t shm_dir_changed_ns(const struct shm_dir *dir);
/*
 * For the publisher, which has the lock and has removed everything else: removes the lock and the
 * directory, which stays open here. It stays where it is when it is another user's, or when there is
 * something else in it. On Windows there is nothing to remove.
 */
void shm_dir_remove(const struct shm_dir *dir);
void shm_dir_close(struct shm_dir *dir);
int shm_dir_owner(struct shm_user *out, const struct shm_dir *dir, struct shmpub_error *err);
/*
 * Call fn for every name in the directory, in any order; fn may remove the name that it was given.
 */
int shm_dir_each(const struct shm_dir *dir, void (*fn)(void *arg, const char *name), void *arg,
                 struct shmpub_error *err);
/* SHM_ABSENT: there is no such name. */
int shm_stat_name(struct shm_stat *out, const struct shm_dir *dir, const char *name,
                  struct shmpub_error *err);
/* SHMPUB_OK also when there is no such name. */
int shm_remove(const struct shm_dir *dir, const char *name, struct shmpub_error *err);

/* --- one publisher per instance --------------------------------------------------------------- */

struct shm_lock;

/*
 * Take the exclusive lock of the instance, the file `lock`. The caller keeps *out as long as it
 * publishes. SHM_BUSY: the process *pid has the lock (0: unknown). A child of fork() does not have
 * its parent's locks.
 */
int shm_lock(struct shm_lock **out, uint64_t *pid, const struct shm_dir *dir,
             struct shmpub_error *err);
/* False in a child of the process that took it. */
bool shm_lock_is_ours(const struct shm_lock *lock);
/* The process that took it. */
uint64_t shm_lock_pid(const struct shm_lock *lock);
/* [any thread] True while it is ours, and the name `lock` still means the file that is locked. */
bool shm_lock_is_in_place(const struct shm_lock *lock, const struct shm_dir *dir);
/* NULL is fine. */
void shm_unlock(struct shm_lock *lock);

/* --- segments, writing ------------------------------------------------------------------------ */

/*
 * Make and map a file of `size` zero bytes under a hidden name, which only the owner may open. Its
 * memory is allocated at once: a full file system is an error here, not SIGBUS at a later write.
 */
int shm_create(struct shm_map *out, const struct shm_dir *dir, const char *name, size_t size,
               const struct shm_access *access, struct shmpub_error *err);
/* The same, but only the first `room` bytes are allocated; see shm_room(). */
int shm_create_sparse(struct shm_map *out, const struct shm_dir *dir, const char *name, size_t size,
                      size_t room, const struct shm_access *access, struct shmpub_error *err);
/* Allocate [offset, offset + size) of a sparse file, so that writing there cannot be SIGBUS. */
int shm_room(const struct shm_map *map, size_t offset, size_t size, struct shmpub_error *err);
/* Map an existing file for writing. SHM_ABSENT: there is none. An empty file has addr NULL. */
int shm_map_write(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                  const char *name, struct shmpub_error *err);
int shm_stat_map(struct shm_stat *out, const struct shm_map *map, struct shmpub_error *err);
/* Set mode and group of a file without sealing it. */
int shm_access_set(const struct shm_map *map, const struct shm_access *access,
                   struct shmpub_error *err);
/* The same for the segment `id` under a name. SHM_ABSENT: the name means another one, or none. */
int shm_access_set_name(const struct shm_dir *dir, const char *name, const struct shm_id *id,
                        const struct shm_access *access, struct shmpub_error *err);
/*
 * Change the size of file and mapping. addr and number may change. On failure the map is unchanged.
 */
int shm_resize(struct shm_map *map, size_t size, struct shmpub_error *err);
/*
 * The contents are complete: set size, mode and group, and give back the lease. The mapping stays,
 * and the caller does not write to it any more. SHM_BUSY: the lease was lost, and a reader may
 * see the contents; then the map may only be read and discarded.
 */
int shm_seal(struct shm_map *map, size_t size, const struct shm_access *access,
             struct shmpub_error *err);
/*
 * Rename `hidden` to `stable` in one step. *exchanged: there was a file `stable`, and it has the
 * name `hidden` now.
 */
int shm_place(const struct shm_dir *dir, const char *hidden, const char *stable, bool *exchanged,
              struct shmpub_error *err);
/* For publishers: true while the name still means the file that is mapped. */
bool shm_map_is_in_place(const struct shm_map *map, const struct shm_dir *dir, const char *name);
/* Unmap and close. The name stays. A lease ends with the descriptor. */
void shm_discard(struct shm_map *map);

/*
 * --- segments, recycling ----------------------------------------------------------------------
 *
 * To recycle is to fill a replaced segment again. That needs a write lease (fcntl(2),
 * F_SETLEASE): the kernel grants it only when nobody else has the file open or mapped, and
 * while it is held, an open() of the file waits. After fs.lease-break-time seconds of
 * waiting the kernel takes the lease away, so the lease is checked again at the end.
 */

/*
 * SHMPUB_OK: in this directory leases tell whether anybody has a file, so segments may be recycled.
 * SHM_UNFIT: they do not (overlay, network file systems, no leases at all), and `err` says why. A
 * failure: it could not be found out, for example because no file can be made there.
 */
int shm_dir_recycles(const struct shm_dir *dir, struct shmpub_error *err);
/*
 * Make the sealed segment `name` writable again under a write lease. SHM_BUSY: somebody else has it
 * open or mapped. SHM_ABSENT: somebody changed its size, or the name means another file or none, so
 * the segment cannot be used. SHMPUB_ERR_SYS: there are no leases here.
 */
int shm_recycle(struct shm_map *map, const struct shm_dir *dir, const char *name,
                struct shmpub_error *err);
/* False when somebody may have opened the file since shm_recycle(). True if there is no lease. */
bool shm_lease_holds(const struct shm_map *map);
/*
 * Give back the lease of shm_recycle(). Nobody may write through the map any more; it can be
 * recycled again. SHM_BUSY: the lease was lost, as with shm_seal().
 */
int shm_lease_return(struct shm_map *map);
/* Truncate a leased file to no bytes, if the lease still holds, and discard the map. */
void shm_empty(struct shm_map *map);
/*
 * SHMPUB_OK: nobody else has it open or mapped. SHM_BUSY: somebody has. Negative: it cannot be
 * known.
 */
int shm_probe(const struct shm_map *map);
int shm_probe_name(const struct shm_dir *dir, const char *name);
/* How many descriptors this process may have open. */
uint64_t shm_descriptor_limit(void);
size_t shm_page_size(void);

/* --- segments, reading ------------------------------------------------------------------------ */

/*
 * Map the file under a name, read-only and shared, and close its descriptor. SHM_ABSENT: there is
 * none. SHMPUB_ERR_ACCESS: this user may not read it. Where names do not persist, readers can map
 * `catalog` only.
 */
int shm_map_read(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                 const char *name, struct shmpub_error *err);
/*
 * The same for the newest snapshot of a feed: the file `name`; or on Windows, where readers see no
 * names, the first `size` bytes of the section `number`. Number and size come from the catalog, and
 * are checked. SHM_ABSENT: there is no such segment, for example because it was replaced after the
 * catalog was read.
 */
int shm_map_snapshot(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                     const char *name, uint64_t number, uint64_t size, struct shmpub_error *err);

/*
 * For a map made for reading: the page with the four bytes at `at`, a multiple of 4, becomes this process's own,
 * as it is now. What the file's owner writes into it later is not seen. The four bytes are loaded once.
 */
int shm_freeze(const struct shm_map *map, size_t at, struct shmpub_error *err);

/* --- clocks and random numbers ---------------------------------------------------------------- */

int64_t shm_now_ns(void); /* wall clock, ns since 1970 UTC */
int64_t shm_monotonic_ns(void);
uint64_t shm_random(void); /* from the system's generator */

/* --- processes -------------------------------------------------------------------------------- */

/* Identifies a process to others: docs/FORMAT.md, "Is the publisher alive". 0: unknown. */
struct shm_process {
	uint64_t pid;
	uint64_t start; /* the time when it started, in the kernel's own unit */
	uint64_t space; /* the namespace that pid belongs to */
};

enum shm_life { SHM_LIFE_UNKNOWN = 0, SHM_LIFE_ALIVE, SHM_LIFE_GONE };

uint64_t shm_pid(void);
/* Resident memory of this process, in bytes; 0: unknown. */
uint64_t shm_resident_bytes(void);
void shm_process_self(struct shm_process *out);
/*
 * Does that process exist? Unknown when its namespace is unknown, or not that of this process. A
 * zombie counts as gone, and so does a process whose pid now belongs to one with another start.
 */
enum shm_life shm_process_life(const struct shm_process *process);

#endif
