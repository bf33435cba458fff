#include "shm/shm_posix.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"

/*
 * shm.h on Linux: on which file systems segments may be recycled.
 *
 * On an overlay file system (the root of most containers) a mapping refers to a file of
 * the layer below. So once a reader has closed its descriptor, the kernel grants a write
 * lease on a file that the reader still has mapped. This is found out by trying it: map a
 * file as a reader does, and ask for a lease as a publisher does. A network file system
 * does not know of readers on other machines; these are recognised by their number.
 */

#define NAME_TRIES 8

static const struct {
	uint32_t magic;
	const char *name;
} networks[] = {
	{ 0x00006969u, "NFS" },   { 0x0000517Bu, "SMB" },    { 0xFF534D42u, "CIFS" },
	{ 0xFE534D42u, "SMB2" },  { 0x01021997u, "9P" },     { 0x65735546u, "FUSE" },
	{ 0x00C36400u, "Ceph" },  { 0x0BD00BD0u, "Lustre" }, { 0x5346414Fu, "AFS" },
	{ 0x6B414653u, "AFS" },   { 0x73757245u, "Coda" },   { 0x01161970u, "GFS2" },
	{ 0x7461636Fu, "OCFS2" }, { 0x786F4256u, "vboxsf" },
};

static const char *network_of(const struct shm_dir *dir)
{
	struct statfs fs;

	if (fstatfs(dir->fd, &fs) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		if ((uint32_t)fs.f_type == networks[i].magic)
			return networks[i].name;
	}
	return NULL;
}

/*
 * Make a file, open it twice, and remove its name. The name has the form of a hidden segment, so
 * that a publisher removes the file if this process dies in between. Returns 0 or errno.
 */
static int open_twice(int fds[2], const struct shm_dir *dir)
{
	char name[48];
	int sys;

	for (int i = 0; i < NAME_TRIES; i++) {
		snprintf(name, sizeof(name), ".probe.%llu", (unsigned long long)shm_random());
		fds[0] = shm_openat(dir->fd, name, O_RDWR | O_CREAT | O_EXCL | SHM_FILE_FLAGS,
		                    0600);
		if (fds[0] >= 0 || errno != EEXIST)
			break;
	}
	if (fds[0] < 0)
		return errno;
	fds[1] = shm_openat(dir->fd, name, O_RDONLY | SHM_FILE_FLAGS, 0);
	sys = errno;
	(void)unlinkat(dir->fd, name, 0);
	if (fds[1] >= 0)
		return 0;
	close(fds[0]);
	return sys;
}

/* Returns 0 if the lease was granted although the file is mapped; else the reason, as errno. */
static int lease_while_mapped(int fds[2])
{
	size_t size = shm_page_size();
	void *addr;
	int sys = ftruncate(fds[0], (off_t)size) != 0 ? errno : 0;

	if (sys != 0)
		return sys;
	addr = mmap(NULL, size, PROT_READ, MAP_SHARED, fds[1], 0);
	if (addr == MAP_FAILED)
		return errno;
	close(fds[1]); /* as readers do */
	fds[1] = -1;
	sys = fcntl(fds[0], F_SETSIG, SIGURG) != 0 || fcntl(fds[0], F_SETLEASE, F_WRLCK) != 0
	              ? errno
	              : 0;
	munmap(addr, size);
	return sys;
}

int shm_dir_recycles(const struct shm_dir *dir, struct shmpub_error *err)
{
	const char *network = network_of(dir);
	int fds[2] = { -1, -1 }, sys;

	if (network != NULL) {
		(void)error_set(err, SHMPUB_ERR_SYS,
		                "%s is on %s, where it cannot be known who has a snapshot: no "
		                "memory is used again, and only readers on this machine are woken",
		                dir->path, network);
		return SHM_UNFIT;
	}
	sys = open_twice(fds, dir);
	if (sys != 0)
		return error_sys(err, sys, "create a file in %s", dir->path);
	sys = lease_while_mapped(fds);
	close(fds[0]); /* ends the lease, if there is one */
	if (fds[1] >= 0)
		close(fds[1]);
	if (sys == EAGAIN || sys == EBUSY)
		return 0;
	if (sys == 0)
		(void)error_set(err, SHMPUB_ERR_SYS,
		                "%s: its file system (overlay?) does not tell who has a snapshot "
		                "mapped, so no memory is used again; a tmpfs does",
		                dir->path);
	else
		(void)error_sys(err, sys,
		                "%s: no lease on a file can be had, so no memory is used again; a "
		                "tmpfs has them",
		                dir->path);
	return SHM_UNFIT;
}
