#include "shm/shm_posix.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"

/*
 * shm.h on Linux: segments, which are mapped files of a tmpfs.
 *
 * Writing to a page is SIGBUS when the tmpfs is full. So posix_fallocate() allocates every
 * page before it is written, and returns an error when the file system is full.
 */

#define POPULATE_SIZE (1u << 20) /* the fewest bytes for which madvise() is worth its call */

/* --- segments, writing ------------------------------------------------------------------------ */

size_t shm_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static int make_room(int fd, size_t offset, size_t size)
{
	int r;

	do
		r = posix_fallocate(fd, (off_t)offset, (off_t)size);
	while (r == EINTR);
	return r;
}

static int give_group(int fd, const struct shm_access *access)
{
	if (access->gid >= 0 && fchown(fd, (uid_t)-1, (gid_t)access->gid) != 0)
		return errno;
	return 0;
}

static int set_access(int fd, const struct shm_access *access)
{
	mode_t mode = (mode_t)access->mode;
	int sys = give_group(fd, access);

	if (sys != 0 && !access->may_lack_group)
		return sys;
	if (sys != 0)
		mode &= 0700; /* the file has another group, which must not read it */
	return fchmod(fd, mode) != 0 ? errno : 0;
}

int shm_access_set(const struct shm_map *map, const struct shm_access *access,
                   struct shmpub_error *err)
{
	int sys = set_access(map->fd, access);

	return sys != 0 ? error_sys(err, sys, "mode %04o and group %lld of a file in shared memory",
	                            access->mode, (long long)access->gid)
	                : 0;
}

int shm_access_set_name(const struct shm_dir *dir, const char *name, const struct shm_id *id,
                        const struct shm_access *access, struct shmpub_error *err)
{
	int fd = shm_openat(dir->fd, name, O_RDONLY | SHM_FILE_FLAGS, 0), sys = 0, r = 0;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? SHM_ABSENT
		                       : error_sys(err, errno, "open %s/%s", dir->path, name);
	if (fstat(fd, &st) != 0)
		sys = errno;
	else if ((uint64_t)st.st_dev != id->space || (uint64_t)st.st_ino != id->number)
		r = SHM_ABSENT;
	else
		sys = set_access(fd, access);
	close(fd);
	return sys != 0 ? error_sys(err, sys, "mode %04o of %s/%s", access->mode, dir->path, name)
	                : r;
}

/*
 * Map all pages at once, which saves a page fault for each: filling 80 MB takes 65 ms
 * instead of 85. Kernels without MADV_POPULATE_WRITE map them by faults as usual.
 */
static void populate(const struct shm_map *map, size_t from, size_t to)
{
#ifdef MADV_POPULATE_WRITE
	from -= from % shm_page_size();
	if (to > from && to - from >= POPULATE_SIZE)
		(void)madvise((char *)map->addr + from, to - from, MADV_POPULATE_WRITE);
#else
	(void)map, (void)from, (void)to;
#endif
}

static int map_shared(struct shm_map *map, size_t size)
{
	void *addr;

	if (size == 0)
		return 0;
	addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map->fd, 0);
	if (addr == MAP_FAILED)
		return errno;
	map->addr = addr;
	map->size = size;
	return 0;
}

int shm_create_sparse(struct shm_map *out, const struct shm_dir *dir, const char *name, size_t size,
                      size_t room, const struct shm_access *access, struct shmpub_error *err)
{
	struct shm_map map = SHM_MAP_NONE;
	struct stat st;
	int sys = 0;

	*out = SHM_MAP_NONE;
	if (size > (size_t)PTRDIFF_MAX)
		return error_set(err, SHMPUB_ERR_LIMIT,
		                 "%s/%s: %zu bytes are more than a file can have", dir->path, name,
		                 size);
	/* 0600 until it is sealed, so that nobody else can open an incomplete segment. */
	map.fd = shm_openat(dir->fd, name, O_RDWR | O_CREAT | O_EXCL | SHM_FILE_FLAGS, 0600);
	if (map.fd < 0)
		return error_sys(err, errno, "create a file in %s", dir->path);
	if (fstat(map.fd, &st) != 0)
		sys = errno;
	else
		map.id = shm_id_of(&st);
	if (sys == 0 && !access->may_lack_group)
		sys = give_group(map.fd, access);
	if (sys == 0 && room > 0)
		sys = make_room(map.fd, 0, room);
	if (sys == 0 && size > room && ftruncate(map.fd, (off_t)size) != 0)
		sys = errno;
	if (sys == 0)
		sys = map_shared(&map, size);
	map.is_writable = true;
	if (sys != 0) {
		shm_discard(&map);
		(void)unlinkat(dir->fd, name, 0);
		return error_sys(err, sys, "create a file of %zu bytes in %s", size, dir->path);
	}
	populate(&map, 0, room);
	*out = map;
	return 0;
}

