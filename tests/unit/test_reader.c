#include "reader/reader.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "reader/trust.h"
#include "shm/shm.h"
#include "unit/check.h"
#include "unit/scratch.h"

/*
 * Readers against real publishers, in one process: what they find, what they keep, and
 * how they get over a publisher that is replaced.
 */

struct bench {
	struct scratch scratch;
	struct shmpub_publisher *publisher;
	struct shmpub_reader *reader;
};

static struct shmpub_publisher *open_publisher(const char *directory, int keep)
{
	struct shmpub_publisher_options o = { .directory = directory,
		                              .instance = "unit",
		                              .keep_on_exit = keep };
	struct shmpub_publisher *p;
	struct shmpub_error err = { 0 };

	if (shmpub_publisher_open(&p, &o, &err) != SHMPUB_OK) {
		fprintf(stderr, "publisher: %s\n", err.message);
		exit(EXIT_FAILURE);
	}
	return p;
}

static void open_bench(struct bench *b)
{
	struct shmpub_reader_options o = { .directory = b->scratch.path, .instance = "unit" };

	scratch_open(&b->scratch, "/dev/shm");
	b->publisher = NULL;
	CHECK_INT("reader", shmpub_reader_open(&b->reader, &o, NULL), SHMPUB_OK);
}

static void close_bench(struct bench *b)
{
	shmpub_reader_close(b->reader);
	shmpub_publisher_close(b->publisher);
	scratch_close(&b->scratch);
}

static int publish(struct shmpub_publisher *p, const char *feed, int64_t value)
{
	struct shmpub_column c = {
		.name = "v", .name_size = 1, .type = SHMPUB_INT64, .values = &value
	};

	return shmpub_publish_columns(p, feed, &c, 1, 1, NULL, NULL);
}

static int64_t value_of(const struct shmpub_snapshot *s)
{
	size_t n;

	return ((const int64_t *)shmpub_columns(s, &n)[0].values)[0];
}

static void test_absence(void)
{
	struct bench b;
	struct shmpub_snapshot *s;
	struct shmpub_feed_info info;
	struct shmpub_mark mark;
	struct shmpub_error err;
	uint32_t position = 0;

	open_bench(&b);
	CHECK_INT("newest", shmpub_newest(&mark, b.reader, "a", &err), SHMPUB_NO_INSTANCE);
	CHECK_INT("acquire", shmpub_acquire(&s, b.reader, "a", NULL, &err), SHMPUB_NO_INSTANCE);
	CHECK("nothing handed out", s == NULL);
	CHECK("the message names the instance", strstr(err.message, "unit") != NULL);
	CHECK_INT("feed", shmpub_feed(&info, b.reader, "a", &err), SHMPUB_NO_INSTANCE);
	CHECK_INT("wait", shmpub_wait(b.reader, "a", NULL, 1, &err), SHMPUB_TIMED_OUT);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("no feed", shmpub_acquire(&s, b.reader, "a", NULL, &err), SHMPUB_NO_FEED);
	CHECK_INT("no feed in the time given", shmpub_wait(b.reader, "a", NULL, 0, &err),
	          SHMPUB_NO_FEED);
	CHECK_INT("none listed", shmpub_feed_next(&info, b.reader, &position, &err),
	          SHMPUB_NO_FEED);
	CHECK_INT("a bad text makes the feed",
	          shmpub_publish_csv(b.publisher, "a", "x,y\n1,\"2", 8, NULL, NULL, &err),
	          SHMPUB_ERR_CSV);
	CHECK_INT("never published", shmpub_acquire(&s, b.reader, "a", NULL, &err), SHMPUB_ABSENT);
	CHECK_INT("feed", shmpub_feed(&info, b.reader, "a", &err), SHMPUB_OK);
	CHECK_INT("one failure", info.failures, 1);
	CHECK("with its line", strstr(info.error, "line") != NULL);
	CHECK_INT("nothing to come in time", shmpub_wait(b.reader, "a", NULL, 1, &err),
	          SHMPUB_TIMED_OUT);
	close_bench(&b);
}

