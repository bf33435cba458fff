/* lib/shm: directories and their owners, the lock. */
#include "unit/check.h"
#include "unit/child.h"
#include "unit/scratch.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/span.h"
#include "shm/shm.h"

#define NOBODY 65534

static const struct shm_access access_all = { .mode = 0644, .gid = -1 };

/* --- directory --------------------------------------------------------------------------------- */

static const struct {
	const char *label;
	const char *instance;
	int want;
} instances[] = {
	{ "plain", "a", 0 },
	{ "forty", "0123456789012345678901234567890123456789", 0 },
	{ "forty-one", "01234567890123456789012345678901234567890", SHMPUB_ERR_INVALID },
	{ "empty", "", SHMPUB_ERR_INVALID },
	{ "up", "..", SHMPUB_ERR_INVALID },
	{ "path", "a/b", SHMPUB_ERR_INVALID },
	{ "dot", "a.b", SHMPUB_ERR_INVALID },
	{ "dash first", "-a", SHMPUB_ERR_INVALID },
};

static void test_names(const char *scratch)
{
	struct shm_dir dir;
	struct shmpub_error err;

	for (size_t i = 0; i < ARRAY_LEN(instances); i++) {
		int absent = instances[i].want != 0 ? instances[i].want : SHM_ABSENT;

		CHECK_INT(instances[i].label,
		          shm_dir_open(&dir, scratch, instances[i].instance, &err), absent);
		CHECK_INT(instances[i].label,
		          shm_dir_make(&dir, scratch, instances[i].instance, &err),
		          instances[i].want);
		shm_dir_close(&dir);
		CHECK_INT(instances[i].label,
		          shm_dir_open(&dir, scratch, instances[i].instance, &err),
		          instances[i].want);
		shm_dir_close(&dir);
		shm_dir_close(&dir);
	}
	CHECK_INT("no such directory", shm_dir_make(&dir, "/nonexistent", "a", &err),
	          SHMPUB_ERR_SYS);
	CHECK_STR("says so", err.message, "open /nonexistent: No such file or directory");
}

static void path_of(char *out, size_t size, const char *scratch, const char *name)
{
	snprintf(out, size, "%s/%s", scratch, name);
}

static void test_mode(const char *scratch)
{
	struct shm_dir dir;
	struct shm_stat stat;
	struct shmpub_error err;
	char path[256];
	mode_t before = umask(077);

	CHECK_INT("make", shm_dir_make(&dir, scratch, "umask", &err), 0);
	umask(before);
	CHECK_INT("stat", shm_stat_name(&stat, &dir, ".", &err), 0);
	CHECK_INT("0755 whatever the umask", stat.mode, 0755);
	CHECK("stands", shm_dir_is_in_place(&dir));
	path_of(path, sizeof(path), scratch, "umask");
	CHECK_INT("removed", rmdir(path), 0);
	CHECK("is gone", !shm_dir_is_in_place(&dir));
	CHECK_INT("another one", mkdir(path, 0755), 0);
	CHECK("is not this one", !shm_dir_is_in_place(&dir));
	shm_dir_close(&dir);
	CHECK_INT("open to others", chmod(path, 0777), 0);
	CHECK_INT("is not taken", shm_dir_make(&dir, scratch, "umask", &err), SHMPUB_ERR_OWNER);
	CHECK_INT("sticky does not help", chmod(path, 01777), 0);
	CHECK_INT("is not taken either", shm_dir_make(&dir, scratch, "umask", &err),
	          SHMPUB_ERR_OWNER);
	rmdir(path);
	CHECK_INT("a link", symlink("/tmp", path), 0);
	CHECK_INT("is not followed", shm_dir_make(&dir, scratch, "umask", &err), SHMPUB_ERR_SYS);
	CHECK_INT("nor read", shm_dir_open(&dir, scratch, "umask", &err), SHMPUB_ERR_SYS);
	unlink(path);
	CHECK_INT("a file", mknod(path, S_IFREG | 0644, 0), 0);
	CHECK_INT("is no directory", shm_dir_make(&dir, scratch, "umask", &err), SHMPUB_ERR_SYS);
	unlink(path);
}

