#include "source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/error.h"
#include "source_cut.h"
#include "spool.h"

/*
 * The file is looked at (fstat) when it is opened and again after the reading. If both looks are
 * equal, all bytes that were read in between are of one state of the file, as far as its times
 * tell. Between the looks any part of the file may be read any number of times. The file is read
 * and never mapped, because a mapping of a file that somebody cuts short is SIGBUS.
 *
 * The kernel takes the times of a file from a clock that ticks every 1 to 10 ms. A second change
 * within one tick does not show. So a look that comes less than a tick after a change is not
 * settled: its mark never counts as "unchanged", and two such looks prove nothing. Such a file is
 * not read until its tick is over. This wait also covers the short pauses of a program that writes
 * in pieces. A file that is another one at each look is not given up for that: somebody renames whole
 * files over the name, so it is opened, and waited for while it is open.
 *
 * O_NONBLOCK is for a path that is no file: opening a FIFO without a writer would wait.
 */

#define SETTLE_NS ((int64_t)10 * 1000 * 1000)
/* Half a tick apart: enough for the tick of the last write, then that of a rename over the name. */
#define SETTLE_LOOKS 8
#define NS_PER_S ((int64_t)1000 * 1000 * 1000)

static int64_t to_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* The time by the clock that the times of files come from. It is up to a tick late. */
static int64_t now_ns(void)
{
	struct timespec t;

#ifdef CLOCK_REALTIME_COARSE
	clock_gettime(CLOCK_REALTIME_COARSE, &t);
#else
	clock_gettime(CLOCK_REALTIME, &t);
#endif
	return to_ns(t);
}

/* Nobody can set ctime. Anybody can set mtime, so an mtime in the future says nothing. */
static bool is_settled(int64_t mtime_ns, int64_t ctime_ns, int64_t now)
{
	return ctime_ns < now - SETTLE_NS && (mtime_ns < now - SETTLE_NS || mtime_ns > now);
}

static struct source_mark mark_of(const struct stat *st, int64_t now)
{
	struct source_mark m = {
		.device = (uint64_t)st->st_dev,
		.inode = (uint64_t)st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_ns = to_ns(st->st_mtim),
		.ctime_ns = to_ns(st->st_ctim),
		.mode = st->st_mode & 07777,
		.gid = st->st_gid,
	};

	m.is_settled = is_settled(m.mtime_ns, m.ctime_ns, now);
	return m;
}

/* 0: the kernel or the file system does not know it. */
static int64_t born_ns(int fd)
{
#ifdef STATX_BTIME
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) == 0 && (st.stx_mask & STATX_BTIME))
		return (int64_t)st.stx_btime.tv_sec * NS_PER_S + st.stx_btime.tv_nsec;
#endif
	(void)fd;
	return 0;
}

/* --- who may read it ---------------------------------------------------------------------------- */

#define ACL_NAME "system.posix_acl_access"
#define ACL_HEADER 4 /* the version; then entries of tag, permissions (16 bits each) and id */
#define ACL_ENTRY 8
#define ACL_OWNER 0x01
#define ACL_READ 4
#define ACL_ROOM 4096

/*
 * Looks for an access control list. With such a list the group's bits are only the list's mask,
 * and the list may shut out a single user. So *is_open tells whether every entry may read; if
 * not, nobody but the owner counts. Returns false when there is no list.
 */
static bool judge_list(bool *is_open, int fd)
{
	unsigned char list[ACL_ROOM];
	ssize_t size = fgetxattr(fd, ACL_NAME, list, sizeof(list));

	*is_open = size >= ACL_HEADER;
	for (ssize_t i = ACL_HEADER; i + ACL_ENTRY <= size; i += ACL_ENTRY) {
		if (list[i] != ACL_OWNER && (list[i + 2] & ACL_READ) == 0)
			*is_open = false;
	}
	return size >= 0 || errno == ERANGE;
}

/* If others may read and the group may not, nobody but the owner counts. */
static struct shm_access readers_of(int fd, const struct stat *st)
{
	struct shm_access readers = { .mode = 0600, .gid = st->st_gid };
	bool is_open;

	if (judge_list(&is_open, fd))
		readers.mode = is_open ? 0644 : 0600;
	else if ((st->st_mode & 044) == 044)
		readers.mode = 0644;
	else if ((st->st_mode & 044) == 040)
		readers.mode = 0640;
	return readers;
}

bool source_mark_same_look(const struct source_mark *a, const struct source_mark *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns && a->mode == b->mode &&
	       a->gid == b->gid && a->look_hash == b->look_hash;
}

bool source_mark_equal(const struct source_mark *a, const struct source_mark *b)
{
	return a->is_settled && b->is_settled && source_mark_same_look(a, b);
}