static void test_versions(void)
{
	struct bench b;
	struct shmpub_snapshot *first, *second, *none;
	struct shmpub_mark mark;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 11), SHMPUB_OK);
	CHECK_INT("acquire", shmpub_acquire(&first, b.reader, "a", NULL, NULL), SHMPUB_OK);
	mark = shmpub_snapshot_stamp(first)->mark;
	CHECK_INT("value", value_of(first), 11);
	CHECK_INT("unchanged", shmpub_acquire(&none, b.reader, "a", &mark, NULL), SHMPUB_UNCHANGED);
	CHECK_INT("nothing new", shmpub_wait(b.reader, "a", &mark, 0, NULL), SHMPUB_TIMED_OUT);
	CHECK_INT("publish", publish(b.publisher, "a", 12), SHMPUB_OK);
	CHECK_INT("something new", shmpub_wait(b.reader, "a", &mark, 0, NULL), SHMPUB_OK);
	CHECK_INT("acquire", shmpub_acquire(&second, b.reader, "a", &mark, NULL), SHMPUB_OK);
	CHECK("sequence grew", shmpub_snapshot_stamp(second)->mark.sequence > mark.sequence);
	CHECK("epoch stayed", shmpub_snapshot_stamp(second)->mark.epoch == mark.epoch);
	CHECK_INT("the new value", value_of(second), 12);
	CHECK_INT("the old one stays", value_of(first), 11);
	CHECK_INT("remove", shmpub_remove(b.publisher, "a", NULL), SHMPUB_OK);
	CHECK_INT("removed", shmpub_acquire(&none, b.reader, "a", NULL, NULL), SHMPUB_NO_FEED);
	CHECK_INT("removed, newest", shmpub_newest(&mark, b.reader, "a", NULL), SHMPUB_NO_FEED);
	CHECK_INT("remove what is gone", shmpub_remove(b.publisher, "a", NULL), SHMPUB_NO_FEED);
	close_bench(&b);
	CHECK_INT("held after all is gone", value_of(second), 12);
	CHECK_INT("and whole", shmpub_verify(first, NULL), SHMPUB_OK);
	shmpub_release(first);
	shmpub_release(second);
}

static void test_replaced(void)
{
	struct bench b;
	struct shmpub_snapshot *s;
	struct shmpub_mark mark, after;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 0);
	for (int64_t i = 0; i < 5; i++)
		CHECK_INT("publish", publish(b.publisher, "a", i), SHMPUB_OK);
	CHECK_INT("newest", shmpub_newest(&mark, b.reader, "a", NULL), SHMPUB_OK);
	shmpub_publisher_close(b.publisher);
	CHECK_INT("stopped and gone", shmpub_acquire(&s, b.reader, "a", NULL, NULL),
	          SHMPUB_NO_INSTANCE);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 77), SHMPUB_OK);
	CHECK_INT("another epoch is newer", shmpub_acquire(&s, b.reader, "a", &mark, NULL),
	          SHMPUB_OK);
	CHECK_INT("its value", s != NULL ? value_of(s) : 0, 77);
	after = shmpub_snapshot_stamp(s)->mark;
	CHECK("epochs differ", after.epoch != mark.epoch);
	shmpub_release(s);
	close_bench(&b);
}

static void test_kept(void)
{
	struct bench b;
	struct shmpub_snapshot *s;
	struct shmpub_instance_info info;
	struct shmpub_mark mark;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 1);
	CHECK_INT("publish", publish(b.publisher, "a", 5), SHMPUB_OK);
	shmpub_publisher_close(b.publisher);
	CHECK_INT("what was kept is read", shmpub_acquire(&s, b.reader, "a", NULL, NULL),
	          SHMPUB_OK);
	mark = shmpub_snapshot_stamp(s)->mark;
	shmpub_release(s);
	CHECK_INT("instance", shmpub_instance(&info, b.reader, NULL), SHMPUB_OK);
	CHECK_INT("stopped", info.state, SHMPUB_STOPPED);
	CHECK_INT("one feed", info.n_feeds, 1);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 6), SHMPUB_OK);
	CHECK_INT("goes on", shmpub_acquire(&s, b.reader, "a", &mark, NULL), SHMPUB_OK);
	CHECK_INT("its value", value_of(s), 6);
	CHECK("later", shmpub_snapshot_stamp(s)->mark.epoch != mark.epoch ||
	                       shmpub_snapshot_stamp(s)->mark.sequence > mark.sequence);
	shmpub_release(s);
	close_bench(&b);
}

