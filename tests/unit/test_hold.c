/*
 * lib/publisher: whose the instance is. A publisher that lost it to another one, and the
 * child of a publisher's process, touch nothing there: not a name, not a word.
 */
#include "unit/child.h"
#include "unit/publishing.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

static void write_into(struct publication *pub, char c, size_t size)
{
	struct snapshot_memory memory = publication_memory(pub);
	void *addr;

	CHECK_INT("memory", memory.reserve(memory.arg, &addr, size, &err), 0);
	memset(addr, c, size);
	CHECK_INT("seal", publication_seal(pub, size, &err), 0);
}

static void remove_lock(const struct publisher *p)
{
	CHECK_INT("somebody unlinks the lock", shm_remove(&p->dir, "lock", NULL), 0);
}

/* Files by inode and the words that a loser might write: the same before and after. */
struct picture {
	uint64_t inodes, heartbeat, bytes, wake;
	struct names names;
};

static void add_inode(void *arg, const char *name)
{
	struct picture *x = arg;
	struct shm_dir *dir = (struct shm_dir *)(uintptr_t)x->bytes;
	struct shm_stat stat;

	if (shm_stat_name(&stat, dir, name, NULL) == 0)
		x->inodes += stat.id.number * 31 + (unsigned char)name[1];
}

static struct picture take_picture(const struct publisher *p)
{
	const struct catalog_header *h = catalog_header(&p->catalog);
	struct picture x = { .bytes = (uint64_t)(uintptr_t)&p->dir };

	CHECK_INT("look", shm_dir_each(&p->dir, add_inode, &x, NULL), 0);
	x.names = names_in(&p->dir);
	x.heartbeat = h->heartbeat_ns;
	x.bytes = h->segment_bytes;
	x.wake = h->wake + h->state;
	return x;
}

static bool is_as_before(const struct publisher *p, const struct picture *before)
{
	struct picture now = take_picture(p);

	return memcmp(&now, before, sizeof(now)) == 0;
}

/* --- two publishers ------------------------------------------------------------------------------ */

static void test_lost(const char *directory)
{
	struct publisher *first = open_publisher(directory, 0, 1 << 20), *second;
	struct publisher_feed *f = open_feed(first, "q"), *g, *other = NULL;
	struct shmpub_error failed = { .message = "of the first" };
	struct picture before;
	struct shm_map held;

	publish(f, 'a', 5000);
	map_feed(&held, f);
	for (int i = 0; i < 3; i++) {
		publish(f, 'b', 5000);
		rest(f);
	}
	remove_lock(first);
	second = open_publisher(directory, 0, 1 << 20);
	CHECK("the same catalog goes on", publisher_epoch(second) == publisher_epoch(first));
	g = open_feed(second, "q");
	publish(g, 'c', 5000);
	publish(g, 'd', 5000);
	publisher_heartbeat(second, 77);
	before = take_picture(second);
	CHECK_INT("is told", publisher_put_back(f, &err), SHMPUB_ERR_BUSY);
	CHECK_INT("cannot publish", publish(f, 'x', 5000), SHMPUB_ERR_BUSY);
	CHECK_INT("nor add a feed",
	          publisher_feed_open(&other, first, span_str("new"), 0, NULL, &err),
	          SHMPUB_ERR_BUSY);
	CHECK_INT("by asking", publisher_check(first, &err), SHMPUB_ERR_BUSY);
	publisher_heartbeat(first, 1);
	publisher_running(first);
	publisher_feed_set_interval(f, 5);
	publisher_feed_report(f, REFRESH_FAILED, &failed);
	publisher_feed_set_stale(f);
	publisher_sweep(first, NULL, NULL);
	shm_discard(&held);
	publisher_heartbeat(first, 1);
	CHECK("nothing was touched", is_as_before(second, &before));
	publisher_close(first);
	CHECK("nor at the end", is_as_before(second, &before));
	CHECK("the second's table stands", stands(g, 'd', 5000));
	CHECK_INT("and it goes on", publish(g, 'e', 5000), 0);
	publisher_close(second);
}

