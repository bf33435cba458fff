/*
 * Slots that are given again, by publishers: names that come and go for ever, what readers of the old
 * name hold, and a next start with other feeds.
 */
#include "unit/check.h"
#include "unit/scratch.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "publisher/publisher_parts.h"

#define NAMES 7

static struct shmpub_error err;

static void name_of(char out[32], unsigned i)
{
	snprintf(out, 32, "feed-with-a-long-name-%u", i);
}

static int publish(struct publisher_feed *f, size_t size)
{
	struct catalog_descriptor d = { .rows = 1 };
	struct publication *pub;
	struct snapshot_memory memory;
	void *addr;
	int r = publication_begin(&pub, f, &err);

	if (r != 0)
		return r;
	memory = publication_memory(pub);
	r = memory.reserve(memory.arg, &addr, size, &err);
	if (r == 0)
		r = publication_seal(pub, size, &err);
	if (r == 0)
		return publication_commit(pub, &d, &err);
	publication_discard(pub);
	return r;
}

static struct publisher *open_publisher(const char *directory)
{
	struct publisher_options options = { .directory = directory,
		                             .instance = "pub",
		                             .max_feeds = 3 };
	struct publisher *p = NULL;

	CHECK_INT("publisher", publisher_open(&p, &options, &err), 0);
	return p;
}

/* Renaming for years: each name comes back now and then, and never with a smaller sequence. */
static void test_renaming(const char *directory)
{
	struct publisher *p = open_publisher(directory);
	uint64_t last[NAMES] = { 0 };

	for (unsigned i = 0; i < 500; i++) {
		struct publisher_feed *f;
		char name[32];

		name_of(name, i % NAMES);
		CHECK_INT("three are left", publisher_feeds_left(p), 3);
		CHECK_INT(name, publisher_feed_open(&f, p, span_str(name), 0, NULL, &err), 0);
		CHECK_INT("two are left", publisher_feeds_left(p), 2);
		for (unsigned n = 0; n < 1 + i % 3; n++)
			CHECK_INT("publish", publish(f, 100), 0);
		CHECK("never less than before", publisher_feed_sequence(f) > last[i % NAMES]);
		last[i % NAMES] = publisher_feed_sequence(f);
		publisher_feed_remove(f);
	}
	publisher_close(p);
}

/* What a reader of the old name still holds is not counted for the new one. */
static void test_held(const char *directory)
{
	struct publisher *p = open_publisher(directory);
	struct publisher_feed *old, *f;
	struct shm_map map;
	struct shm_stat stat;

	CHECK_INT("open", publisher_feed_open(&old, p, span_str("old"), 0, NULL, &err), 0);
	CHECK_INT("publish", publish(old, 5000), 0);
	CHECK_INT("reader", shm_map_read(&map, &stat, &p->dir, "old.arrow", &err), 0);
	publisher_feed_remove(old);
	CHECK_INT("held", p->held_bytes, 8192);
	for (int i = 0; i < 3; i++) {
		CHECK_INT("new", publisher_feed_open(&f, p, span_str(&"xyz"[i]), 0, NULL, &err), 0);
	}
	CHECK("has the old one's slot", feed_slot(f)->generation == 2);
	CHECK_INT("holds nothing", feed_slot(f)->held_bytes, 0);
	shm_discard(&map);
	publisher_heartbeat(p, 1);
	CHECK_INT("let go", p->held_bytes, 0);
	CHECK_INT("and still nothing", feed_slot(f)->held_bytes, 0);
	publisher_close(p);
}

static bool is_new(void *arg, struct span name)
{
	(void)arg;
	return name.data[0] == 'n';
}

static void leave_feeds(const char *directory)
{
	pid_t pid = fork();

	if (pid == 0) {
		static const char *const names[] = { "old1", "n-kept", "old2" };
		struct publisher *p = open_publisher(directory);
		struct publisher_feed *f;

		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			CHECK_INT("open",
			          publisher_feed_open(&f, p, span_str(names[i]), 0, NULL, &err), 0);
			CHECK_INT("publish", publish(f, 100), 0);
		}
		_exit(check_failed == 0 ? 0 : 1);
	}
	CHECK("left", waitpid(pid, NULL, 0) == pid);
}

/* A crash, and a configuration of other feeds: the slots of those that are gone serve at once. */
static void test_next_start(const char *directory)
{
	struct publisher *p;
	struct publisher_feed *f;
	struct shm_stat stat;

	leave_feeds(directory);
	p = open_publisher(directory);
	CHECK_INT("all taken", publisher_feeds_left(p), 0);
	publisher_sweep(p, is_new, NULL);
	CHECK_INT("two are free", publisher_feeds_left(p), 2);
	CHECK_INT("gone", shm_stat_name(&stat, &p->dir, "old1.arrow", NULL), SHM_ABSENT);
	CHECK_INT("wanted", shm_stat_name(&stat, &p->dir, "n-kept.arrow", NULL), 0);
	CHECK_INT("one", publisher_feed_open(&f, p, span_str("n1"), 0, NULL, &err), 0);
	CHECK_INT("two", publisher_feed_open(&f, p, span_str("n2"), 0, NULL, &err), 0);
	CHECK_INT("kept", publisher_feed_open(&f, p, span_str("n-kept"), 0, NULL, &err), 0);
	publisher_close(p);
}

int main(void)
{
	static void (*const tests[])(const char *) = { test_renaming, test_held, test_next_start };

	for (size_t i = 0; i < ARRAY_LEN(tests); i++) {
		struct scratch s = SCRATCH_NONE;

		scratch_open(&s, memory_below);
		tests[i](s.path);
		scratch_close(&s);
		CHECK_INT("memory given back", mem_live(), 0);
	}
	return check_report();
}
