#include "shm/shm_posix.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/name.h"

/*
 * shm.h on Linux: the instance's directory.
 *
 * Only its owner can write in an instance's directory, so nobody else can take or replace
 * a name in it. The directory is opened once, and all names are resolved in that
 * descriptor without following symbolic links. Owner and mode are those that fstat() tells
 * of the descriptor: the path may mean another directory a moment later.
 */

#define CHANGE_SHOWS_NS ((int64_t)20 * 1000 * 1000) /* longer than the tick of file times */
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* --- directory ------------------------------------------------------------------------------- */

int shm_denied(int dir, const char *name, const char *path, struct shmpub_error *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		error_set(
		        err, SHMPUB_ERR_ACCESS,
		        "%s: permission denied for uid %u: its mode is %04o, its owner uid %u, its "
		        "group gid %u (file_mode and group of the publisher decide who may read)",
		        path, (unsigned)geteuid(), (unsigned)st.st_mode & 07777,
		        (unsigned)st.st_uid, (unsigned)st.st_gid);
	else
		error_set(err, SHMPUB_ERR_ACCESS,
		          "%s: permission denied for uid %u: a directory above is closed", path,
		          (unsigned)geteuid());
	if (err != NULL)
		err->sys = EACCES;
	return SHMPUB_ERR_ACCESS;
}

static int open_base(int *out, const char *directory, bool may_be_absent, struct shmpub_error *err)
{
	*out = shm_openat(AT_FDCWD, directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (*out >= 0)
		return 0;
	return errno == ENOENT && may_be_absent ? SHM_ABSENT
	                                        : error_sys(err, errno, "open %s", directory);
}

static int set_path(struct shm_dir *dir, const char *directory, const char *instance,
                    struct shmpub_error *err)
{
	int n = snprintf(dir->path, sizeof(dir->path), "%s%s%s", directory,
	                 instance[0] != '\0' ? "/" : "", instance);

	if (n < 0 || (size_t)n >= sizeof(dir->path))
		return error_set(err, SHMPUB_ERR_INVALID, "directory %s: longer than %zu bytes",
		                 directory, sizeof(dir->path) - 1);
	return 0;
}

static int open_instance(struct shm_dir *out, const char *directory, const char *instance,
                         bool make, struct shmpub_error *err)
{
	struct shm_dir dir = SHM_DIR_NONE;
	bool is_made = false;
	int base, r, unmade = 0;

	*out = SHM_DIR_NONE;
	if (!name_is_instance(span_str(instance)))
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "instance name \"%s\": want 1 to 40 of A-Z a-z 0-9 _ -, "
		                 "not beginning with -",
		                 instance);
	r = set_path(&dir, directory, instance, err);
	if (r == 0)
		r = open_base(&base, directory, !make, err);
	if (r != 0)
		return r;
	if (make) {
		is_made = mkdirat(base, instance, 0755) == 0;
		unmade = is_made ? 0 : errno;
	}
	dir.fd = shm_openat(base, instance, DIR_FLAGS, 0);
	if (dir.fd < 0 && errno == ENOENT && !make)
		r = SHM_ABSENT;
	else if (dir.fd < 0 && errno == EACCES && !make)
		r = shm_denied(base, instance, dir.path, err);
	else if (dir.fd < 0 && errno == ENOENT) /* why it could not be made is the reason */
		r = error_sys(err, unmade, "make %s", dir.path);
	else if (dir.fd < 0)
		r = error_sys(err, errno, "open %s", dir.path);
	else if (is_made && fchmod(dir.fd, 0755) != 0) /* mkdirat() applied the umask */
		r = error_sys(err, errno, "chmod %s", dir.path);
	close(base);
	if (r == 0) {
		*out = dir;
		dir = SHM_DIR_NONE;
	}
	shm_dir_close(&dir);
	return r;
}

int shm_dir_open(struct shm_dir *out, const char *directory, const char *instance,
                 struct shmpub_error *err)
{
	return open_instance(out, directory, instance, false, err);
}