static bool squat(const void *path)
{
	return mkdir(path, 0755) == 0;
}

static bool refused_as_other(const void *scratch)
{
	struct shm_dir dir;
	struct shmpub_error err;

	return shm_dir_make(&dir, scratch, "ours", &err) == SHMPUB_ERR_OWNER;
}

/* A name outside of instances, in the sticky directory itself, that somebody else has already. */
static int place_segment(const char *scratch, bool *exchanged, struct shmpub_error *err)
{
	struct shm_dir dir;
	struct shm_map map = SHM_MAP_NONE;
	int r = shm_dir_base(&dir, scratch, err);

	if (r == 0)
		r = shm_create(&map, &dir, ".text.1", 100, &access_all, err);
	if (r == 0)
		r = shm_seal(&map, 100, &access_all, err);
	if (r == 0)
		r = shm_place(&dir, ".text.1", "text", exchanged, err);
	if (r != 0)
		CHECK("not followed, not written",
		      map.addr == NULL || shm_map_is_in_place(&map, &dir, ".text.1"));
	(void)shm_remove(&dir, ".text.1", NULL);
	shm_discard(&map);
	shm_dir_close(&dir);
	return r;
}

static bool cannot_place(const void *scratch)
{
	struct shmpub_error err;
	bool exchanged;

	return place_segment(scratch, &exchanged, &err) == SHMPUB_ERR_SYS && check_failed == 0;
}

static void test_base(const char *scratch)
{
	struct shmpub_error err;
	struct stat st;
	char path[256];
	bool exchanged;

	path_of(path, sizeof(path), scratch, "text");
	CHECK_INT("made by us", place_segment(scratch, &exchanged, &err), 0);
	CHECK_INT("again", place_segment(scratch, &exchanged, &err), 0);
	CHECK("replaced", exchanged);
	CHECK("root's is not nobody's to replace", in_child(cannot_place, scratch, NOBODY));
	CHECK_INT("stat", stat(path, &st), 0);
	CHECK_INT("still ours", st.st_uid, 0);
	unlink(path);
	CHECK_INT("a link to a file of ours", symlink("/etc/passwd", path), 0);
	CHECK_INT("is replaced, not followed", place_segment(scratch, &exchanged, &err), 0);
	CHECK_INT("stat", lstat(path, &st), 0);
	CHECK("a file now", S_ISREG(st.st_mode) && st.st_size == 100);
	unlink(path);
}

/* /dev/shm itself: sticky, open to all; somebody makes our directory before us. */
static void test_squatter(const char *scratch)
{
	struct shm_dir dir;
	struct shmpub_error err;
	char path[256];
	struct shm_user owner = { 0 };
	char text[SHM_USER_TEXT];

	if (geteuid() != 0) {
		printf("skipped: squatting needs root to become another user\n");
		return;
	}
	CHECK_INT("open to all", chmod(scratch, 01777), 0);
	path_of(path, sizeof(path), scratch, "squatted");
	CHECK("nobody was first", in_child(squat, path, NOBODY));
	CHECK_INT("refused", shm_dir_make(&dir, scratch, "squatted", &err), SHMPUB_ERR_OWNER);
	CHECK("names the owner", strstr(err.message, "belongs to user 65534, not to 0") != NULL);
	CHECK_INT("a reader may look", shm_dir_open(&dir, scratch, "squatted", &err), 0);
	CHECK_INT("at the owner", shm_dir_owner(&owner, &dir, &err), 0);
	shm_user_text(text, &owner);
	CHECK_STR("who is", text, "uid 65534");
	shm_dir_close(&dir);
	CHECK_INT("one for root", shm_dir_make(&dir, scratch, "ours", &err), 0);
	CHECK_INT("handed to another", fchown(dir.fd, 1, 1), 0);
	shm_dir_close(&dir);
	CHECK("is not nobody's", in_child(refused_as_other, scratch, NOBODY));
	test_base(scratch);
	CHECK_INT("as before", chmod(scratch, 0755), 0);
}

static void count(void *arg, const char *name)
{
	if (strcmp(name, "x") == 0 || strcmp(name, "y") == 0)
		++*(int *)arg;
}