static const char *kind_name(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a FIFO";
	if (S_ISSOCK(mode))
		return "a socket";
	return "a device";
}

static int check_kind(const struct stat *st, const char *path, struct shmpub_error *err)
{
	if (S_ISREG(st->st_mode))
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID, "%s: %s, not a file", path,
	                 kind_name(st->st_mode));
}

/*
 * A file whose ctime is in the future (of a file server whose clock is ahead, or because our own
 * clock was set back) would never be settled until then. Two equal looks at such a file with a
 * pause between them are enough.
 */
static bool is_quiet(const struct source_mark *look, const struct source_mark *waited)
{
	return waited->inode != 0 && look->ctime_ns > now_ns() &&
	       source_mark_same_look(look, waited);
}

/* For as long as `settle` wants: by the time of its last write, or by looks, whatever its clock is. */
static bool has_rested(const struct source_mark *look, const struct source_request *q)
{
	if (look->mtime_ns <= now_ns() - (int64_t)q->settle_ms * 1000000)
		return true;
	return q->waited_ms >= q->settle_ms && source_mark_same_look(look, &q->waited);
}

static bool is_replaced(const struct source_mark *look, const struct source_request *q)
{
	return q->waited.inode != 0 &&
	       (q->waited.inode != look->inode || q->waited.device != look->device ||
	        q->waited.born_ns != look->born_ns);
}

bool source_file_must_wait(const struct source_mark *look, const struct source_request *q)
{
	if (q->settle_ms > 0 && !has_rested(look, q))
		return true;
	return !look->is_settled && !q->takes_fresh && !q->takes_growing && !is_replaced(look, q) &&
	       !is_quiet(look, &q->waited);
}

/* --- reading ------------------------------------------------------------------------------------ */

struct source_file {
	int fd;
	const char *path;
	nlink_t n_links;   /* names that it had when it was opened */
	uint64_t cut_size; /* no more than this is read; UINT64_MAX: all of it */
	/*
	 * The file says that it is empty, as the files of /proc do. A second read may give other
	 * bytes, so the bytes are kept in `spool` as they come, and are read from there.
	 */
	bool is_kept;
	struct spool spool;
	const char *spool_directory;
};

static int read_some(struct source_file *f, char *to, size_t size, size_t *n,
                     struct shmpub_error *err)
{
	ssize_t got;

	do {
		got = read(f->fd, to, size);
	} while (got < 0 && errno == EINTR);
	*n = got > 0 ? (size_t)got : 0;
	return got < 0 ? error_sys(err, errno, "%s", f->path) : SHMPUB_OK;
}

/* Adds bytes to the spool until the byte at `offset` is in it, or the file ends. */
static int keep_up_to(struct source_file *f, uint64_t offset, struct shmpub_error *err)
{
	char piece[4096]; /* more than what most files of /proc give at once */
	size_t n = 1;
	int r = SHMPUB_OK;

	while (!r && f->spool.size <= offset && n > 0) {
		r = read_some(f, piece, sizeof(piece), &n, err);
		if (!r && n > 0)
			r = spool_write(&f->spool, f->spool_directory, span_of(piece, n), err);
	}
	return r;
}

int source_file_read(struct source_file *f, uint64_t offset, char *to, size_t size, size_t *n,
                     struct shmpub_error *err)
{
	ssize_t got;
	int r;

