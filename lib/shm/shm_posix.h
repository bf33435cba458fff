/*
 * What the files of shm_*posix.c share. Nobody else includes this.
 */
#ifndef SHMPUB_SHM_POSIX_H
#define SHMPUB_SHM_POSIX_H

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/shm.h"

/*
 * O_NONBLOCK: open() must not wait for a lease, nor for the other end if somebody put a FIFO there.
 */
#define SHM_FILE_FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
/* How often to try again when another process was faster; after that it is taken for an attack. */
#define SHM_RETRIES 64

/*
 * In a program whose standard descriptors are closed, open() returns their numbers, and
 * what the program prints would be written into a segment. So a descriptor with one of
 * these numbers is replaced by a copy with a greater one. `fd` -1 is returned as it is,
 * and errno is kept.
 */
static inline int shm_above_standard(int fd)
{
	int moved, sys;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	sys = errno;
	close(fd);
	errno = sys;
	return moved;
}

/* openat(2), never with the number of a standard descriptor. */
static inline int shm_openat(int dir, const char *name, int flags, mode_t mode)
{
	return shm_above_standard(openat(dir, name, flags, mode));
}

/*
 * SHMPUB_ERR_ACCESS and a message with owner, group and mode of `name`, a file or directory in
 * `dir`.
 */
int shm_denied(int dir, const char *name, const char *path, struct shmpub_error *err);

void shm_user_of_uid(struct shm_user *out, uid_t uid);

static inline struct shm_id shm_id_of(const struct stat *st)
{
	return (struct shm_id){ .space = st->st_dev, .number = st->st_ino };
}

static inline void shm_fill_stat(struct shm_stat *out, const struct stat *st)
{
	out->id = shm_id_of(st);
	out->size = (uint64_t)st->st_size;
	out->blocks_size = (uint64_t)st->st_blocks * 512;
	shm_user_of_uid(&out->owner, st->st_uid);
	out->gid = st->st_gid;
	out->mode = st->st_mode & 07777;
}

/*
 * Set *st if the name means the file that is mapped, else return false. The descriptor is open, so no
 * other file can have the inode's number meanwhile.
 */
static inline bool shm_stat_in_place(struct stat *st, const struct shm_map *map,
                                     const struct shm_dir *dir, const char *name)
{
	struct shm_id id;

	if (fstatat(dir->fd, name, st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	id = shm_id_of(st);
	return shm_id_equal(&id, &map->id);
}

/* True when the name means the regular file that is open. A symbolic link does not. */
static inline bool shm_same_file(int fd, int dir, const char *name)
{
	struct stat own, at;

	return fstat(fd, &own) == 0 && fstatat(dir, name, &at, AT_SYMLINK_NOFOLLOW) == 0 &&
	       own.st_dev == at.st_dev && own.st_ino == at.st_ino && S_ISREG(own.st_mode);
}

#endif
