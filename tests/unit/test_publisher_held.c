/* lib/publisher: what readers hold, limits, removal, putting back, status words, closing. */
#include "unit/publishing.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"

/* --- what readers hold -------------------------------------------------------------------------- */

static void test_held(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "q"), *other = open_feed(p, "other");
	struct catalog_header *h = catalog_header(&p->catalog);
	struct shm_map maps[50];

	publish(other, 'x', 4 * KIB);
	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		publish(f, (char)i, 8 * KIB);
		map_feed(&maps[i], f);
	}
	publisher_heartbeat(p, 12345);
	CHECK_INT("heartbeat", h->heartbeat_ns, 12345);
	CHECK_INT("all but the live one", h->held_bytes, 49 * 8 * KIB);
	CHECK_INT("of the feed", feed_slot(f)->held_bytes, 49 * 8 * KIB);
	CHECK_INT("not of another", feed_slot(other)->held_bytes, 0);
	CHECK_INT("live ones", h->segment_bytes, 12 * KIB);
	for (size_t i = 0; i < 20; i++) {
		CHECK("unchanged", is_all(&maps[i], (char)i, 8 * KIB));
		shm_discard(&maps[i]);
	}
	for (int i = 0; i < 3; i++)
		publisher_heartbeat(p, 1); /* a few at a time */
	CHECK_INT("what is left", h->held_bytes, 29 * 8 * KIB);
	publisher_feed_remove(f);
	CHECK_INT("removed, and held", h->held_bytes, 30 * 8 * KIB);
	for (size_t i = 20; i < ARRAY_LEN(maps); i++) {
		CHECK("unchanged", is_all(&maps[i], (char)i, 8 * KIB));
		shm_discard(&maps[i]);
	}
	publisher_heartbeat(p, 1);
	CHECK_INT("nothing", h->held_bytes, 0);
	CHECK_INT("no name", names_in(&p->dir).hidden, 0);
	CHECK_INT("of the slot", catalog_find(&p->catalog, span_str("q"))->held_bytes, 0);
	publisher_close(p);
}

