#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/error.h"

/*
 * A new file is written under a hidden name and renamed over the name: a reader opens
 * the old version or the new one. /dev/shm is everybody's (1777), so nothing there is
 * trusted: files are made with O_EXCL, links are not followed, and a name that belongs
 * to another user is left alone, even by root.
 *
 * Room comes from write(): a full tmpfs is ENOSPC there, and would be SIGBUS in a mapping.
 */

static int open_directory(struct shmpub_error *err)
{
	int fd = open(SHMPUB_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		error_sys(err, errno, "%s", SHMPUB_DIRECTORY);
	return fd;
}

static int check_owner(int dir, const char *name, struct shmpub_error *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? SHMPUB_OK
		                       : error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, SHMPUB_ERR_OWNER, "%s/%s: it is there and not a segment",
		                 SHMPUB_DIRECTORY, name);
	if (st.st_uid != geteuid())
		return error_set(err, SHMPUB_ERR_OWNER, "%s/%s: it belongs to the user %u",
		                 SHMPUB_DIRECTORY, name, (unsigned)st.st_uid);
	return SHMPUB_OK;
}

static int set_access(int fd, const struct shm_access *access, const char *name,
                      struct shmpub_error *err)
{
	if (access->gid >= 0 && fchown(fd, (uid_t)-1, (gid_t)access->gid) != 0)
		return error_sys(err, errno, "%s/%s: group %lld", SHMPUB_DIRECTORY, name,
		                 (long long)access->gid);
	if (fchmod(fd, (mode_t)access->mode) != 0)
		return error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, name);
	return SHMPUB_OK;
}

int segment_begin(struct segment_draft *out, const char *name, const char *instance,
                  const struct shm_access *access, struct shmpub_error *err)
{
	struct segment_draft d = SEGMENT_DRAFT_NONE;
	int dir = open_directory(err), r;

	if (dir < 0)
		return SHMPUB_ERR_SYS;
	snprintf(d.name, sizeof(d.name), "%s", name);
	snprintf(d.hidden, sizeof(d.hidden), ".%s.%s", name, instance);
	r = check_owner(dir, d.name, err);
	if (r)
		goto out;
	(void)unlinkat(dir, d.hidden, 0); /* left by a crash; if it cannot be, O_EXCL tells */
	d.fd = openat(dir, d.hidden, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (d.fd < 0) {
		r = error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, d.hidden);
		goto out;
	}
	r = set_access(d.fd, access, name, err);
	if (r)
		goto out;
	*out = d;
	d = SEGMENT_DRAFT_NONE;
out:
	segment_discard(&d);
	close(dir);
	return r;
}

int segment_write(struct segment_draft *d, struct span bytes, struct shmpub_error *err)
{
	ssize_t n;

	while (bytes.size) {
		n = write(d->fd, bytes.data, bytes.size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, d->name);
		bytes = span_of(bytes.data + n, bytes.size - (size_t)n);
	}
	return SHMPUB_OK;
}

int segment_place(struct segment_live *live, struct segment_draft *d, struct shmpub_error *err)
{
	struct stat st;
	int dir = open_directory(err), r = SHMPUB_ERR_SYS;

	if (dir < 0)
		goto out;
	r = check_owner(dir, d->name, err);
	if (r)
		goto out;
	if (fstat(d->fd, &st) != 0 || renameat(dir, d->hidden, dir, d->name) != 0) {
		r = error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, d->name);
		goto out;
	}
	if (strcmp(live->name, d->name) != 0)
		segment_remove(live); /* the configuration gave it another name */
	snprintf(live->name, sizeof(live->name), "%s", d->name);
	live->device = (uint64_t)st.st_dev;
	live->inode = (uint64_t)st.st_ino;
	close(d->fd);
	*d = SEGMENT_DRAFT_NONE;
out:
	segment_discard(d);
	if (dir >= 0)
		close(dir);
	return r;
}

void segment_discard(struct segment_draft *d)
{
	int dir;

	if (d->fd >= 0) {
		close(d->fd);
		dir = open_directory(NULL);
		if (dir >= 0) {
			(void)unlinkat(dir, d->hidden, 0);
			close(dir);
		}
	}
	*d = SEGMENT_DRAFT_NONE;
}

static bool stands_in(int dir, const struct segment_live *live)
{
	struct stat st;

	return fstatat(dir, live->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (uint64_t)st.st_dev == live->device && (uint64_t)st.st_ino == live->inode;
}

bool segment_stands(const struct segment_live *live)
{
	int dir = open_directory(NULL);
	bool stands = dir >= 0 && stands_in(dir, live);

	if (dir >= 0)
		close(dir);
	return stands;
}

void segment_remove(struct segment_live *live)
{
	int dir = live->name[0] ? open_directory(NULL) : -1;

	if (dir >= 0) {
		if (stands_in(dir, live))
			(void)unlinkat(dir, live->name, 0);
		close(dir);
	}
	*live = (struct segment_live){ .name = "" };
}