	*n = 0;
	if (f->is_kept) {
		r = keep_up_to(f, offset, err);
		return r ? r : spool_read(&f->spool, offset, to, size, n, err);
	}
	if (offset >= f->cut_size)
		return SHMPUB_OK;
	if (size > f->cut_size - offset)
		size = (size_t)(f->cut_size - offset);
	do {
		got = pread(f->fd, to, size, (off_t)offset);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_sys(err, errno, "%s", f->path);
	*n = (size_t)got;
	return SHMPUB_OK;
}

/* An open file is in nobody's way here. */
void source_file_let_go(struct source_file *f)
{
	(void)f;
}

/*
 * True when the file has lost a name (another file was renamed over it, or it was removed), which
 * changes its ctime, and nothing else about it has changed. Its bytes are then still of one
 * state. Without this, a large file that is replaced often would never be read to the end.
 */
static bool is_only_replaced(const struct source_file *f, const struct stat *st,
                             const struct source_mark *mark, struct source_mark now)
{
	now.ctime_ns = mark->ctime_ns;
	return mark->is_settled && st->st_nlink < f->n_links && source_mark_same_look(mark, &now);
}

int source_file_check(struct source_file *f, const struct source_mark *mark,
                      struct shmpub_error *err)
{
	struct source_mark now;
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		return error_sys(err, errno, "%s", f->path);
	now = mark_of(&st, now_ns());
	if (mark->is_cut) /* it may grow on */
		return now.size >= mark->size ? SHMPUB_OK : SOURCE_BUSY;
	if (source_mark_same_look(mark, &now) || is_only_replaced(f, &st, mark, now))
		return SHMPUB_OK;
	return SOURCE_BUSY;
}

void source_file_close(struct source_file *f)
{
	if (f == NULL)
		return;
	close(f->fd);
	spool_close(&f->spool);
	mem_free(f);
}

/* --- opening ------------------------------------------------------------------------------------ */

bool source_file_rests(const char *path, const struct source_mark *seen)
{
	struct source_mark look;
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	look = mark_of(&st, now_ns());
	return source_mark_equal(seen, &look);
}

int source_file_look(struct source_mark *mark, const char *path, struct shmpub_error *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return error_sys(err, errno, "%s", path);
	*mark = mark_of(&st, now_ns());
	return check_kind(&st, path, err);
}

bool source_file_is_shut(const struct shmpub_error *err)
{
	return err->code == SHMPUB_ERR_SYS && err->sys == EACCES;
}

int source_file_usable(struct source_mark *mark, const char *path, struct shmpub_error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r;

	if (fd < 0)
		return error_sys(err, errno, "%s", path);
	r = fstat(fd, &st) == 0 ? check_kind(&st, path, err) : error_sys(err, errno, "%s", path);
	if (r == SHMPUB_OK) {
		*mark = mark_of(&st, now_ns());
		mark->readers = readers_of(fd, &st);
	}
	close(fd);
	return r;
}

static int look_at_open(struct source_mark *mark, nlink_t *n_links, int fd,
                        const struct source_request *q, struct shmpub_error *err)
{
	struct source_mark look;
	struct stat st;
	int r;

	if (fstat(fd, &st) != 0)
		return error_sys(err, errno, "%s", q->path);
	r = check_kind(&st, q->path, err);
	if (r)
		return r;
	look = mark_of(&st, now_ns());
	look.born_ns = born_ns(fd);
	look.readers = readers_of(fd, &st);
	*mark = look;
	*n_links = st.st_nlink;
	return source_file_must_wait(&look, q) ? SOURCE_FRESH : SHMPUB_OK;
}

/*
 * A file that is another one at each look is waited for while it is open: whoever renames files over
 * its name does not change the one in hand, and no later look would find one that is older. Only a
 * settled mark shows afterwards whether the file was written to (see is_only_replaced()).
 */
static int look_once_settled(struct source_mark *mark, nlink_t *n_links, int fd,
                             const struct source_request *q, struct shmpub_error *err)
{
	struct timespec pause = { .tv_nsec = SETTLE_NS / 2 };
	int r = look_at_open(mark, n_links, fd, q, err);

	for (int i = 0; i < SETTLE_LOOKS && !r && !mark->is_settled && is_replaced(mark, q); i++) {
		nanosleep(&pause, NULL);
		r = look_at_open(mark, n_links, fd, q, err);
	}
	return r;
}

static int keep_open(struct source_file **out, int fd, nlink_t n_links,
                     const struct source_mark *mark, const struct source_request *q,
                     struct shmpub_error *err)
{
	struct source_file *f = mem_zalloc(1, sizeof(*f));

	if (f == NULL)
		return error_nomem(err, sizeof(*f));
	f->fd = fd;
	f->n_links = n_links;
	f->path = q->path;
	f->is_kept = mark->size == 0;
	f->cut_size = UINT64_MAX;
	f->spool = SPOOL_NONE;
	f->spool_directory = q->spool_directory;
	*out = f;
	return SHMPUB_OK;
}

static int cut(struct source_file *f, struct source_mark *mark, struct shmpub_error *err)
{
	int r = source_cut(mark, f, err);

	f->cut_size = mark->size;
	if (r)
		source_file_close(f);
	return r;
}

int source_file_open(struct source_file **out, struct source_mark *mark,
                     const struct source_request *q, struct shmpub_error *err)
{
	struct source_mark look;
	nlink_t n_links = 0;
	struct stat st;
	int fd, r;

	if (stat(q->path, &st) != 0)
		return error_sys(err, errno, "%s", q->path);
	r = check_kind(&st, q->path, err);
	if (r)
		return r;
	look = mark_of(&st, now_ns());
	if (q->seen != NULL && source_mark_equal(q->seen, &look))
		return SOURCE_UNCHANGED;
	fd = open(q->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_sys(err, errno, "%s", q->path);
	r = look_once_settled(mark, &n_links, fd, q, err);
	if (!r)
		r = keep_open(out, fd, n_links, mark, q, err);
	if (r)
		close(fd);
	else if (q->takes_growing && mark->size > 0)
		r = cut(*out, mark, err);
	return r;
}