static void test_each(const struct shm_dir *dir)
{
	struct shm_map map;
	struct shm_stat stat;
	struct shmpub_error err;
	int n = 0;

	for (int i = 0; i < 2; i++) {
		CHECK_INT("make", shm_create(&map, dir, i ? "x" : "y", 0, &access_all, &err), 0);
		shm_discard(&map);
	}
	CHECK_INT("each", shm_dir_each(dir, count, &n, &err), 0);
	CHECK_INT("each again", shm_dir_each(dir, count, &n, &err), 0);
	CHECK_INT("both, twice", n, 4);
	CHECK_INT("remove", shm_remove(dir, "x", &err), 0);
	CHECK_INT("gone already", shm_remove(dir, "x", &err), 0);
	CHECK_INT("absent", shm_stat_name(&stat, dir, "x", &err), SHM_ABSENT);
	shm_remove(dir, "y", &err);
}

/* --- lock -------------------------------------------------------------------------------------- */

struct contender {
	const struct shm_dir *dir;
	uint64_t pid;
	const struct shm_lock *of_parent;
};

static bool is_busy(const void *arg)
{
	const struct contender *c = arg;
	struct shmpub_error err;
	struct shm_lock *lock;
	uint64_t pid;

	return shm_lock(&lock, &pid, c->dir, &err) == SHM_BUSY && pid == c->pid &&
	       !shm_lock_is_ours(c->of_parent) && !shm_lock_is_in_place(c->of_parent, c->dir);
}

static bool takes_lock(const void *arg)
{
	struct shmpub_error err;
	struct shm_lock *lock;
	uint64_t pid;

	return shm_lock(&lock, &pid, ((const struct contender *)arg)->dir, &err) == 0;
}

static void test_lock(const struct shm_dir *dir)
{
	struct contender c = { dir, (uint64_t)getpid(), NULL };
	struct shm_stat stat;
	struct shmpub_error err;
	struct shm_lock *lock, *second;
	uint64_t pid;

	CHECK_INT("lock", shm_lock(&lock, &pid, dir, &err), 0);
	c.of_parent = lock;
	CHECK_INT("its mode", shm_stat_name(&stat, dir, "lock", &err), 0);
	CHECK_INT("0600", stat.mode, 0600);
	CHECK("another process is told who", in_child(is_busy, &c, 0));
	CHECK_INT("so is the same process", shm_lock(&second, &pid, dir, &err), SHM_BUSY);
	CHECK("held", shm_lock_is_in_place(lock, dir));
	shm_unlock(lock);
	CHECK("free for another process", in_child(takes_lock, &c, 0));
	CHECK_INT("free when that died", shm_lock(&lock, &pid, dir, &err), 0);
	CHECK_INT("somebody unlinks it", shm_remove(dir, "lock", &err), 0);
	CHECK("which shows", !shm_lock_is_in_place(lock, dir));
	CHECK_INT("the next one has another file", shm_lock(&second, &pid, dir, &err), 0);
	shm_unlock(lock);
	shm_unlock(second);
	shm_unlock(NULL);
	shm_remove(dir, "lock", &err);
	CHECK_INT("a link in its place", symlinkat("/tmp/x", dir->fd, "lock"), 0);
	CHECK_INT("is not followed", shm_lock(&lock, &pid, dir, &err), SHMPUB_ERR_SYS);
	shm_remove(dir, "lock", &err);
	CHECK_INT("a FIFO in its place", mkfifoat(dir->fd, "lock", 0600), 0);
	CHECK_INT("is no lock, and does not hang", shm_lock(&lock, &pid, dir, &err),
	          SHMPUB_ERR_SYS);
	shm_remove(dir, "lock", &err);
}

int main(void)
{
	struct scratch s = SCRATCH_NONE;
	struct shm_dir dir;
	struct shmpub_error err;

	scratch_open(&s, "/dev/shm");
	test_names(s.path);
	test_mode(s.path);
	test_squatter(s.path);
	CHECK_INT("dir", shm_dir_make(&dir, s.path, "dir", &err), 0);
	test_each(&dir);
	test_lock(&dir);
	shm_dir_close(&dir);
	scratch_close(&s);
	return check_report();
}
