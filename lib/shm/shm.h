/*
 * What a platform must provide. shm_*posix.c and shm_*win32.c implement it; nothing else in
 * lib/ includes a system header.
 *
 * What both promise. A publisher sees its instance as a directory of names: it makes segments
 * under hidden names, seals them, and puts them in place of others in one step. A reader finds
 * `catalog` by its name and a snapshot by what the catalog says, and what it has mapped stays as
 * it is for as long as it is mapped.
 *
 * Where the two differ. On Linux an instance is a directory of a file system: its names are there
 * for every process, and stay when the publisher dies (shm_names_persist()). On Windows it is a
 * set of named sections, which have numbers and end with their last user: the publisher's process
 * keeps the names, and readers find a snapshot by the number of its section, which the catalog
 * tells. The whole of this is docs/decisions/19.
 *
 * Threads:  a shm_dir may be used from any thread; a shm_map belongs to whoever
 *           holds it and may be handed over.
 * Lifetime: SHM_DIR_NONE and SHM_MAP_NONE may be closed or discarded, and
 *           closing leaves them so. A mapping outlives its name and descriptor.
 * Errors:   SHMPUB_ERR_SYS with the call, the path and the reason, unless said.
 */
#ifndef SHMPUB_SHM_SHM_H
#define SHMPUB_SHM_SHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "shm/shm_user.h"
#include "shmpub/shmpub.h"

/* Answers of this header, besides SHMPUB_OK. */
enum shm_answer {
	SHM_ABSENT = 20,      /* no such name */
	SHM_BUSY = 21,        /* somebody else has it: a lock, or a segment that is still in use */
	SHM_TIMEOUT = 22,     /* the time given passed first */
	SHM_INTERRUPTED = 23, /* a signal handler ran */
	SHM_UNFIT = 24,       /* a directory where segments must not be recycled */
};

struct shm_names;

/*
 * An instance's directory, opened; names below are resolved in it, never through links.
 *
 * A `fd` of this header and those beside it is a descriptor. On Windows it is a handle: of one that
 * can be shared 32 bits are significant ("Interprocess Communication Between 32-bit and 64-bit
 * Applications").
 */
struct shm_dir {
	int fd;
	struct shm_names *names; /* of a publisher, where no file system keeps them; else NULL */
	char path[256];          /* for messages */
};
#define SHM_DIR_NONE ((struct shm_dir){ .fd = -1 })

/* Who may read, and who owns what is made. */
struct shm_access {
	unsigned mode;       /* of snapshots and catalog: 0644, 0640, ... */
	int64_t gid;         /* -1: the process's own */
	bool may_lack_group; /* a group that cannot be given: the owner alone, instead of a failure */
};

static inline bool shm_access_equal(const struct shm_access *a, const struct shm_access *b)
{
	return a->mode == b->mode && a->gid == b->gid;
}

/* Does `a` let everybody read whom `b` lets read? In doubt: no. */
static inline bool shm_access_covers(const struct shm_access *a, const struct shm_access *b)
{
	if ((a->mode & 044) == 044 || (b->mode & 044) == 0)
		return true;
	return (b->mode & 04) == 0 && (a->mode & 040) != 0 && a->gid == b->gid;
}

struct shm_map {
	void *addr;
	size_t size;     /* bytes mapped */
	int fd;          /* writers only; -1 otherwise */
	uint64_t number; /* what readers find it by where names are not for them; else 0 */
	bool is_writable;
	bool is_leased;    /* recycled under a write lease: see shm_recycle() */
	int64_t leased_ns; /* since when, monotonic */
};
#define SHM_MAP_NONE ((struct shm_map){ .fd = -1 })

/* Tells a segment from every other one: device and inode, or what else never comes twice. */
struct shm_id {
	uint64_t space, number;
};

static inline bool shm_id_equal(const struct shm_id *a, const struct shm_id *b)
{
	return a->space == b->space && a->number == b->number;
}

/* What stands under a name. */
struct shm_stat {
	struct shm_id id;
	uint64_t size, blocks_size; /* blocks_size: bytes of memory really used */
	struct shm_user owner;
	int64_t gid;
	unsigned mode;
};

/* --- directory ------------------------------------------------------------------------------- */

