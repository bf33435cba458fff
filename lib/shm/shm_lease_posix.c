#include "shm/shm_posix.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

/*
 * shm.h on Linux: leases, by which a publisher knows that nobody has a segment.
 *
 * The kernel grants a lease (fcntl(2), F_SETLEASE) only if nobody else has the file open or
 * mapped. When somebody opens the file, it sends a signal to the holder of the lease. The
 * default, SIGIO, would end a program that does not handle it, so the signal is set to
 * SIGURG, which is ignored by default.
 */

/* The kernel takes a lease away after fs.lease-break-time: at least one second (0: never). */
#define LEASE_SAFE_NS INT64_C(1000000000)

/* The signal is set each time, because the kernel forgets it when the lease is returned. */
static int take_lease(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG) != 0)
		return errno;
	return fcntl(fd, F_SETLEASE, F_WRLCK) != 0 ? errno : 0;
}

static void return_lease(int fd)
{
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
}

int shm_lease_return(struct shm_map *map)
{
	map->is_writable = false;
	if (!map->is_leased)
		return 0;
	if (!shm_lease_holds(map))
		return SHM_BUSY;
	map->is_leased = false;
	return_lease(map->fd);
	return 0;
}

int shm_recycle(struct shm_map *map, const struct shm_dir *dir, const char *name,
                struct shmpub_error *err)
{
	/*
	 * The time is taken before the lease: this thread may be suspended after the call, while
	 * somebody already waits for the lease.
	 */
	int64_t now_ns = shm_monotonic_ns();
	int sys = take_lease(map->fd);
	struct stat st;

	if (sys == EAGAIN || sys == EBUSY)
		return SHM_BUSY;
	if (sys != 0)
		return error_sys(err, sys, "lease on a segment");
	/* If the file was truncated, writing would be SIGBUS. */
	if (!shm_stat_in_place(&st, map, dir, name) || (uint64_t)st.st_size != map->size) {
		return_lease(map->fd);
		return SHM_ABSENT;
	}
	map->is_writable = true;
	map->is_leased = true;
	map->leased_ns = now_ns;
	map->leased_mode = st.st_mode & 07777;
	map->leased_gid = st.st_gid;
	return 0;
}

/*
 * F_GETLEASE no longer answers F_WRLCK as soon as an open() waits for the lease, when it
 * still holds. So before LEASE_SAFE_NS have passed, in which the kernel cannot take the
 * lease away, F_GETLEASE is not asked.
 */
bool shm_lease_holds(const struct shm_map *map)
{
	if (!map->is_leased || shm_monotonic_ns() - map->leased_ns < LEASE_SAFE_NS)
		return true;
	return fcntl(map->fd, F_GETLEASE) == F_WRLCK;
}

void shm_empty(struct shm_map *map)
{
	/* Without the lease a reader may have it mapped, and reading would then be SIGBUS. */
	if (map->is_leased && shm_lease_holds(map) && ftruncate(map->fd, 0) != 0)
		(void)0;
	shm_discard(map);
}

static int probe(int fd)
{
	int sys = take_lease(fd);

	if (sys == 0) {
		return_lease(fd);
		return 0;
	}
	return sys == EAGAIN || sys == EBUSY ? SHM_BUSY : SHMPUB_ERR_SYS;
}

int shm_probe(const struct shm_map *map)
{
	return map->fd >= 0 ? probe(map->fd) : SHMPUB_ERR_SYS;
}

int shm_probe_name(const struct shm_dir *dir, const char *name)
{
	int fd = shm_openat(dir->fd, name, O_RDONLY | SHM_FILE_FLAGS, 0);
	int r;

	if (fd < 0)
		return SHMPUB_ERR_SYS;
	r = probe(fd);
	close(fd);
	return r;
}
