/* lib/shm: segments with real room, names, leases, futex. */
#include "unit/check.h"
#include "unit/child.h"
#include "unit/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/span.h"
#include "shm/shm_bell.h"

static const struct shm_access access_all = { .mode = 0644, .gid = -1 };

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
	CHECK("stands", shm_map_is_in_place(&map, dir, ".s.1"));
	CHECK_INT("read", shm_map_read(&reader, &stat, dir, ".s.1", &err), 0);
	CHECK_INT("size read", reader.size, 6000);
	CHECK_INT("no descriptor", reader.fd, -1);
	CHECK_INT("contents", ((char *)reader.addr)[4999], 'a');
	shm_remove(dir, ".s.1", &err);
	CHECK("name gone", !shm_map_is_in_place(&map, dir, ".s.1"));
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

	snprintf(path, sizeof(path), "%s/tmpfs", scratch);
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
	CHECK_INT("not to be had", shm_recycle(&map, dir, ".l.1", &err), SHM_BUSY);
	CHECK("still read-only", !map.is_writable && !map.is_leased);
	shm_discard(&reader);
	CHECK_INT("recycle", shm_recycle(&map, dir, ".l.1", &err), 0);
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
	CHECK_INT("recycle", shm_recycle(&map, dir, ".l.1", &err), 0);
	shm_empty(&map);
	CHECK_INT("stat", shm_stat_name(&stat, dir, ".l.1", &err), 0);
	CHECK_INT("a failed fill leaves nothing", stat.size, 0);
	CHECK_INT("by name", shm_probe_name(dir, ".l.1"), 0);
	CHECK_INT("no such name", shm_probe_name(dir, ".l.2"), SHMPUB_ERR_SYS);
	shm_remove(dir, ".l.1", &err);
}

/* What tells a lease that somebody waits for from one that is lost is time alone. */
int64_t __real_shm_monotonic_ns(void);
int64_t __wrap_shm_monotonic_ns(void);
static int watched = -1, is_leased_when_asked;

/* The linker sends every call of shm_monotonic_ns() here. */
int64_t __wrap_shm_monotonic_ns(void)
{
	if (watched >= 0)
		is_leased_when_asked |= fcntl(watched, F_GETLEASE) == F_WRLCK;
	return __real_shm_monotonic_ns();
}

/* Who comes right after the lease may wait for it; a later time would hide that he was let in. */
static void test_clock_of_lease(const struct shm_dir *dir)
{
	struct shm_map map;
	struct shmpub_error err;

	CHECK_INT("create", shm_create(&map, dir, ".l.9", 4096, &access_all, &err), 0);
	CHECK_INT("seal", shm_seal(&map, 4096, &access_all, &err), 0);
	watched = map.fd;
	CHECK_INT("recycle", shm_recycle(&map, dir, ".l.9", &err), 0);
	watched = -1;
	CHECK("leased", fcntl(map.fd, F_GETLEASE) == F_WRLCK);
	CHECK("the clock was read before the lease", !is_leased_when_asked);
	shm_discard(&map);
	shm_remove(dir, ".l.9", &err);
}

static unsigned mode_of(const struct shm_dir *dir, const char *name)
{
	struct shm_stat stat = { 0 };
	struct shmpub_error err;

	CHECK_INT("stat", shm_stat_name(&stat, dir, name, &err), 0);
	return stat.mode;
}

/* What the seal knows of a recycled file must not keep it from setting what is asked for. */
static void test_access_of_recycled(const struct shm_dir *dir)
{
	static const struct {
		const char *label;
		unsigned found, wanted;
	} cases[] = {
		{ "the same", 0644, 0644 },
		{ "fewer readers", 0644, 0600 },
		{ "more readers", 0600, 0644 },
		{ "changed by somebody", 0604, 0644 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct shm_access access = { .mode = cases[i].wanted, .gid = -1 };
		struct shm_map map;
		struct shmpub_error err;

		make_sealed(&map, dir, ".l.4");
		CHECK_INT("chmod", fchmod(map.fd, cases[i].found), 0);
		CHECK_INT("recycle", shm_recycle(&map, dir, ".l.4", &err), 0);
		CHECK_INT("seal", shm_seal(&map, 8192, &access, &err), 0);
		CHECK_INT(cases[i].label, mode_of(dir, ".l.4"), cases[i].wanted);
		shm_discard(&map);
		shm_remove(dir, ".l.4", &err);
	}
}

/* Each of these segments is left alone, without a lease. */
static void test_not_recycled(const struct shm_dir *dir)
{
	struct shm_map map, other;
	struct shmpub_error err;

	make_sealed(&map, dir, ".l.5");
	make_sealed(&other, dir, ".l.6");
	CHECK_INT("another file's name", shm_recycle(&map, dir, ".l.6", &err), SHM_ABSENT);
	CHECK("no lease", !map.is_leased && fcntl(map.fd, F_GETLEASE) == F_UNLCK);
	CHECK_INT("no such name", shm_recycle(&map, dir, ".l.7", &err), SHM_ABSENT);
	CHECK_INT("cut", ftruncate(map.fd, 4096), 0);
	CHECK_INT("cut short", shm_recycle(&map, dir, ".l.5", &err), SHM_ABSENT);
	CHECK("no lease", !map.is_leased && fcntl(map.fd, F_GETLEASE) == F_UNLCK);
	shm_discard(&map);
	shm_discard(&other);
	shm_remove(dir, ".l.5", &err);
	shm_remove(dir, ".l.6", &err);
}

static void test_lost_lease(const struct shm_dir *dir)
{
	struct shm_map map;
	struct shmpub_error err;

	make_sealed(&map, dir, ".l.3");
	CHECK_INT("recycle", shm_recycle(&map, dir, ".l.3", &err), 0);
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
	shm_bell_wake(word);
	return NULL;
}

static int sleep_on(const uint32_t *word, uint32_t seen, uint32_t ms)
{
	return shm_bell_wait(&(struct shm_watch){ .word = word, .seen = seen }, ms);
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
	CHECK_INT("nothing happens", sleep_on(word, 0, 10), SHM_TIMEOUT);
	CHECK_INT("moved already", sleep_on(word, 1, 60000), 0);
	CHECK_INT("thread", pthread_create(&thread, NULL, wake_later, map.addr), 0);
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
		CHECK_INT("woken through another mapping", sleep_on(word, 0, 60000), 0);
	pthread_join(thread, NULL);
	shm_discard(&map);
	shm_discard(&reader);
	shm_remove(dir, "w", &err);
}

static void test_clocks(void)
{
	CHECK("random", shm_random() != shm_random());
	CHECK("time goes on", shm_monotonic_ns() <= shm_monotonic_ns() && shm_now_ns() > 0);
}

int main(void)
{
	struct scratch s = SCRATCH_NONE;
	struct shm_dir dir;
	struct shmpub_error err;

	scratch_open(&s, "/dev/shm");
	test_full(s.path);
	CHECK_INT("dir", shm_dir_make(&dir, s.path, "dir", &err), 0);
	test_segment(&dir);
	test_place(&dir);
	test_lease(&dir);
	test_access_of_recycled(&dir);
	test_not_recycled(&dir);
	test_lost_lease(&dir);
	test_clock_of_lease(&dir);
	test_futex(&dir);
	test_clocks();
	shm_dir_close(&dir);
	scratch_close(&s);
	return check_report();
}
