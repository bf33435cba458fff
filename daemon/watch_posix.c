#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"

/*
 * inotify, without uv_fs_event: that one does not tell when a writer closes a file, nor that the
 * kernel's queue has overflowed, and calls back each of a thousand feeds for every event in their
 * directory. A handle is a watch descriptor. The kernel gives the same one for the same directory,
 * whatever path leads to it, and never a number twice.
 *
 * A path is walked part by part as the kernel does, so that every symbolic link on the way is seen.
 * Directories on the way that are no links are not watched themselves, but for the last one, which
 * tells when it is removed or moved: a path above it that changes its meaning is found by the looks
 * that go on.
 *
 * The descriptor is read at most every PAUSE_MS. Meanwhile the kernel folds equal events into one, so a
 * program that writes a hundred thousand times a second to a file costs two hundred wake-ups.
 */

#define PAUSE_MS 5
#define EVENTS_ROOM 65536
#define LINKS_MAX 40 /* as many as the kernel follows */
#define RACES_MAX 9  /* a name changed while the path was walked */

#define MASK                                                                                       \
	(IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |          \
	 IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

struct watch_system {
	struct watch *watch;
	int fd;
	uv_poll_t poll;
	uv_timer_t pause;
	char events[EVENTS_ROOM];
};

/* --- file systems ------------------------------------------------------------------------------------- */

/*
 * File systems of this kernel, on which every change is made through it. All others may be changed by
 * another machine, or by the host of this one, without an event. The numbers are those of statfs(2).
 */
static const uint32_t local_systems[] = {
	0xEF53,     /* ext2, ext3, ext4 */
	0x58465342, /* xfs */
	0x9123683E, /* btrfs */
	0xF2F52010, /* f2fs */
	0x2FC12FC1, /* zfs */
	0xCA451A4E, /* bcachefs */
	0x01021994, /* tmpfs */
	0x858458F6, /* ramfs */
	0x794C7630, /* overlayfs */
	0x3153464A, /* jfs */
	0x52654973, /* reiserfs */
	0x4D44,     /* vfat */
	0x2011BAB0, /* exfat */
	0x7366746E, /* ntfs3 */
};

static bool is_local(const char *directory)
{
	struct statfs fs;

	if (statfs(directory, &fs) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(local_systems); i++) {
		if ((uint32_t)fs.f_type == local_systems[i])
			return true;
	}
	return false;
}

/* --- a path ------------------------------------------------------------------------------------------- */

struct walk {
	struct watch_plan *plan;
	const struct watch_system *system;
	char at[PATH_MAX];   /* the directory so far, in which nothing is a link */
	char rest[PATH_MAX]; /* what is still to be walked */
	char name[NAME_MAX + 1];
	int n_links;
};

enum { WALK_RACE = 1 };

static uint64_t read_limit(const char *name)
{
	char path[64];
	unsigned long long n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/fs/inotify/%s", name);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%llu", &n) != 1)
		n = 0;
	fclose(file);
	return n;
}

static int tell_limit(const char *name, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_SYS,
	                 "no more directories can be watched: raise the sysctl fs.inotify.%s, "
	                 "which is %llu",
	                 name, (unsigned long long)read_limit(name));
}

