#include "segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/error.h"
#include "base/name.h"

/*
 * Each version is a new file that is written under a hidden name and renamed over the name: a
 * reader opens the old version or the new one. Everybody may create files in /dev/shm (mode
 * 1777), so nothing there is trusted: files are made with O_EXCL, links are not followed, and a
 * name that belongs to another user is left alone, even by root.
 *
 * A lock file `.NAME~` (mode 0600) stands beside NAME. The process that serves the name holds
 * it locked, and writes into it who it is. The segment itself cannot be the lock: its file
 * changes with every refresh, and whoever may read the file could lock it. The kernel releases
 * the lock when the process dies; the file then tells the next start what is left over. No
 * segment's name may contain '~', so `.NAME~` is never the hidden file of another segment.
 *
 * The room is taken by write(), because a full tmpfs is ENOSPC there, and SIGBUS in a mapping.
 */

#define LOCK_NAME_SIZE (SEGMENT_NAME_SIZE + 2)
#define LOCK_TEXT_SIZE (PATH_MAX + 32) /* "PLACE\nPID\n" */
#define LOCK_TRIES 8

const char *segment_name_problem(struct span name)
{
	if (name_is_feed(name))
		return NULL;
	return "a name under /dev/shm wanted: 1 to 40 of A-Z a-z 0-9 _ . -, not beginning with '.' "
	       "or '-'";
}

const char *segment_name_key(const char *name)
{
	return name;
}

static int open_directory(struct shmpub_error *err)
{
	int fd = open(SHMPUB_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		error_sys(err, errno, "%s", SHMPUB_DIRECTORY);
	return fd;
}

/* Only a regular file of our own user may stand under a name. */
static int judge_owner(const struct stat *st, const char *name, struct shmpub_error *err)
{
	if (!S_ISREG(st->st_mode))
		return error_set(err, SHMPUB_ERR_OWNER, "%s/%s is there and not a segment",
		                 SHMPUB_DIRECTORY, name);
	if (st->st_uid != geteuid())
		return error_set(err, SHMPUB_ERR_OWNER, "%s/%s belongs to the user %u",
		                 SHMPUB_DIRECTORY, name, (unsigned)st->st_uid);
	return SHMPUB_OK;
}

static int check_owner(int dir, const char *name, struct shmpub_error *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return judge_owner(&st, name, err);
	return errno == ENOENT ? SHMPUB_OK : error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, name);
}

/* --- claims ------------------------------------------------------------------------------------ */

static void lock_name(char out[LOCK_NAME_SIZE], const char *name)
{
	snprintf(out, LOCK_NAME_SIZE, ".%s~", name);
}

/*
 * Tries without O_CREAT first: in a sticky directory such as /dev/shm the kernel may refuse
 * O_CREAT for existing files of other users.
 */
static int open_lock(int dir, const char *name, bool creates)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dir, name, flags);

	if (fd < 0 && errno == ENOENT && creates)
		fd = openat(dir, name, flags | O_CREAT | O_EXCL, 0600);
	return fd;
}

/* True when the open file still has the name: the former holder may have removed it. */
static bool has_name(int dir, const char *name, int fd)
{
	struct stat st, there;

	return fstat(fd, &st) == 0 && fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == there.st_dev && st.st_ino == there.st_ino;
}

/* Reads who holds the lock, as the file says. *pid is 0 when it does not say. */
static void read_lock(char place[LOCK_TEXT_SIZE], unsigned long *pid, int fd)
{
	ssize_t n = pread(fd, place, LOCK_TEXT_SIZE - 1, 0);
	char *end;

	place[n > 0 ? n : 0] = '\0';
	end = strchr(place, '\n');
	*pid = end != NULL ? strtoul(end + 1, NULL, 10) : 0;
	if (end != NULL)
		*end = '\0';
}

static int write_lock(int fd, const char *place, const char *name, struct shmpub_error *err)
{
	char text[LOCK_TEXT_SIZE];
	int n = snprintf(text, sizeof(text), "%s\n%ld\n", place, (long)getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != (ssize_t)n)
		return error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, name);
	return SHMPUB_OK;
}

static int refuse_for_holder(int fd, struct shmpub_error *err)
{
	char place[LOCK_TEXT_SIZE];
	unsigned long pid;

	read_lock(place, &pid, fd);
	return error_set(err, SHMPUB_ERR_BUSY, "process %lu serves this name for %s", pid, place);
}