int shm_create(struct shm_map *out, const struct shm_dir *dir, const char *name, size_t size,
               const struct shm_access *access, struct shmpub_error *err)
{
	return shm_create_sparse(out, dir, name, size, size, access, err);
}

int shm_room(const struct shm_map *map, size_t offset, size_t size, struct shmpub_error *err)
{
	int sys = size == 0 ? 0 : make_room(map->fd, offset, size);

	return sys != 0 ? error_sys(err, sys, "%zu more bytes of shared memory", size) : 0;
}

/*
 * The thread sanitizer does not know mremap(): it would report races between accesses to
 * the old addresses and later accesses to other memory there. So mmap() and munmap() are
 * used instead when it is on.
 */
static void *move_mapping(const struct shm_map *map, size_t size)
{
#ifdef __SANITIZE_THREAD__
	void *addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map->fd, 0);

	if (addr != MAP_FAILED)
		munmap(map->addr, map->size);
	return addr;
#else
	return mremap(map->addr, map->size, size, MREMAP_MAYMOVE);
#endif
}

static int remap(struct shm_map *map, size_t size)
{
	size_t page = shm_page_size();
	void *addr;

	if (map->addr == NULL)
		return map_shared(map, size);
	if (size == 0) {
		munmap(map->addr, map->size);
		addr = NULL;
	} else if ((size - 1) / page == (map->size - 1) / page) {
		addr = map->addr; /* the same pages */
	} else {
		addr = move_mapping(map, size);
	}
	if (addr == MAP_FAILED)
		return errno;
	map->addr = addr;
	map->size = size;
	return 0;
}

int shm_resize(struct shm_map *map, size_t size, struct shmpub_error *err)
{
	size_t before = map->size;
	int sys = 0;

	if (size > (size_t)PTRDIFF_MAX)
		return error_set(err, SHMPUB_ERR_LIMIT, "%zu bytes are more than a file can have",
		                 size);
	if (size > before)
		sys = make_room(map->fd, before, size - before);
	if (sys == 0)
		sys = remap(
		        map,
		        size); /* before the file shrinks: no page may be mapped beyond its end */
	if (sys == 0 && size < before && ftruncate(map->fd, (off_t)size) != 0)
		sys = errno;
	if (sys == 0) {
		populate(map, before, size);
		return 0;
	}
	if (size > before && ftruncate(map->fd, (off_t)before) != 0)
		sys = errno; /* the file stays larger than the mapping, which is harmless */
	return error_sys(err, sys, "shared memory from %zu to %zu bytes", before, size);
}

/* Under the lease nobody but the owner can have changed the mode and the group since it was taken. */
static bool has_access(const struct shm_map *map, const struct shm_access *access)
{
	return map->is_leased && map->leased_mode == access->mode &&
	       (access->gid < 0 || map->leased_gid == access->gid);
}

int shm_seal(struct shm_map *map, size_t size, const struct shm_access *access,
             struct shmpub_error *err)
{
	int sys, r = 0;

	if (!shm_lease_holds(map))
		return SHM_BUSY;
	if (size != map->size)
		r = shm_resize(map, size, err);
	if (r != 0)
		return r;
	sys = has_access(map, access) ? 0 : set_access(map->fd, access);
	if (sys != 0)
		return error_sys(err, sys, "seal a segment of %zu bytes", size);
	return shm_lease_return(map);
}

/* By its number: musl before 1.2.6 and glibc before 2.28 have no function of this name. */
static int rename_with(int fd, const char *from, const char *to, unsigned flags)
{
	return (int)syscall(SYS_renameat2, fd, from, fd, to, flags);
}

/*
 * Exchange the names if `stable` exists, else rename. Another process may make or remove `stable`
 * between the two calls: then both are tried again.
 */