/* Open <directory>/<instance>; SHM_ABSENT when it, or the directory, is not there; SHMPUB_ERR_ACCESS. */
int shm_dir_open(struct shm_dir *out, const char *directory, const char *instance,
                 struct shmpub_error *err);
/* The same, made (0755) when absent; refuses a directory that is not ours (SHMPUB_ERR_OWNER). */
int shm_dir_make(struct shm_dir *out, const char *directory, const char *instance,
                 struct shmpub_error *err);
/* <directory> itself, for the article's segments, which lie beside the instances. */
int shm_dir_base(struct shm_dir *out, const char *directory, struct shmpub_error *err);
/* Do names stay when the process that made them ends, and are they there for every process? */
bool shm_names_persist(void);
/* True while the directory still stands under its path. */
bool shm_dir_stands(const struct shm_dir *dir);
void shm_dir_close(struct shm_dir *dir);
int shm_dir_owner(struct shm_user *out, const struct shm_dir *dir, struct shmpub_error *err);
/* Call fn for every name in it, in no order; fn may unlink the name it was given. */
int shm_dir_each(const struct shm_dir *dir, void (*fn)(void *arg, const char *name), void *arg,
                 struct shmpub_error *err);
/* SHM_ABSENT; never follows a link. */
int shm_stat_name(struct shm_stat *out, const struct shm_dir *dir, const char *name,
                  struct shmpub_error *err);
/* Gone already is success. */
int shm_remove(const struct shm_dir *dir, const char *name, struct shmpub_error *err);

/* --- one daemon per instance ------------------------------------------------------------------ */

struct shm_lock;

/*
 * Take the exclusive lock on `lock`; *out is to be held as long as the instance is ours.
 * SHM_BUSY: somebody has it, and *pid is theirs (0: unknown). A child of fork() does not
 * have its parent's locks.
 */
int shm_lock(struct shm_lock **out, uint64_t *pid, const struct shm_dir *dir,
             struct shmpub_error *err);
/* False in a child of the process that took it. */
bool shm_lock_is_ours(const struct shm_lock *lock);
/* Of the process that took it. */
uint64_t shm_lock_pid(const struct shm_lock *lock);
/* [any thread] True while it is ours, and the name still means the file that is locked. */
bool shm_lock_stands(const struct shm_lock *lock, const struct shm_dir *dir);
/* NULL is fine. */
void shm_unlock(struct shm_lock *lock);

/* --- segments, writing ------------------------------------------------------------------------ */

/* A new, empty, mapped file under a hidden name; room for `size` bytes is really there (ENOSPC now, not SIGBUS later). */
int shm_create(struct shm_map *out, const struct shm_dir *dir, const char *name, size_t size,
               const struct shm_access *access, struct shmpub_error *err);
/* The same with holes: only the first `room` bytes are really there; see shm_room(). */
int shm_create_sparse(struct shm_map *out, const struct shm_dir *dir, const char *name, size_t size,
                      size_t room, const struct shm_access *access, struct shmpub_error *err);
/* Memory behind [offset, offset + size) of a sparse file, so that writing there cannot be SIGBUS. */
int shm_room(const struct shm_map *map, size_t offset, size_t size, struct shmpub_error *err);
/* Map a file of our own for writing again; SHM_ABSENT. An empty file has addr NULL. */
int shm_map_write(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                  const char *name, struct shmpub_error *err);
int shm_stat_map(struct shm_stat *out, const struct shm_map *map, struct shmpub_error *err);
/* Give a file its mode and group without sealing it. */
int shm_access_set(const struct shm_map *map, const struct shm_access *access,
                   struct shmpub_error *err);
/* The same for the segment `id` that stands under a name; SHM_ABSENT: another one does, or none. */
int shm_access_set_name(const struct shm_dir *dir, const char *name, const struct shm_id *id,
                        const struct shm_access *access, struct shmpub_error *err);
/* Grow or shrink, file and mapping; addr may move, and number change. On failure the map is as it was. */
int shm_resize(struct shm_map *map, size_t size, struct shmpub_error *err);
/*
 * Final size, final mode; the mapping stays, but nobody writes through it any more, and
 * a lease is given back.
 * SHM_BUSY: the lease was lost, somebody may look at what was written; the map is
 * only good for reading and shm_discard().
 */
