/* lib/shm: directories and their owners, the lock, segments with real room, names, leases, futex. */
#include "unit/check.h"
#include "unit/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/span.h"
#include "shm/shm.h"

#define NOBODY 65534

static const struct shm_access access_all = { .mode = 0644, .gid = -1 };

/* Run fn in a child, as another user when uid is not 0; true when it returned true. */
static bool in_child(bool (*fn)(const void *arg), const void *arg, uid_t uid)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (uid != 0 && (setgid(uid) != 0 || setuid(uid) != 0))
			_exit(2);
		_exit(fn(arg) ? 0 : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

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
	CHECK("stands", shm_dir_stands(&dir));
	path_of(path, sizeof(path), scratch, "umask");
	CHECK_INT("removed", rmdir(path), 0);
	CHECK("is gone", !shm_dir_stands(&dir));
	CHECK_INT("another one", mkdir(path, 0755), 0);
	CHECK("is not this one", !shm_dir_stands(&dir));
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

/* /dev/shm itself: sticky, open to all; somebody makes our directory before us. */
static void test_squatter(const char *scratch)
{
	struct shm_dir dir;
	struct shmpub_error err;
	char path[256];
	uint32_t uid = 0;

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
	CHECK_INT("at the owner", shm_dir_owner(&uid, &dir, &err), 0);
	CHECK_INT("who is", uid, NOBODY);
	shm_dir_close(&dir);
	CHECK_INT("one for root", shm_dir_make(&dir, scratch, "ours", &err), 0);
	CHECK_INT("handed to another", fchown(dir.fd, 1, 1), 0);
	shm_dir_close(&dir);
	CHECK("is not nobody's", in_child(refused_as_other, scratch, NOBODY));
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
};

static bool is_busy(const void *arg)
{
	const struct contender *c = arg;
	struct shmpub_error err;
	uint64_t pid;
	int fd;

	return shm_lock(&fd, &pid, c->dir, &err) == SHM_BUSY && pid == c->pid;
}

static bool takes_lock(const void *arg)
{
	struct shmpub_error err;
	uint64_t pid;
	int fd;

	return shm_lock(&fd, &pid, ((const struct contender *)arg)->dir, &err) == 0;
}

static void test_lock(const struct shm_dir *dir)
{
	struct contender c = { dir, (uint64_t)getpid() };
	struct shm_stat stat;
	struct shmpub_error err;
	uint64_t pid;
	int fd, second;

	CHECK_INT("lock", shm_lock(&fd, &pid, dir, &err), 0);
	CHECK_INT("its mode", shm_stat_name(&stat, dir, "lock", &err), 0);
	CHECK_INT("0600", stat.mode, 0600);
	CHECK("another process is told who", in_child(is_busy, &c, 0));
	CHECK_INT("so is the same process", shm_lock(&second, &pid, dir, &err), SHM_BUSY);
	CHECK("held", shm_lock_stands(fd, dir));
	shm_unlock(fd);
	CHECK("free for another process", in_child(takes_lock, &c, 0));
	CHECK_INT("free when that died", shm_lock(&fd, &pid, dir, &err), 0);
	CHECK_INT("somebody unlinks it", shm_remove(dir, "lock", &err), 0);
	CHECK("which shows", !shm_lock_stands(fd, dir));
	CHECK_INT("the next one has another file", shm_lock(&second, &pid, dir, &err), 0);
	shm_unlock(fd);
	shm_unlock(second);
	shm_unlock(-1);
	shm_remove(dir, "lock", &err);
	CHECK_INT("a link in its place", symlinkat("/tmp/x", dir->fd, "lock"), 0);
	CHECK_INT("is not followed", shm_lock(&fd, &pid, dir, &err), SHMPUB_ERR_SYS);
	shm_remove(dir, "lock", &err);
	CHECK_INT("a FIFO in its place", mkfifoat(dir->fd, "lock", 0600), 0);
	CHECK_INT("is no lock, and does not hang", shm_lock(&fd, &pid, dir, &err), SHMPUB_ERR_SYS);
	shm_remove(dir, "lock", &err);
}

/* --- segments ---------------------------------------------------------------------------------- */

static void test_segment(const struct shm_dir *dir)
{
	struct shm_map map, again, reader;
	struct shm_stat stat;
	struct shmpub_error err;

	CHECK_INT("create", shm_create(&map, dir, ".s.1", 5000, &access_all, &err), 0);
	CHECK_INT("once only", shm_create(&again, dir, ".s.1", 1, &access_all, &err),
	          SHMPUB_ERR_SYS);
	CHECK_INT("stat", shm_stat_name(&stat, dir, ".s.1", &err), 0);
	CHECK_INT("for nobody else yet", stat.mode, 0600);
	CHECK_INT("room is there", stat.blocks_size, 8192);
	memset(map.addr, 'a', 5000);
	CHECK_INT("grow", shm_resize(&map, 1 << 20, &err), 0);
	CHECK_INT("contents stay", ((char *)map.addr)[4999], 'a');
	CHECK_INT("zeros behind", ((char *)map.addr)[5000], 0);
	((char *)map.addr)[(1 << 20) - 1] = 'z';
	CHECK_INT("seal", shm_seal(&map, 6000, &access_all, &err), 0);
	CHECK_INT("stat of the map", shm_stat_map(&stat, &map, &err), 0);
	CHECK_INT("mode", stat.mode, 0644);
	CHECK_INT("size", stat.size, 6000);
	CHECK("not writable", !map.is_writable);
	CHECK("stands", shm_map_stands(&map, dir, ".s.1"));
	CHECK_INT("read", shm_map_read(&reader, &stat, dir, ".s.1", &err), 0);
	CHECK_INT("size read", reader.size, 6000);
	CHECK_INT("no descriptor", reader.fd, -1);
	CHECK_INT("contents", ((char *)reader.addr)[4999], 'a');
	shm_remove(dir, ".s.1", &err);
	CHECK("name gone", !shm_map_stands(&map, dir, ".s.1"));
	CHECK_INT("mapping stays", ((char *)reader.addr)[0], 'a');
	shm_discard(&map);
	CHECK_INT("and stays", ((char *)reader.addr)[0], 'a');
	shm_discard(&reader);
	shm_discard(&reader);
	CHECK_INT("absent", shm_map_read(&reader, &stat, dir, ".s.1", &err), SHM_ABSENT);
	CHECK_INT("a link", symlinkat("/etc/passwd", dir->fd, "l"), 0);
	CHECK_INT("is not followed", shm_map_read(&reader, &stat, dir, "l", &err), SHMPUB_ERR_SYS);
	CHECK_INT("a FIFO", mkfifoat(dir->fd, "f", 0600), 0);
	CHECK_INT("is refused", shm_map_read(&reader, &stat, dir, "f", &err), SHMPUB_ERR_FORMAT);
	CHECK_INT("empty", shm_create(&map, dir, "e", 0, &access_all, &err), 0);
	CHECK_INT("empty read", shm_map_read(&reader, &stat, dir, "e", &err), 0);
	CHECK("nothing mapped", reader.addr == NULL && reader.size == 0);
	shm_discard(&map);
	CHECK_INT("absurd", shm_create(&map, dir, "m", SIZE_MAX, &access_all, &err),
	          SHMPUB_ERR_LIMIT);
	shm_remove(dir, "l", &err);
	shm_remove(dir, "f", &err);
	shm_remove(dir, "e", &err);
}

static void make_file(const struct shm_dir *dir, const char *name, char contents)
{
	struct shm_map map;
	struct shmpub_error err;

	CHECK_INT("make", shm_create(&map, dir, name, 1, &access_all, &err), 0);
	*(char *)map.addr = contents;
	shm_discard(&map);
}

static int read_file(const struct shm_dir *dir, const char *name)
{
	struct shm_map map;
	struct shm_stat stat;
	struct shmpub_error err;
	int c = -1;

	if (shm_map_read(&map, &stat, dir, name, &err) == 0)
		c = *(const char *)map.addr;
	shm_discard(&map);
	return c;
}

static void test_place(const struct shm_dir *dir)
{
	struct shmpub_error err;
	bool exchanged = true;

	make_file(dir, ".p.1", '1');
	CHECK_INT("first", shm_place(dir, ".p.1", "p.arrow", &exchanged, &err), 0);
	CHECK("nothing was there", !exchanged);
	CHECK_INT("contents", read_file(dir, "p.arrow"), '1');
	make_file(dir, ".p.2", '2');
	CHECK_INT("second", shm_place(dir, ".p.2", "p.arrow", &exchanged, &err), 0);
	CHECK("exchanged", exchanged);
	CHECK_INT("new", read_file(dir, "p.arrow"), '2');
	CHECK_INT("old under the hidden name", read_file(dir, ".p.2"), '1');
	CHECK_INT("nothing to place", shm_place(dir, ".p.9", "p.arrow", &exchanged, &err),
	          SHMPUB_ERR_SYS);
	CHECK_INT("stays", read_file(dir, "p.arrow"), '2');
	shm_remove(dir, "p.arrow", &err);
	shm_remove(dir, ".p.2", &err);
}

static volatile sig_atomic_t bus_errors;

static void on_bus(int number)
{
	(void)number;
	bus_errors++;
	_exit(9);
}

static bool fill_to_the_brim(const void *path)
{
	struct shm_dir dir;
	struct shm_map map, more;
	struct shmpub_error err;
	size_t size = 4096;
	int r;

	signal(SIGBUS, on_bus);
	if (shm_dir_make(&dir, path, "full", &err) != 0 ||
	    shm_create(&map, &dir, ".f.1", size, &access_all, &err) != 0)
		return false;
	while ((r = shm_resize(&map, size * 2, &err)) == 0) {
		size *= 2;
		memset(map.addr, 1, size);
	}
	if (r != SHMPUB_ERR_SYS || err.sys != ENOSPC || map.size != size)
		return false;
	memset(map.addr, 2, size); /* as it was */
	if (shm_create(&more, &dir, ".f.2", 1 << 20, &access_all, &err) != SHMPUB_ERR_SYS)
		return false;
	if (err.sys != ENOSPC || faccessat(dir.fd, ".f.2", F_OK, 0) == 0)
		return false;
	shm_discard(&map);
	shm_dir_close(&dir);
	return true;
}

static void test_full(const char *scratch)
{
	char path[256];

	path_of(path, sizeof(path), scratch, "tmpfs");
	CHECK_INT("mkdir", mkdir(path, 0755), 0);
	if (mount("none", path, "tmpfs", 0, "size=1m") != 0) {
		printf("skipped: a full tmpfs: mount: %s\n", strerror(errno));
		return;
	}
	CHECK("ENOSPC and no SIGBUS", in_child(fill_to_the_brim, path, 0));
	CHECK_INT("umount", umount(path), 0);
}

/* --- leases ------------------------------------------------------------------------------------ */

static void make_sealed(struct shm_map *map, const struct shm_dir *dir, const char *name)
{
	struct shmpub_error err;

	CHECK_INT("create", shm_create(map, dir, name, 8192, &access_all, &err), 0);
	memset(map->addr, 'x', 8192);
	CHECK_INT("seal", shm_seal(map, 8192, &access_all, &err), 0);
}

static void test_lease(const struct shm_dir *dir)
{
	struct shm_map map, reader;
	struct shm_stat stat;
	struct shmpub_error err;
	int fd;

	make_sealed(&map, dir, ".l.1");
	CHECK_INT("nobody else", shm_probe(&map), 0);
	CHECK_INT("ours counts by name", shm_probe_name(dir, ".l.1"), SHM_BUSY);
	CHECK_INT("a reader", shm_map_read(&reader, &stat, dir, ".l.1", &err), 0);
	CHECK_INT("holds it", shm_probe(&map), SHM_BUSY);
	CHECK_INT("not to be had", shm_recycle(&map, &err), SHM_BUSY);
	CHECK("still read-only", !map.is_writable && !map.is_leased);
	shm_discard(&reader);
	CHECK_INT("recycle", shm_recycle(&map, &err), 0);
	CHECK("writable, leased", map.is_writable && map.is_leased);
	memset(map.addr, 'y', 8192);
	CHECK_INT("a late opener who will not wait", openat(dir->fd, ".l.1", O_RDONLY | O_NONBLOCK),
	          -1);
	CHECK_INT("is told so", errno, EWOULDBLOCK);
	CHECK("which breaks nothing at once", shm_lease_holds(&map));
	CHECK_INT("our reader gives up", shm_map_read(&reader, &stat, dir, ".l.1", &err),
	          SHMPUB_ERR_SYS);
	CHECK_INT("seal", shm_seal(&map, 4096, &access_all, &err), 0);
	CHECK("given back", !map.is_leased);
	fd = openat(dir->fd, ".l.1", O_RDONLY | O_NONBLOCK);
	CHECK("open again", fd >= 0);
	CHECK_INT("held by an open file too", shm_probe(&map), SHM_BUSY);
	close(fd);
	CHECK_INT("recycle", shm_recycle(&map, &err), 0);
	shm_empty(&map);
	CHECK_INT("stat", shm_stat_name(&stat, dir, ".l.1", &err), 0);
	CHECK_INT("a failed fill leaves nothing", stat.size, 0);
	CHECK_INT("by name", shm_probe_name(dir, ".l.1"), 0);
	CHECK_INT("no such name", shm_probe_name(dir, ".l.2"), SHMPUB_ERR_SYS);
	shm_remove(dir, ".l.1", &err);
}

/* What tells a lease that somebody waits for from one that is lost is time alone. */
static void test_lost_lease(const struct shm_dir *dir)
{
	struct shm_map map;
	struct shmpub_error err;

	make_sealed(&map, dir, ".l.3");
	CHECK_INT("recycle", shm_recycle(&map, &err), 0);
	map.leased_ns -= INT64_C(3600000000000);
	CHECK("an hour, nobody came", shm_lease_holds(&map));
	CHECK_INT("somebody came", openat(dir->fd, ".l.3", O_RDONLY | O_NONBLOCK), -1);
	CHECK("may be lost", !shm_lease_holds(&map));
	CHECK_INT("so it is not sealed", shm_seal(&map, 4096, &access_all, &err), SHM_BUSY);
	CHECK_INT("nor cut", map.size, 8192);
	shm_discard(&map);
	shm_remove(dir, ".l.3", &err);
}

/* --- futex ------------------------------------------------------------------------------------- */

static void *wake_later(void *arg)
{
	uint32_t *word = arg;

	__atomic_fetch_add(word, 1, __ATOMIC_RELEASE);
	shm_wake(word);
	return NULL;
}

static void test_futex(const struct shm_dir *dir)
{
	struct shm_map map, reader;
	struct shm_stat stat;
	struct shmpub_error err;
	pthread_t thread;
	const uint32_t *word;

	CHECK_INT("create", shm_create(&map, dir, "w", 4096, &access_all, &err), 0);
	CHECK_INT("read-only", shm_map_read(&reader, &stat, dir, "w", &err), 0);
	word = reader.addr;
	CHECK_INT("nothing happens", shm_sleep(word, 0, 10), SHM_TIMEOUT);
	CHECK_INT("moved already", shm_sleep(word, 1, 60000), 0);
	CHECK_INT("thread", pthread_create(&thread, NULL, wake_later, map.addr), 0);
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
		CHECK_INT("woken through another mapping", shm_sleep(word, 0, 60000), 0);
	pthread_join(thread, NULL);
	shm_discard(&map);
	shm_discard(&reader);
	shm_remove(dir, "w", &err);
}

static void test_process(void)
{
	CHECK("we live", shm_process_lives(shm_pid()));
	CHECK("nobody is 0", !shm_process_lives(0));
	CHECK("nor so large", !shm_process_lives(UINT64_MAX));
	CHECK("random", shm_random() != shm_random());
	CHECK("time goes on", shm_monotonic_ns() <= shm_monotonic_ns() && shm_now_ns() > 0);
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
	test_full(s.path);
	CHECK_INT("dir", shm_dir_make(&dir, s.path, "dir", &err), 0);
	test_each(&dir);
	test_lock(&dir);
	test_segment(&dir);
	test_place(&dir);
	test_lease(&dir);
	test_lost_lease(&dir);
	test_futex(&dir);
	test_process();
	shm_dir_close(&dir);
	scratch_close(&s);
	CHECK_INT("nothing left", mem_live(), 0);
	return check_report();
}