/* Locks the file. SHM_ABSENT: somebody has removed the file meanwhile; try again. */
static int lock_open(int dir, const char *name, int fd, struct shmpub_error *err)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) != 0)
		return error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, name);
	r = judge_owner(&st, name, err);
	if (r)
		return r;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK
		               ? refuse_for_holder(fd, err)
		               : error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, name);
	return has_name(dir, name, fd) ? SHMPUB_OK : SHM_ABSENT;
}

static int take_lock(int *out, int dir, const char *segment, const char *place,
                     struct shmpub_error *err)
{
	char name[LOCK_NAME_SIZE];
	int fd = -1, r = SHM_ABSENT;

	lock_name(name, segment);
	for (int i = 0; i < LOCK_TRIES && r == SHM_ABSENT; i++) {
		if (fd >= 0)
			close(fd);
		fd = open_lock(dir, name, true);
		if (fd < 0 && (errno == ENOENT || errno == EEXIST))
			continue; /* another process has removed or made it just now */
		r = fd < 0 ? error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, name)
		           : lock_open(dir, name, fd, err);
	}
	if (r == SHM_ABSENT)
		r = error_set(err, SHMPUB_ERR_BUSY, "%s/%s: it comes and goes", SHMPUB_DIRECTORY,
		              name);
	if (!r)
		r = write_lock(fd, place, name, err);
	if (r && fd >= 0)
		close(fd);
	*out = r ? -1 : fd;
	return r;
}

static bool is_claimed(const struct segment_live *live, const char *name, int dir)
{
	char lock[LOCK_NAME_SIZE];

	lock_name(lock, name);
	return strcmp(live->name, name) == 0 && has_name(dir, lock, (int)live->lock);
}

int segment_claim(struct segment_live *live, const char *name, const char *place,
                  struct shmpub_error *err)
{
	int dir = open_directory(err), r, lock;

	if (dir < 0)
		return SHMPUB_ERR_SYS;
	r = check_owner(dir, name, err);
	if (!r && !is_claimed(live, name, dir)) {
		r = take_lock(&lock, dir, name, place, err);
		if (!r) {
			if (strcmp(live->name, name) != 0)
				segment_remove(live);
			else
				close((int)live->lock);
			snprintf(live->name, sizeof(live->name), "%s", name);
			live->lock = lock;
		}
	}
	close(dir);
	return r;
}

/* --- drafts ------------------------------------------------------------------------------------ */

static int set_access(int fd, const struct shm_access *access, const char *name,
                      struct shmpub_error *err)
{
	mode_t mode = (mode_t)access->mode;

	if (access->gid >= 0 && fchown(fd, (uid_t)-1, (gid_t)access->gid) != 0) {
		if (!access->may_lack_group)
			return error_sys(err, errno, "%s/%s: group %lld", SHMPUB_DIRECTORY, name,
			                 (long long)access->gid);
		mode &= 0700;
	}
	if (fchmod(fd, mode) != 0)
		return error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, name);
	return SHMPUB_OK;
}

int segment_begin(struct segment_draft *out, const struct segment_form *form,
                  struct shmpub_error *err)
{
	struct segment_draft d = SEGMENT_DRAFT_NONE;
	int dir = open_directory(err), r;

