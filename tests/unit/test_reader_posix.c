#include "reader/reader.h"

#include <sys/resource.h>
#include <unistd.h>

#include "reader/trust.h"
#include "shm/shm.h"
#include "unit/reading.h"

/*
 * Readers against real publishers where an instance is a directory: what a publisher leaves, what
 * somebody else puts under its names, and whose files are believed.
 */

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

/* --- trust -------------------------------------------------------------------------------------- */

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

int main(void)
{
	test_kept();
	test_outdated();
	test_damaged();
	test_no_descriptors();
	test_trust();
	test_owner();
	return check_report();
}