int shm_place(const struct shm_dir *dir, const char *hidden, const char *stable, bool *exchanged,
              struct shmpub_error *err)
{
	*exchanged = false;
	for (int i = 0; i < SHM_RETRIES; i++) {
		if (rename_with(dir->fd, hidden, stable, RENAME_EXCHANGE) == 0) {
			*exchanged = true;
			return 0;
		}
		if (errno != ENOENT)
			break;
		if (rename_with(dir->fd, hidden, stable, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	if ((errno == EINVAL || errno == ENOSYS) && renameat(dir->fd, hidden, dir->fd, stable) == 0)
		return 0;
	return error_sys(err, errno, "rename a file to %s/%s", dir->path, stable);
}

bool shm_map_is_in_place(const struct shm_map *map, const struct shm_dir *dir, const char *name)
{
	struct stat st;

	return map->fd >= 0 && shm_stat_in_place(&st, map, dir, name);
}

void shm_discard(struct shm_map *map)
{
	if (map->addr != NULL)
		munmap(map->addr, map->size);
	if (map->fd >= 0)
		close(map->fd);
	*map = SHM_MAP_NONE;
}

uint64_t shm_descriptor_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 256;
}

/* --- segments, reading ------------------------------------------------------------------------ */

static int not_opened(const struct shm_dir *dir, const char *name, int flags, int sys,
                      struct shmpub_error *err)
{
	char path[sizeof(dir->path) + 64];

	if (sys == ENOENT)
		return SHM_ABSENT;
	if (sys != EACCES || flags != O_RDONLY)
		return error_sys(err, sys, "open %s/%s", dir->path, name);
	snprintf(path, sizeof(path), "%s/%s", dir->path, name);
	return shm_denied(dir->fd, name, path, err);
}

static int map_name(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                    const char *name, int flags, struct shmpub_error *err)
{
	int prot = flags == O_RDWR ? PROT_READ | PROT_WRITE : PROT_READ;
	struct shm_map map = SHM_MAP_NONE;
	struct stat st;
	int r = 0;

	*out = SHM_MAP_NONE;
	/*
	 * EWOULDBLOCK: the file is being recycled, so the name means another file by now: try
	 * again.
	 */
	for (int i = 0; i < SHM_RETRIES && map.fd < 0; i++) {
		map.fd = shm_openat(dir->fd, name, flags | SHM_FILE_FLAGS, 0);
		if (map.fd < 0 && errno != EWOULDBLOCK && errno != EINTR)
			break;
	}
	if (map.fd < 0)
		return not_opened(dir, name, flags, errno, err);
	if (fstat(map.fd, &st) != 0) {
		r = error_sys(err, errno, "stat %s/%s", dir->path, name);
	} else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > PTRDIFF_MAX) {
		r = error_set(err, SHMPUB_ERR_FORMAT, "%s/%s: not a regular file", dir->path, name);
	} else if (st.st_size > 0) {
		map.addr = mmap(NULL, (size_t)st.st_size, prot, MAP_SHARED, map.fd, 0);
		map.size = (size_t)st.st_size;
		if (map.addr == MAP_FAILED) {
			r = error_sys(err, errno, "map %s/%s", dir->path, name);
			map.addr = NULL;
		}
	}
	if (r == 0) {
		shm_fill_stat(stat, &st);
		map.id = stat->id;
		*out = map;
		map = SHM_MAP_NONE;
	}
	shm_discard(&map);
	return r;
}

int shm_map_write(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                  const char *name, struct shmpub_error *err)
{
	int r = map_name(out, stat, dir, name, O_RDWR, err);

	out->is_writable = r == 0;
	return r;
}

int shm_map_read(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                 const char *name, struct shmpub_error *err)
{
	int r = map_name(out, stat, dir, name, O_RDONLY, err);

	if (r == 0) {
		close(out->fd);
		out->fd = -1;
	}
	return r;
}

int shm_map_snapshot(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                     const char *name, uint64_t number, uint64_t size, struct shmpub_error *err)
{
	(void)number, (void)size; /* the name is enough, and the file knows its size */
	return shm_map_read(out, stat, dir, name, err);
}

int shm_stat_map(struct shm_stat *out, const struct shm_map *map, struct shmpub_error *err)
{
	struct stat st;

	if (fstat(map->fd, &st) != 0)
		return error_sys(err, errno, "stat of a segment");
	shm_fill_stat(out, &st);
	return 0;
}

/* The bytes of one page, the word loaded first: whatever it refers to was written before it. */
static void copy_page(char *to, const char *from, size_t size, size_t word_at)
{
	uint32_t word = load_acquire_u32((const uint32_t *)(const void *)(from + word_at));

	memcpy(to, from, size);
	memcpy(to + word_at, &word, sizeof(word));
}

int shm_freeze(const struct shm_map *map, size_t at, struct shmpub_error *err)
{
	size_t page = shm_page_size(), from = at - at % page;
	size_t size = map->size - from < page ? map->size - from : page;
	char *where = (char *)map->addr + from, *copy = mem_alloc(page);
	void *own = MAP_FAILED;
	int sys = 0;

	if (copy == NULL)
		return error_nomem(err, page);
	copy_page(copy, where, size, at - from);
	own = mmap(where, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
	           0);
	if (own == MAP_FAILED)
		sys = errno;
	else
		memcpy(own, copy, size);
	if (sys == 0 && mprotect(own, page, PROT_READ) != 0)
		sys = errno;
	mem_free(copy);
	return sys != 0 ? error_sys(err, sys, "a page of a snapshot that grows") : 0;
}