	if (dir < 0)
		return SHMPUB_ERR_SYS;
	snprintf(d.name, sizeof(d.name), "%s", form->name);
	snprintf(d.hidden, sizeof(d.hidden), ".%s.%s", form->name, form->instance);
	r = check_owner(dir, d.name, err);
	if (r)
		goto out;
	/* a crash may have left one; if this fails, O_EXCL does */
	(void)unlinkat(dir, d.hidden, 0);
	d.fd = openat(dir, d.hidden, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (d.fd < 0) {
		r = error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, d.hidden);
		goto out;
	}
	r = set_access(d.fd, &form->access, d.name, err);
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

int segment_set_word(struct segment_draft *d, struct span word, struct shmpub_error *err)
{
	if (pwrite(d->fd, word.data, word.size, 0) != (ssize_t)word.size)
		return error_sys(err, errno, "%s/%s", SHMPUB_DIRECTORY, d->name);
	return SHMPUB_OK;
}

static int64_t mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
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
	live->device = (uint64_t)st.st_dev;
	live->inode = (uint64_t)st.st_ino;
	live->size = (uint64_t)st.st_size;
	live->mtime_ns = mtime_ns(&st);
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

/* --- the placed version ------------------------------------------------------------------------ */

static bool is_placed(int dir, const struct segment_live *live, struct stat *st)
{
	return fstatat(dir, live->name, st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (uint64_t)st->st_dev == live->device && (uint64_t)st->st_ino == live->inode;
}

/* Whoever may write to the file can truncate it: a size or time that is not ours shows that. */
bool segment_stands(const struct segment_live *live)
{
	struct stat st;
	int dir = live->name[0] ? open_directory(NULL) : -1;
	bool stands = dir >= 0 && is_placed(dir, live, &st) && (uint64_t)st.st_size == live->size &&
	              mtime_ns(&st) == live->mtime_ns;

	if (dir >= 0)
		close(dir);
	return stands;
}

int segment_set_access(const struct segment_live *live, const struct shm_access *access,
                       struct shmpub_error *err)
{
	int dir = live->name[0] ? open_directory(NULL) : -1, fd = -1, r = SHMPUB_OK;
	struct stat st;

	if (dir >= 0)
		fd = openat(dir, live->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && (uint64_t)st.st_dev == live->device &&
	    (uint64_t)st.st_ino == live->inode)
		r = set_access(fd, access, live->name, err);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return r;
}

static void release_claim(int dir, struct segment_live *live)
{
	char lock[LOCK_NAME_SIZE];

	lock_name(lock, live->name);
	if (has_name(dir, lock, (int)live->lock))
		(void)unlinkat(dir, lock, 0);
	close((int)live->lock);
	*live = (struct segment_live){ .name = "" };
}

static void give_up_claim(struct segment_live *live, bool removes)
{
	struct stat st;
	int dir = live->name[0] ? open_directory(NULL) : -1;

	if (dir < 0)
		return;
	if (removes && is_placed(dir, live, &st))
		(void)unlinkat(dir, live->name, 0);
	release_claim(dir, live);
	close(dir);
}

void segment_remove(struct segment_live *live)
{
	give_up_claim(live, true);
}

void segment_release(struct segment_live *live)
{
	give_up_claim(live, false);
}

/* --- what a crash left ------------------------------------------------------------------------- */

/* Gets the segment's name from the name of a lock file, ".NAME~". False: it is no lock file's. */
static bool parse_lock_name(char out[SEGMENT_NAME_SIZE], const char *lock)
{
	size_t n = strlen(lock);

	if (n < 3 || n - 2 >= SEGMENT_NAME_SIZE || lock[0] != '.' || lock[n - 1] != '~')
		return false;
	memcpy(out, lock + 1, n - 2);
	out[n - 2] = '\0';
	return true;
}

static void remove_left(int dir, const char *name, const char *lock, const char *instance)
{
	char hidden[2 * SEGMENT_NAME_SIZE + 8];

	snprintf(hidden, sizeof(hidden), ".%s.%s", name, instance);
	if (check_owner(dir, hidden, NULL) == SHMPUB_OK)
		(void)unlinkat(dir, hidden, 0);
	if (check_owner(dir, name, NULL) == SHMPUB_OK)
		(void)unlinkat(dir, name, 0);
	(void)unlinkat(dir, lock, 0);
}

/* True when the process that held the lock is gone, and had served the instance at `place`. */
static bool is_leftover(int dir, const char *lock, int fd, const char *place)
{
	char text[LOCK_TEXT_SIZE];
	unsigned long pid;

	if (lock_open(dir, lock, fd, NULL) != SHMPUB_OK)
		return false;
	read_lock(text, &pid, fd);
	return strcmp(text, place) == 0;
}

void segment_sweep(const char *place, const char *instance,
                   bool (*wanted)(void *arg, const char *name), void *arg)
{
	char name[SEGMENT_NAME_SIZE];
	struct dirent *entry;
	DIR *all = opendir(SHMPUB_DIRECTORY);
	int dir = all != NULL ? dirfd(all) : -1, fd;

	while (all != NULL && (entry = readdir(all)) != NULL) {
		if (!parse_lock_name(name, entry->d_name) || wanted(arg, name))
			continue;
		fd = open_lock(dir, entry->d_name, false);
		if (fd < 0)
			continue;
		if (is_leftover(dir, entry->d_name, fd, place))
			remove_left(dir, name, entry->d_name, instance);
		close(fd);
	}
	if (all != NULL)
		closedir(all);
}