static int watch_directory(int64_t *handle, const struct walk *k, struct shmpub_error *err)
{
	int wd = inotify_add_watch(k->system->fd, k->at, MASK);

	*handle = wd;
	if (wd >= 0)
		return SHMPUB_OK;
	if (errno == ENOSPC)
		return tell_limit("max_user_watches", err);
	if (errno == ENOENT || errno == ENOTDIR)
		return WALK_RACE;
	return error_sys(err, errno, "%s: not watched", k->at);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/*
 * The name k->name in the directory k->at decides what the path means. *before is what it was before
 * the directory was watched, NULL: nothing; a change between the two is not told.
 */
static int add_spot(struct walk *k, const char *full, const struct stat *before,
                    struct shmpub_error *err)
{
	struct stat now;
	int64_t handle;
	int r = watch_directory(&handle, k, err);

	if (!r && (lstat(full, &now) == 0) != (before != NULL))
		return WALK_RACE;
	if (!r && before != NULL && !same_file(before, &now))
		return WALK_RACE;
	return r ? r : watch_plan_add(k->plan, handle, SPAN_NONE, span_str(k->name), err);
}

/* Takes the next part of the path. False: there is none. */
static bool next_part(struct walk *k)
{
	char *from = k->rest + strspn(k->rest, "/");
	size_t n = strcspn(from, "/");

	if (n == 0 || n > NAME_MAX)
		return false;
	memcpy(k->name, from, n);
	k->name[n] = '\0';
	memmove(k->rest, from + n, strlen(from + n) + 1);
	return true;
}

static bool join(char out[PATH_MAX], const char *a, const char *between, const char *b)
{
	char whole[PATH_MAX];
	int n = snprintf(whole, sizeof(whole), "%s%s%s", a, between, b);

	if (n < 0 || (size_t)n >= sizeof(whole))
		return false;
	memcpy(out, whole, (size_t)n + 1);
	return true;
}

static bool follow_link(struct walk *k, const char *link)
{
	char target[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n <= 0 || ++k->n_links > LINKS_MAX)
		return false;
	target[n] = '\0';
	if (target[0] == '/')
		snprintf(k->at, sizeof(k->at), "/");
	return join(k->rest, target, "/", k->rest);
}

static bool has_more(const struct walk *k)
{
	return k->rest[strspn(k->rest, "/")] != '\0';
}

/* One part of the path. *goes_on becomes false where the path ends, or leads nowhere yet. */
static int walk_part(bool *goes_on, struct walk *k, struct shmpub_error *err)
{
	char full[PATH_MAX];
	bool is_known;
	struct stat st;

	*goes_on = join(full, k->at, "/", k->name);
	if (!*goes_on)
		return SHMPUB_OK;
	is_known = lstat(full, &st) == 0;
	if (is_known && S_ISLNK(st.st_mode)) {
		int r = add_spot(k, full, &st, err);

		*goes_on = !r && follow_link(k, full);
		return r;
	}
	*goes_on = is_known && S_ISDIR(st.st_mode) && has_more(k);
	if (!*goes_on)
		return add_spot(k, full, is_known ? &st : NULL, err);
	return join(k->at, full, "", "") ? SHMPUB_OK : SHMPUB_ERR_SYS;
}

static int walk(struct walk *k, const char *path, struct shmpub_error *err)
{
	bool goes_on = true;
	int r = SHMPUB_OK;

	k->n_links = 0;
	snprintf(k->at, sizeof(k->at), "%s", path[0] == '/' ? "/" : ".");
	if (!join(k->rest, path, "", ""))
		return error_set(err, SHMPUB_ERR_SYS, "%s: too long to be watched", path);
	while (!r && goes_on && next_part(k))
		r = walk_part(&goes_on, k, err);
	if (!r)
		k->plan->is_reliable = is_local(k->at);
	return r;
}

int watch_system_resolve(struct watch_plan *out, struct watch_system *s, const char *path,
                         struct shmpub_error *err)
{
	struct walk *k = mem_zalloc(1, sizeof(*k));
	size_t n_before = out->n;
	int r = WALK_RACE;

	if (k == NULL)
		return error_nomem(err, sizeof(*k));
	k->plan = out;
	k->system = s;
	for (int i = 0; i < RACES_MAX && r == WALK_RACE; i++) {
		watch_plan_cut(out, n_before);
		r = walk(k, path, err);
	}
	mem_free(k);
	return r == WALK_RACE ? error_set(err, SHMPUB_ERR_SYS, "%s: directories come and go", path)
	                      : r;
}

int watch_system_begin(struct watch_system *s, struct watch_spot *spot, struct shmpub_error *err)
{
	(void)s, (void)spot, (void)err;
	return SHMPUB_OK; /* a worker did it */
}

void watch_system_end(struct watch_system *s, int64_t handle)
{
	(void)inotify_rm_watch(s->fd, (int)handle);
}

/* --- events ------------------------------------------------------------------------------------------- */

static const struct {
	uint32_t mask;
	unsigned events;
} meanings[] = {
	{ IN_MODIFY | IN_ATTRIB, WATCH_WRITTEN },
	{ IN_CLOSE_WRITE, WATCH_DONE },
	{ IN_MOVED_TO, WATCH_DONE | WATCH_NAMES },
	{ IN_CREATE, WATCH_WRITTEN | WATCH_NAMES },
	{ IN_DELETE | IN_MOVED_FROM, WATCH_DONE | WATCH_NAMES },
	{ IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT, WATCH_DONE | WATCH_NAMES },
};

static void tell(struct watch *w, const struct inotify_event *e)
{
	struct span name = e->len > 0 ? span_str(e->name) : SPAN_NONE;
	bool is_of_directory = (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0;
	unsigned events = 0;

	if (e->mask & IN_Q_OVERFLOW) {
		watch_tell_all(w);
		return;
	}
	if (e->mask & IN_IGNORED) {
		watch_tell_gone(w, e->wd);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		if (e->mask & meanings[i].mask)
			events |= meanings[i].events;
	}
	if (name.size > 0 || is_of_directory) /* its own attributes are nobody's business */
		watch_tell(w, e->wd, name, events);
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
	struct watch_system *s = timer->data;

	uv_poll_start(&s->poll, UV_READABLE, on_readable);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct watch_system *s = poll->data;
	ssize_t n = read(s->fd, s->events, sizeof(s->events));

	(void)status, (void)events;
	for (ssize_t at = 0; at < n;) {
		struct inotify_event e;

		memcpy(&e, s->events + at, sizeof(e));
		tell(s->watch, (const struct inotify_event *)(const void *)(s->events + at));
		at += (ssize_t)(sizeof(e) + e.len);
	}
	uv_poll_stop(poll);
	uv_timer_start(&s->pause, on_pause_over, PAUSE_MS, 0);
}

/* --- start and end ------------------------------------------------------------------------------------ */

bool watch_name_equal(struct span a, const char *b)
{
	return span_is(a, b);
}

uint64_t watch_name_hash(struct span name)
{
	uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */

	for (size_t i = 0; i < name.size; i++)
		hash = (hash ^ (unsigned char)name.data[i]) * 0x100000001B3u;
	return hash;
}

struct watch_system *watch_system_open(struct watch *w, uv_loop_t *loop, struct shmpub_error *why)
{
	struct watch_system *s = mem_zalloc(1, sizeof(*s));

	if (s == NULL) {
		(void)error_nomem(why, sizeof(*s));
		return NULL;
	}
	s->watch = w;
	s->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (s->fd < 0 && errno == EMFILE)
		(void)tell_limit("max_user_instances", why);
	else if (s->fd < 0)
		(void)error_sys(why, errno, "inotify");
	if (s->fd < 0 || uv_poll_init(loop, &s->poll, s->fd) != 0) {
		if (s->fd >= 0)
			close(s->fd);
		mem_free(s);
		return NULL;
	}
	uv_timer_init(loop, &s->pause);
	s->poll.data = s->pause.data = s;
	uv_poll_start(&s->poll, UV_READABLE, on_readable);
	uv_unref((uv_handle_t *)&s->poll);
	uv_unref((uv_handle_t *)&s->pause);
	return s;
}

void watch_system_close(struct watch_system *s)
{
	uv_close((uv_handle_t *)&s->poll, NULL);
	uv_close((uv_handle_t *)&s->pause, NULL);
}

void watch_system_free(struct watch_system *s)
{
	close(s->fd);
	mem_free(s);
}