static void test_lost_feed_removed(const char *directory)
{
	struct publisher *first = open_publisher(directory, 0, 0), *second;
	struct publisher_feed *f = open_feed(first, "q"), *g;
	struct picture before;

	publish(f, 'a', 5000);
	remove_lock(first);
	second = open_publisher(directory, 0, 0);
	g = open_feed(second, "q");
	publish(g, 'b', 5000);
	before = take_picture(second);
	publisher_feed_remove(f);
	CHECK("nothing was touched", is_as_before(second, &before));
	publisher_close(first);
	CHECK("nor at the end", is_as_before(second, &before));
	publisher_close(second);
}

/* Lost between the beginning and the end of a publication. */
static void test_lost_on_the_way(const char *directory)
{
	struct publisher *first = open_publisher(directory, 0, 0), *second;
	struct publisher_feed *f = open_feed(first, "q"), *g;
	struct catalog_descriptor d = { .rows = 1 };
	struct publication *pub;
	struct picture before;

	publish(f, 'a', 5000);
	CHECK_INT("begin", publication_begin(&pub, f, &err), 0);
	remove_lock(first);
	second = open_publisher(directory, 0, 0);
	g = open_feed(second, "q");
	publish(g, 'b', 5000);
	before = take_picture(second);
	write_into(pub, 'x', 5000);
	CHECK_INT("not put in place", publication_commit(pub, &d, &err), SHMPUB_ERR_BUSY);
	CHECK("what was written is gone, nothing else was touched", is_as_before(second, &before));
	publisher_close(first);
	publisher_close(second);
}

/* Nobody came: the instance is still the first one's. */
static void test_lock_removed(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "q");
	struct shm_stat stat;

	publish(f, 'a', 5000);
	remove_lock(p);
	publisher_heartbeat(p, 5);
	CHECK_INT("the pulse goes on", catalog_header(&p->catalog)->heartbeat_ns, 5);
	CHECK_INT("the lock is back", shm_stat_name(&stat, &p->dir, "lock", NULL), 0);
	remove_lock(p);
	CHECK_INT("put back", publisher_put_back(f, &err), 0);
	CHECK_INT("and on", publish(f, 'b', 5000), 0);
	publisher_close(p);
}

static bool comes_and_goes(const void *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);

	publish(open_feed(p, "q"), 'z', 100);
	publisher_close(p);
	return check_failed == 0;
}

static bool comes_and_dies(const void *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);

	publish(open_feed(p, "q"), 'z', 100);
	return check_failed == 0;
}

/* Somebody was there meanwhile: what he wrote into our catalog cannot be known. */
static void lose_for_a_while(const char *directory, bool (*other)(const void *directory))
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "q");

	publish(f, 'a', 5000);
	remove_lock(p);
	CHECK("another one", in_child(other, directory, 0));
	CHECK_INT("is told", publisher_put_back(f, &err), SHMPUB_ERR_BUSY);
	CHECK("says so", strstr(err.message, "has published there since") != NULL);
	publisher_close(p);
	p = open_publisher(directory, 0, 0); /* nor does it keep the lock */
	publisher_close(p);
}

static void test_come_and_gone(const char *directory)
{
	lose_for_a_while(directory, comes_and_goes);
}

static void test_come_and_dead(const char *directory)
{
	lose_for_a_while(directory, comes_and_dies);
}

/* --- children ------------------------------------------------------------------------------------ */

static struct publisher_feed *of_parent;
static struct publication *pub_of_parent;