/* Another user who can write in the directory could replace the segments by others. */
static int check_ours(const struct shm_dir *dir, struct shmpub_error *err)
{
	struct stat st;

	if (fstat(dir->fd, &st) != 0)
		return error_sys(err, errno, "stat %s", dir->path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return error_set(err, SHMPUB_ERR_OWNER, "%s belongs to user %u, not to %u",
		                 dir->path, (unsigned)st.st_uid, (unsigned)geteuid());
	if ((st.st_mode & 022) != 0)
		return error_set(err, SHMPUB_ERR_OWNER,
		                 "%s may be written by others (mode %04o, want 0755)", dir->path,
		                 (unsigned)st.st_mode & 07777);
	return 0;
}

int shm_dir_make(struct shm_dir *out, const char *directory, const char *instance,
                 struct shmpub_error *err)
{
	int r = open_instance(out, directory, instance, true, err);

	if (r == 0)
		r = check_ours(out, err);
	if (r != 0)
		shm_dir_close(out);
	return r;
}

int shm_dir_base(struct shm_dir *out, const char *directory, struct shmpub_error *err)
{
	int r;

	*out = SHM_DIR_NONE;
	r = set_path(out, directory, "", err);
	if (r == 0)
		r = open_base(&out->fd, directory, false, err);
	return r;
}

bool shm_names_persist(void)
{
	return true;
}

bool shm_dir_is_in_place(const struct shm_dir *dir)
{
	struct stat at, own;

	return fstat(dir->fd, &own) == 0 && lstat(dir->path, &at) == 0 && at.st_dev == own.st_dev &&
	       at.st_ino == own.st_ino;
}

int64_t shm_dir_changed_ns(const struct shm_dir *dir)
{
	struct stat own;
	int64_t changed_ns;

	if (fstat(dir->fd, &own) != 0)
		return 0;
	changed_ns = (int64_t)own.st_mtim.tv_sec * 1000000000 + own.st_mtim.tv_nsec;
	return changed_ns < shm_now_ns() - CHANGE_SHOWS_NS ? changed_ns : 0;
}

/*
 * Whoever makes the lock anew in between has a directory that cannot be removed. Whoever opened the
 * directory before finds no place for a lock in it, and starts no publisher.
 */
void shm_dir_remove(const struct shm_dir *dir)
{
	struct stat own;

	if (!shm_dir_is_in_place(dir) || fstat(dir->fd, &own) != 0 || own.st_uid != geteuid())
		return;
	(void)unlinkat(dir->fd, "lock", 0);
	(void)rmdir(dir->path);
}

void shm_dir_close(struct shm_dir *dir)
{
	if (dir->fd >= 0)
		close(dir->fd);
	*dir = SHM_DIR_NONE;
}

int shm_dir_owner(struct shm_user *out, const struct shm_dir *dir, struct shmpub_error *err)
{
	struct stat st;

	if (fstat(dir->fd, &st) != 0)
		return error_sys(err, errno, "stat %s", dir->path);
	shm_user_of_uid(out, st.st_uid);
	return 0;
}

int shm_dir_each(const struct shm_dir *dir, void (*fn)(void *arg, const char *name), void *arg,
                 struct shmpub_error *err)
{
	int fd = shm_openat(dir->fd, ".", DIR_FLAGS, 0);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int sys;

	if (stream == NULL) {
		sys = errno;
		if (fd >= 0)
			close(fd);
		return error_sys(err, sys, "read %s", dir->path);
	}
	errno = 0;
	while ((entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			fn(arg, entry->d_name);
		errno = 0;
	}
	sys = errno;
	closedir(stream);
	return sys != 0 ? error_sys(err, sys, "read %s", dir->path) : 0;
}

int shm_stat_name(struct shm_stat *out, const struct shm_dir *dir, const char *name,
                  struct shmpub_error *err)
{
	struct stat st;

	if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? SHM_ABSENT
		                       : error_sys(err, errno, "stat %s/%s", dir->path, name);
	shm_fill_stat(out, &st);
	return 0;
}

int shm_remove(const struct shm_dir *dir, const char *name, struct shmpub_error *err)
{
	if (unlinkat(dir->fd, name, 0) != 0 && errno != ENOENT)
		return error_sys(err, errno, "unlink %s/%s", dir->path, name);
	return 0;
}

uint64_t shm_dir_free(const struct shm_dir *dir)
{
	struct statvfs fs;

	/* A tmpfs without a limit says that it has no blocks. */
	if (fstatvfs(dir->fd, &fs) != 0 || fs.f_blocks == 0)
		return UINT64_MAX;
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}