/* --- sleeping ---------------------------------------------------------------------------------- */

struct sleeper {
	struct bench *b;
	_Atomic int n_seen;
	_Atomic int last;
};

static void *sleep_for_all(void *arg)
{
	struct sleeper *me = arg;
	struct shmpub_mark seen = { 0 };
	struct shmpub_snapshot *s;
	int r;

	while ((r = shmpub_wait(me->b->reader, "a", &seen, -1, NULL)) == SHMPUB_OK) {
		if (shmpub_acquire(&s, me->b->reader, "a", &seen, NULL) != SHMPUB_OK)
			continue;
		seen = shmpub_snapshot_stamp(s)->mark;
		atomic_fetch_add(&me->n_seen, 1); /* before `last`, which the test waits for */
		atomic_store(&me->last, (int)value_of(s));
		shmpub_release(s);
	}
	atomic_store(&me->last, -r);
	return NULL;
}

static void until(_Atomic int *word, int value)
{
	while (atomic_load(word) != value)
		sched_yield();
}

static void test_woken(void)
{
	struct bench b;
	struct sleeper me = { .b = &b, .n_seen = 0 };
	pthread_t thread;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 1), SHMPUB_OK);
	pthread_create(&thread, NULL, sleep_for_all, &me);
	for (int i = 1; i < 200; i++) {
		until(&me.last, i);
		CHECK_INT("publish", publish(b.publisher, "a", i + 1), SHMPUB_OK);
	}
	until(&me.last, 200);
	CHECK_INT("each seen once", atomic_load(&me.n_seen), 200);
	shmpub_publisher_close(b.publisher); /* the sleeper stays */
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 1000), SHMPUB_OK);
	until(&me.last, 1000);
	CHECK_INT("remove ends the wait", shmpub_remove(b.publisher, "a", NULL), SHMPUB_OK);
	until(&me.last, -SHMPUB_NO_FEED);
	pthread_join(thread, NULL);
	close_bench(&b);
}

static void test_any(void)
{
	struct bench b;
	uint64_t change = 0;

	open_bench(&b);
	CHECK_INT("the first call answers", shmpub_wait_any(b.reader, &change, 0, NULL), SHMPUB_OK);
	CHECK_INT("nothing", shmpub_wait_any(b.reader, &change, 0, NULL), SHMPUB_TIMED_OUT);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("an instance", shmpub_wait_any(b.reader, &change, 1000, NULL), SHMPUB_OK);
	while (shmpub_wait_any(b.reader, &change, 0, NULL) == SHMPUB_OK)
		;
	CHECK_INT("publish", publish(b.publisher, "a", 1), SHMPUB_OK);
	CHECK_INT("a feed", shmpub_wait_any(b.reader, &change, 1000, NULL), SHMPUB_OK);
	while (shmpub_wait_any(b.reader, &change, 0, NULL) == SHMPUB_OK)
		;
	CHECK_INT("publish", publish(b.publisher, "b", 1), SHMPUB_OK);
	CHECK_INT("another", shmpub_wait_any(b.reader, &change, 1000, NULL), SHMPUB_OK);
	shmpub_publisher_close(b.publisher);
	b.publisher = NULL;
	CHECK_INT("the end", shmpub_wait_any(b.reader, &change, 1000, NULL), SHMPUB_OK);
	close_bench(&b);
}

/* --- what stands is not what should stand ------------------------------------------------------- */