static void test_max_bytes(const char *directory)
{
	struct publisher *p = open_publisher(directory, 64 * KIB, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q"), *g = open_feed(p, "g");
	struct shm_map maps[16];
	size_t n = 0;
	int r = 0;

	CHECK_INT("too large from the start", publish(f, 'a', 65 * KIB), SHMPUB_ERR_LIMIT);
	CHECK_INT("nothing counted", p->used_bytes, 0);
	CHECK_INT("publish", publish(f, 'a', 4 * KIB), 0);
	CHECK_INT("publish", publish(g, 'a', 20 * KIB), 0);
	CHECK_INT("publish", publish(g, 'b', 20 * KIB), 0);
	CHECK("a spare", g->spare != NULL);
	CHECK_INT("a failed attempt", publish(f, 'a', 40 * KIB), SHMPUB_ERR_LIMIT);
	CHECK_INT("tells the next what to make room for", publish(f, 'b', 40 * KIB), 0);
	CHECK("which takes a spare away", g->spare == NULL);
	publisher_feed_remove(g);
	CHECK_INT("small again", publish(f, 'c', 8 * KIB), 0);
	publisher_free_spares(p);
	while (n < ARRAY_LEN(maps)) {
		map_feed(&maps[n++], f);
		r = publish(f, (char)n, 8 * KIB);
		if (r != 0)
			break;
	}
	CHECK_INT("readers hold the rest", r, SHMPUB_ERR_LIMIT);
	CHECK_INT("after eight", n, 8);
	CHECK("the error says so", strstr(err.message, "readers hold 57344 of replaced") != NULL);
	CHECK("the last good one stays", stands(f, 7, 8 * KIB));
	CHECK_INT("again", publish(f, 'x', 8 * KIB), SHMPUB_ERR_LIMIT);
	shm_discard(&maps[0]);
	CHECK_INT("one let go is enough", publish(f, 'y', 8 * KIB), 0);
	for (size_t i = 1; i < n; i++)
		shm_discard(&maps[i]);
	publisher_close(p);
}

/* --- removal, standing, closing ---------------------------------------------------------------- */

static void test_put_back_without_room(const char *directory)
{
	struct publisher *p = open_publisher(directory, 64 * KIB, 0);
	struct publisher_feed *f = open_feed(p, "q");

	publisher_feed_set_interval(f, 1000);
	p->spare_limit = 1; /* the live one is kept mapped, no spare fits */
	CHECK_INT("publish", publish(f, 'a', 40 * KIB), 0);
	shm_remove(&p->dir, "q.arrow", NULL);
	CHECK_INT("no room for a copy", publisher_put_back(f, &err), SHM_ABSENT);
	CHECK_INT("but for the next", publish(f, 'b', 40 * KIB), 0);
	CHECK("stands", stands(f, 'b', 40 * KIB));
	CHECK_INT("memory", p->used_bytes, 40 * KIB);
	publisher_close(p);
}

static void test_remove(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");
	struct catalog_slot *slot = feed_slot(f);
	struct publication *pub;
	struct catalog_descriptor d = { .rows = 1 };
	struct snapshot_memory memory;
	void *addr;
	uint32_t wake;

	publish(f, 'a', 4 * KIB);
	publish(f, 'b', 4 * KIB);
	CHECK_INT("begin", publication_begin(&pub, f, &err), 0);
	memory = publication_memory(pub);
	CHECK_INT("reserve", memory.reserve(memory.arg, &addr, 100, &err), 0);
	wake = slot->wake;
	publisher_feed_remove(f);
	CHECK_INT("state", slot->state, SLOT_REMOVED);
	CHECK("woken", slot->wake != wake);
	CHECK_INT("name gone", names_in(&p->dir).stable, 0);
	f = open_feed(p, "q"); /* again, while a worker still fills the old one's */
	CHECK_INT("publish", publish(f, 'c', 100), 0);
	CHECK_INT("sequence goes on", publisher_feed_sequence(f), 3);
	CHECK_INT("seal", publication_seal(pub, 100, &err), 0);
	CHECK_INT("too late", publication_commit(pub, &d, &err), SHMPUB_ERR_INVALID);
	CHECK("stands", stands(f, 'c', 100));
	CHECK_INT("memory", p->used_bytes, 4 * KIB);
	publisher_feed_remove(f);
	CHECK_INT("memory", p->used_bytes, 0);
	CHECK_INT("recyclers", p->n_recyclers, 0);
	publisher_close(p);
}

static void test_put_back(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q"), *slow = open_feed(p, "slow");
	struct shm_stat stat;
	struct publisher *second;
	struct publication *pub;
	char command[300];

	CHECK_INT("nothing yet", publisher_put_back(f, &err), SHM_ABSENT);
	publisher_feed_set_interval(slow, 3600000);
	publish(f, 'a', 5000);
	publish(slow, 's', 5000);
	CHECK_INT("all stands", publisher_put_back(f, &err), 0);
	shm_remove(&p->dir, "q.arrow", NULL);
	CHECK("gone", !publisher_feed_is_in_place(f));
	CHECK_INT("put back", publisher_put_back(f, &err), 0);
	CHECK("stands", stands(f, 'a', 5000));
	CHECK_INT("same sequence", publisher_feed_sequence(f), 1);
	CHECK_INT("memory", p->used_bytes, 16 * KIB);
	shm_remove(&p->dir, "slow.arrow", NULL);
	CHECK_INT("nothing to put back from", publisher_put_back(slow, &err), SHM_ABSENT);
	CHECK_INT("publish", publish(slow, 't', 5000), 0);
	CHECK("stands", stands(slow, 't', 5000));
	shm_remove(&p->dir, "catalog", NULL);
	CHECK_INT("begin", publication_begin(&pub, slow, &err), 0);
	CHECK_INT("catalog", publisher_put_back(f, &err), 0);
	CHECK_INT("is there", shm_stat_name(&stat, &p->dir, "catalog", &err), 0);
	CHECK_INT("publish", publish(f, 'b', 5000), 0);
	CHECK_INT("in the new one", feed_slot(f)->sequence, 2);
	snprintf(command, sizeof(command), "rm -rf %s/pub", directory);
	CHECK_INT(command, system(command), 0);
	CHECK_INT("not under a worker's feet", publisher_put_back(f, &err), SHMPUB_ERR_SYS);
	publication_discard(pub);
	CHECK_INT("all of it", publisher_put_back(f, &err), 0);
	CHECK("stands", stands(f, 'b', 5000));
	CHECK_INT("and goes on", publish(f, 'c', 5000), 0);
	CHECK("stands", stands(f, 'c', 5000));
	CHECK_INT("locked",
	          publisher_open(
	                  &second,
	                  &(struct publisher_options){ .directory = directory, .instance = "pub" },
	                  &err),
	          SHMPUB_ERR_BUSY);
	CHECK("names the process", strstr(err.message, "process ") != NULL);
	/* Somebody else was quicker: the instance is theirs. */
	CHECK_INT(command, system(command), 0);
	second = open_publisher(directory, 0, 0);
	CHECK_INT("theirs", publisher_put_back(f, &err), SHMPUB_ERR_BUSY);
	publisher_close(second);
	publisher_close(p);
}

static void report_failure(struct publisher_feed *f, const char *line)
{
	struct shmpub_error why;

	error_set(&why, SHMPUB_ERR_CSV, "%s", line);
	publisher_feed_report(f, REFRESH_FAILED, &why);
}

static void set_size(const struct publisher *p, const char *name, off_t size)
{
	int fd = openat(p->dir.fd, name, O_RDWR | O_NOFOLLOW);

	CHECK("open", fd >= 0);
	CHECK_INT("set size", ftruncate(fd, size), 0);
	close(fd);
}

/* What was cut under our hands is published again, and is never touched: that would be SIGBUS. */
static void test_cut(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");

	publish(f, 'a', 50000);
	set_size(p, "q.arrow", 100);
	CHECK("cut", !publisher_feed_is_in_place(f));
	CHECK_INT("there is no copy", publisher_put_back(f, &err), SHM_ABSENT);
	CHECK_INT("again", publish(f, 'b', 50000), 0);
	CHECK("stands", stands(f, 'b', 50000));
	rest(f);
	CHECK_INT("nothing of the cut one is used", publish(f, 'c', 50000), 0);
	CHECK("stands", stands(f, 'c', 50000));
	set_size(p, "q.arrow", 60000);
	CHECK("grown", !publisher_feed_is_in_place(f));
	CHECK_INT("there is no copy", publisher_put_back(f, &err), SHM_ABSENT);
	set_size(p, "q.arrow", 0);
	CHECK_INT("unlinked when it was cut", shm_remove(&p->dir, "q.arrow", NULL), 0);
	CHECK_INT("there is no copy", publisher_put_back(f, &err), SHM_ABSENT);
	CHECK_INT("again", publish(f, 'd', 50000), 0);
	CHECK_INT("and its spare", publish(f, 'e', 50000), 0);
	CHECK("there is one", f->spare != NULL);
	set_size(p, f->spare->name, 4096);
	rest(f);
	CHECK_INT("is not filled", publish(f, 'f', 50000), 0);
	CHECK("stands", stands(f, 'f', 50000));
	publisher_close(p);
}

static void test_report(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "q");
	const struct catalog_slot *slot = feed_slot(f);
	char line[CATALOG_ERROR_SIZE];

	report_failure(f, "no such file");
	CHECK_INT("failing", slot->state, SLOT_FAILING);
	report_failure(f, "no such file");
	CHECK_INT("failures", slot->failures, 2);
	CHECK_INT("in a row", slot->consecutive_failures, 2);
	catalog_error(line, slot);
	CHECK_STR("line", line, "no such file");
	publish(f, 'a', 10);
	publisher_feed_report(f, REFRESH_PUBLISHED, NULL);
	CHECK_INT("fresh", slot->state, SLOT_FRESH);
	CHECK_INT("in a row", slot->consecutive_failures, 0);
	catalog_error(line, slot);
	CHECK_STR("cleared", line, "");
	publisher_feed_set_stale(f);
	CHECK_INT("stale", slot->state, SLOT_STALE);
	publisher_feed_report(f, REFRESH_UNCHANGED, NULL);
	CHECK_INT("fresh", slot->state, SLOT_FRESH);
	report_failure(f, "x");
	publisher_feed_set_stale(f);
	CHECK_INT("what fails says so", slot->state, SLOT_FAILING);
	CHECK_INT("attempts", slot->refreshes, 5);
	CHECK_INT("unchanged", slot->unchanged, 1);
	CHECK("attempted", slot->last_attempt_ns > 0);
	CHECK_INT("starting", catalog_header(&p->catalog)->state, CATALOG_STARTING);
	publisher_running(p);
	CHECK_INT("running", catalog_header(&p->catalog)->state, CATALOG_RUNNING);
	publisher_close(p);
}

static void test_close(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");
	struct catalog reader;
	struct shm_dir dir;
	struct shm_map held;

	publish(f, 'a', 5000);
	map_feed(&held, f);
	publish(f, 'b', 5000);
	CHECK_INT("dir", shm_dir_open(&dir, directory, "pub", &err), 0);
	CHECK_INT("catalog", catalog_open_reader(&reader, &dir, &err), 0);
	publisher_close(p);
	publisher_close(NULL);
	CHECK_INT("stopped", catalog_header(&reader)->state, CATALOG_STOPPED);
	CHECK_INT("hidden", names_in(&dir).hidden, 0);
	CHECK_INT("stable", names_in(&dir).stable, 0);
	CHECK_INT("the lock only", names_in(&dir).other, 1);
	CHECK("what is held stays", is_all(&held, 'a', 5000));
	shm_discard(&held);
	catalog_close(&reader);
	shm_dir_close(&dir);
}

int main(void)
{
	static void (*const tests[])(const char *) = { test_cut,       test_held,
		                                       test_max_bytes, test_remove,
		                                       test_put_back,  test_put_back_without_room,
		                                       test_report,    test_close };

	return run_all(tests, ARRAY_LEN(tests));
}