int shm_seal(struct shm_map *map, size_t size, const struct shm_access *access,
             struct shmpub_error *err);
/* Put `hidden` in place of `stable` in one step; what stood there is then under `hidden` (*exchanged). */
int shm_place(const struct shm_dir *dir, const char *hidden, const char *stable, bool *exchanged,
              struct shmpub_error *err);
/* True while the name still means the file that is mapped. Writers only. */
bool shm_map_stands(const struct shm_map *map, const struct shm_dir *dir, const char *name);
/* Unmap and close; the name is not touched. A lease goes with the descriptor. */
void shm_discard(struct shm_map *map);

/*
 * --- segments, recycling ----------------------------------------------------------------------
 *
 * A write lease is granted only when nobody else has the file open or mapped, and
 * as long as it is held whoever opens the file waits. It can be broken by force when
 * somebody has waited for fs.lease-break-time, so it is looked at again at the end.
 */

/*
 * Does a lease tell who has a file in this directory, so that segments may be recycled in it?
 * SHM_UNFIT: it does not (overlay, network file systems, no leases at all), and `err` has a line
 * that says why. A failure: it could not be asked, as when nothing can be written there.
 */
int shm_dir_recycles(const struct shm_dir *dir, struct shmpub_error *err);
/*
 * Make a sealed segment writable again under a write lease. SHM_BUSY: somebody has it.
 * SHM_ABSENT: somebody changed its size, so it is of no use any more.
 * SHMPUB_ERR_SYS: leases cannot be had here.
 */
int shm_recycle(struct shm_map *map, struct shmpub_error *err);
/* False when somebody may have been let in since shm_recycle(). True without a lease to lose. */
bool shm_lease_holds(const struct shm_map *map);
/*
 * Gives back the lease of shm_recycle(); nobody writes through the map any more, and it may be
 * recycled again. SHM_BUSY: the lease was lost, as with shm_seal().
 */
int shm_lease_return(struct shm_map *map);
/* Leave an empty file behind and give the lease back; the map is discarded. */
void shm_empty(struct shm_map *map);
/* Does anybody else have it open or mapped: SHMPUB_OK (nobody), SHM_BUSY, negative: cannot be known. */
int shm_probe(const struct shm_map *map);
int shm_probe_name(const struct shm_dir *dir, const char *name);
/* How many descriptors this process may have open. */
uint64_t shm_descriptor_limit(void);
size_t shm_page_size(void);

/* --- segments, reading ------------------------------------------------------------------------ */

/*
 * Map what stands under a name, read-only and shared; SHM_ABSENT, SHMPUB_ERR_ACCESS. The
 * descriptor is closed again. Where names do not persist, other processes see `catalog` only.
 */
int shm_map_read(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                 const char *name, struct shmpub_error *err);
/*
 * The same for the newest snapshot of a feed: what stands under its name, or, where names are
 * not for readers, the segment of that number, of which `size` bytes are mapped. Both come from
 * the catalog and are not believed: SHM_ABSENT when there is no such segment, as when it was
 * replaced since the catalog was read.
 */
int shm_map_snapshot(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                     const char *name, uint64_t number, uint64_t size, struct shmpub_error *err);

/* --- time and chance -------------------------------------------------------------------------- */

int64_t shm_now_ns(void); /* wall clock, ns since 1970 UTC */
int64_t shm_monotonic_ns(void);
uint64_t shm_random(void); /* for epochs; from the system */

/* --- processes -------------------------------------------------------------------------------- */

/* A process as others may know it again: docs/FORMAT.md, "Is the publisher alive". 0: unknown. */
struct shm_process {
	uint64_t pid;
	uint64_t start; /* when it started, in the kernel's own unit */
	uint64_t space; /* the namespace in which pid means something */
};

enum shm_life { SHM_LIFE_UNKNOWN = 0, SHM_LIFE_ALIVE, SHM_LIFE_GONE };

uint64_t shm_pid(void);
/* Bytes of memory that this process has resident; 0: unknown. */
uint64_t shm_resident_bytes(void);
void shm_process_self(struct shm_process *out);
/*
 * Does that process live? Unknown where its namespace is not ours (or not known). A zombie
 * is gone, and so is a process whose pid belongs to one that started at another time.
 */
enum shm_life shm_process_life(const struct shm_process *process);

#endif