static void write_over(const struct bench *b, const void *data, size_t size)
{
	char path[256], hidden[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/unit/a.arrow", b->scratch.path);
	snprintf(hidden, sizeof(hidden), "%s/unit/.planted", b->scratch.path);
	file = fopen(hidden, "wb");
	CHECK("written", file != NULL && fwrite(data, 1, size, file) == size);
	fclose(file);
	CHECK_INT("put in place", rename(hidden, path), 0);
}

static void test_outdated(void)
{
	struct bench b;
	struct shmpub_snapshot *old, *s;
	struct shmpub_mark newest;
	const void *bytes;
	size_t size;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 1), SHMPUB_OK);
	CHECK_INT("acquire", shmpub_acquire(&old, b.reader, "a", NULL, NULL), SHMPUB_OK);
	CHECK_INT("publish", publish(b.publisher, "a", 2), SHMPUB_OK);
	bytes = shmpub_bytes(old, &size);
	write_over(&b, bytes, size);
	CHECK_INT("newest", shmpub_newest(&newest, b.reader, "a", NULL), SHMPUB_OK);
	CHECK_INT("the older table, whole", shmpub_acquire(&s, b.reader, "a", NULL, NULL),
	          SHMPUB_OK);
	CHECK_INT("its value", value_of(s), 1);
	CHECK("under the catalog's mark",
	      shmpub_snapshot_stamp(s)->mark.sequence == newest.sequence);
	shmpub_release(s);
	CHECK_INT("and not over and over", shmpub_acquire(&s, b.reader, "a", &newest, NULL),
	          SHMPUB_UNCHANGED);
	shmpub_release(old);
	close_bench(&b);
}

static const struct {
	const char *label;
	const char *data;
	size_t size;
} damaged[] = {
	{ "empty", "", 0 },
	{ "a few bytes", "ARROW1", 6 },
	{ "magic at both ends", "ARROW1\0\0\0\0\0\0ARROW1", 18 },
	{ "text", "a,b\n1,2\n", 8 },
};

static void test_damaged(void)
{
	struct bench b;
	struct shmpub_snapshot *s;
	struct shmpub_error err;
	char path[256];

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 1), SHMPUB_OK);
	for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
		write_over(&b, damaged[i].data, damaged[i].size);
		CHECK_INT(damaged[i].label, shmpub_acquire(&s, b.reader, "a", NULL, &err),
		          SHMPUB_ERR_FORMAT);
		CHECK("nothing handed out", s == NULL);
	}
	snprintf(path, sizeof(path), "%s/unit/a.arrow", b.scratch.path);
	CHECK_INT("gone", remove(path), 0);
	CHECK_INT("gone", shmpub_acquire(&s, b.reader, "a", NULL, &err), SHMPUB_ABSENT);
	CHECK_INT("the next publication heals it", publish(b.publisher, "a", 2), SHMPUB_OK);
	CHECK_INT("healed", shmpub_acquire(&s, b.reader, "a", NULL, &err), SHMPUB_OK);
	shmpub_release(s);
	close_bench(&b);
}

/* A program that has no descriptor left still reads what it is attached to. */
static void test_no_descriptors(void)
{
	struct bench b;
	struct shmpub_mark mark;
	struct rlimit limit, none;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 1);
	CHECK_INT("publish", publish(b.publisher, "a", 1), SHMPUB_OK);
	CHECK_INT("newest", shmpub_newest(&mark, b.reader, "a", NULL), SHMPUB_OK);
	shmpub_publisher_close(b.publisher); /* stopped: every call looks at the file system */
	b.publisher = NULL;
	CHECK_INT("limit", getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = limit.rlim_max };
	CHECK_INT("limit", setrlimit(RLIMIT_NOFILE, &none), 0);
	CHECK_INT("still there", shmpub_newest(&mark, b.reader, "a", NULL), SHMPUB_OK);
	CHECK_INT("limit", setrlimit(RLIMIT_NOFILE, &limit), 0);
	close_bench(&b);
}

/* --- trust and memory --------------------------------------------------------------------------- */