static bool is_refused(const void *arg)
{
	struct publisher *p = of_parent->publisher;
	struct picture before = take_picture(p);
	struct publisher_feed *f;
	struct shmpub_error failed = { .message = "of the child" };

	(void)arg;
	CHECK_INT("told", publisher_check(p, &err), SHMPUB_ERR_INVALID);
	CHECK("says why", strstr(err.message, "this is a child of it") != NULL);
	CHECK_INT("publish", publish(of_parent, 'x', 100), SHMPUB_ERR_INVALID);
	CHECK_INT("put back", publisher_put_back(of_parent, &err), SHMPUB_ERR_INVALID);
	CHECK_INT("feed", publisher_feed_open(&f, p, span_str("n"), 0, NULL, &err),
	          SHMPUB_ERR_INVALID);
	publisher_heartbeat(p, 1);
	publisher_running(p);
	publisher_feed_report(of_parent, REFRESH_FAILED, &failed);
	publisher_sweep(p, NULL, NULL);
	publication_discard(pub_of_parent);
	CHECK("nothing was touched", is_as_before(p, &before));
	publisher_feed_remove(of_parent);
	publisher_close(p);
	return check_failed == 0 && mem_live() == 0;
}

static void test_child(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");
	struct catalog_descriptor d = { .rows = 1 };
	struct picture before;
	struct shm_map held;

	publish(f, 'a', 5000);
	map_feed(&held, f);
	for (int i = 0; i < 3; i++) {
		publish(f, 'b', 5000);
		rest(f);
	}
	of_parent = f;
	CHECK_INT("begin", publication_begin(&pub_of_parent, f, &err), 0);
	write_into(pub_of_parent, 'c', 5000);
	before = take_picture(p);
	CHECK("in a child", in_child(is_refused, NULL, 0));
	CHECK("nothing was touched", is_as_before(p, &before));
	CHECK("the parent has it still", hold_may_rename(p));
	CHECK_INT("and goes on", publication_commit(pub_of_parent, &d, &err), 0);
	CHECK("whole", stands(f, 'c', 5000));
	shm_discard(&held);
	publisher_close(p);
}

/* A child that no handler saw: fork() is not the only way to one. */
static void test_child_by_clone(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "q");
	int status = 1;
	pid_t pid;

	publish(f, 'a', 5000);
	of_parent = f;
	pub_of_parent = NULL;
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(is_refused(NULL) ? 0 : 1);
	CHECK_INT("waited", waitpid(pid, &status, 0), pid);
	CHECK_INT("refused", status, 0);
	CHECK("stands", stands(f, 'a', 5000));
	CHECK_INT("and goes on", publish(f, 'b', 5000), 0);
	publisher_close(p);
}

/* A publisher with a child that outlives it; the child's pid comes through the pipe. */
static pid_t die_with_living_child(const char *directory)
{
	int ends[2];
	pid_t parent, child = 0;

	CHECK_INT("pipe", pipe(ends), 0);
	parent = fork();
	if (parent == 0) {
		publish(open_feed(open_publisher(directory, 0, 0), "q"), 'a', 100);
		child = fork();
		if (child == 0) {
			child = getpid();
			if (write(ends[1], &child, sizeof(child)) < 0)
				_exit(1);
			for (;;)
				pause();
		}
		for (;;)
			pause();
	}
	CHECK_INT("child", read(ends[0], &child, sizeof(child)), sizeof(child));
	close(ends[0]);
	close(ends[1]);
	kill(parent, SIGKILL);
	CHECK_INT("dead", waitpid(parent, NULL, 0), parent);
	return child;
}

static void test_living_child(const char *directory)
{
	pid_t child = die_with_living_child(directory);
	struct publisher *p = open_publisher(directory, 0, 0); /* exits when it is busy */

	CHECK_INT("while the child lives", kill(child, 0), 0);
	kill(child, SIGKILL);
	publisher_close(p);
}

int main(void)
{
	static void (*const tests[])(const char *) = {
		test_lost,         test_lost_feed_removed, test_lost_on_the_way,
		test_lock_removed, test_come_and_gone,     test_come_and_dead,
		test_child,        test_child_by_clone,    test_living_child,
	};

	return run_all(tests, ARRAY_LEN(tests));
}