static void test_trust(void)
{
	struct trust t;
	struct shmpub_error err;
	struct shm_user root, me, service, stranger, other;
	bool has_service = shm_user_find(&service, "shmpub");

	shm_user_self(&me);
	CHECK("users by number", shm_user_find(&root, "0") && shm_user_find(&stranger, "54321") &&
	                                 shm_user_find(&other, "54322"));
	CHECK("by name", shm_user_find(&service, "root") && shm_user_equal(&service, &root));
	CHECK("no number", !shm_user_find(&other, "4294967296") && !shm_user_find(&other, ""));
	CHECK_INT("nobody", trust_init(&t, 0, NULL, &err), SHMPUB_OK);
	CHECK_INT("root", trust_check(&t, &root, "x", &err), SHMPUB_OK);
	CHECK_INT("me", trust_check(&t, &me, "x", &err), SHMPUB_OK);
	if (has_service && shm_user_find(&service, "shmpub"))
		CHECK_INT("the service", trust_check(&t, &service, "x", &err), SHMPUB_OK);
	CHECK_INT("a stranger", trust_check(&t, &stranger, "dir", &err), SHMPUB_ERR_OWNER);
	CHECK("told what", strstr(err.message, "dir") != NULL);
	CHECK("and who", strstr(err.message, "54321") != NULL);
	CHECK_INT("by uid", trust_init(&t, 54321, NULL, &err), SHMPUB_OK);
	CHECK_INT("a stranger who was named", trust_check(&t, &stranger, "x", &err), SHMPUB_OK);
	CHECK_INT("another one", trust_check(&t, &other, "x", &err), SHMPUB_ERR_OWNER);
	CHECK_INT("by name", trust_init(&t, 54321, "54322", &err), SHMPUB_OK);
	CHECK_INT("which comes first", trust_check(&t, &other, "x", &err), SHMPUB_OK);
	CHECK_INT("a name of nobody", trust_init(&t, 0, "no such user", &err), SHMPUB_ERR_INVALID);
	CHECK("told", strstr(err.message, "no such user") != NULL);
}

/* Needs to give files away; where that is not allowed, tests/e2e has the same with real users. */
static void test_owner(void)
{
	static const char *const names[] = { "", "/catalog", "/a.arrow" };
	struct bench b;
	struct shmpub_reader_options o = { .instance = "unit", .owner = 54321 };
	struct shmpub_reader *trusting;
	struct shmpub_snapshot *s;
	struct shmpub_error err;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 1), SHMPUB_OK);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/unit%s", b.scratch.path, names[i]);
		if (chown(path, 54321, (gid_t)-1) != 0)
			break;
		shmpub_reader_close(b.reader);
		o.directory = b.scratch.path;
		o.owner = 0;
		CHECK_INT("reader", shmpub_reader_open(&b.reader, &o, NULL), SHMPUB_OK);
		CHECK_INT(path, shmpub_acquire(&s, b.reader, "a", NULL, &err), SHMPUB_ERR_OWNER);
		o.owner = 54321;
		CHECK_INT("reader", shmpub_reader_open(&trusting, &o, NULL), SHMPUB_OK);
		CHECK_INT(path, shmpub_acquire(&s, trusting, "a", NULL, &err), SHMPUB_OK);
		shmpub_release(s);
		shmpub_reader_close(trusting);
		CHECK_INT("given back", chown(path, getuid(), (gid_t)-1), 0);
	}
	close_bench(&b);
}

static void test_memory(void)
{
	struct bench b;
	struct shmpub_snapshot *s = NULL;
	long before;
	int r = SHMPUB_ERR_NOMEM;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 1), SHMPUB_OK);
	before = mem_live();
	for (long n = 0; r == SHMPUB_ERR_NOMEM && n < 100; n++) {
		mem_fail_after(n);
		r = shmpub_acquire(&s, b.reader, "a", NULL, NULL);
		mem_fail_after(-1);
		if (r != SHMPUB_OK)
			CHECK_INT("nothing leaked", mem_live(), before);
	}
	CHECK_INT("in the end it works", r, SHMPUB_OK);
	shmpub_release(s);
	CHECK_INT("all given back", mem_live(), before);
	close_bench(&b);
	CHECK_INT("all of all", mem_live(), 0);
}

int main(void)
{
	test_absence();
	test_versions();
	test_replaced();
	test_kept();
	test_woken();
	test_any();
	test_outdated();
	test_damaged();
	test_no_descriptors();
	test_trust();
	test_owner();
	test_memory();
	return check_report();
}
