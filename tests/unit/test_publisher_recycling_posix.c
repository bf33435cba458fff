/* lib/publisher: segments recycled under a lease, and what a spare may cost. */
#include "unit/publishing.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static uint64_t inode_of(const struct publisher_feed *f)
{
	struct shm_stat stat = { 0 };

	CHECK_INT("stat", shm_stat_name(&stat, &f->publisher->dir, f->file, &err), 0);
	return stat.id.number;
}

static void test_recycling(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");
	uint64_t first, second;
	struct shm_map held;

	publish(f, 'a', 8 * KIB);
	first = inode_of(f);
	publish(f, 'b', 8 * KIB);
	second = inode_of(f);
	CHECK("another file", first != second);
	CHECK("the old one is spare", f->spare != NULL);
	publish(f, 'c', 8 * KIB);
	CHECK("not rested yet", inode_of(f) != first);
	CHECK("stands", stands(f, 'c', 8 * KIB));
	rest(f);
	publish(f, 'd', 4 * KIB);
	CHECK("recycled", inode_of(f) == first);
	CHECK("smaller", stands(f, 'd', 4 * KIB));
	map_feed(&held, f);
	publish(f, 'e', 12 * KIB);
	CHECK("the spare was another", inode_of(f) != first);
	for (int i = 0; i < 5; i++) {
		rest(f);
		publish(f, (char)('0' + i), 12 * KIB);
		CHECK("never what a reader has", inode_of(f) != first);
	}
	CHECK("which stays as it was", is_all(&held, 'd', 4 * KIB));
	shm_discard(&held);
	publisher_heartbeat(p, 1);
	CHECK_INT("nothing held", p->held_bytes, 0);
	rest(f);
	publish(f, 'z', 64 * KIB);
	CHECK("larger", stands(f, 'z', 64 * KIB));
	publisher_feed_set_interval(f, 61000);
	publisher_heartbeat(p, 1);
	CHECK("none above a minute", f->spare == NULL);
	publish(f, 'y', 4 * KIB);
	publish(f, 'x', 4 * KIB);
	publisher_heartbeat(p, 1);
	CHECK("nor later", f->spare == NULL && names_in(&p->dir).hidden == 0);
	CHECK("and no mapping of the live one", f->live->map.fd < 0);
	publisher_feed_set_interval(f, 60000);
	publish(f, 'w', 4 * KIB);
	publish(f, 'v', 4 * KIB);
	CHECK("at a minute there is", f->spare != NULL);
	CHECK_INT("one hidden name", names_in(&p->dir).hidden, 1);
	publisher_close(p);
}

/* Takes the spare and begins to fill it. */
static struct publication *begin_fill(struct publisher_feed *f, char c, size_t size)
{
	struct publication *pub;
	struct snapshot_memory memory;
	void *addr;

	CHECK_INT("begin", publication_begin(&pub, f, &err), 0);
	memory = publication_memory(pub);
	CHECK_INT("reserve", memory.reserve(memory.arg, &addr, size, &err), 0);
	CHECK("recycled", pub->segment->map.is_leased);
	CHECK("spoiled in front", memcmp(addr, "\0\0\0\0\0\0\0\0", 8) == 0);
	CHECK_INT("not between", ((char *)addr)[8], 'a');
	memset(addr, c, size);
	return pub;
}

/* Opens what was looked up before. */
static int open_late(int late)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", late);
	return open(path, O_RDONLY | O_NONBLOCK);
}

/* A fill that comes to nothing: the spare is spare again, without magic, and is filled again. */
static void test_discarded_fill(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");
	struct publication *pub;
	char end[8] = "";
	int late, fd;

	publish(f, 'a', 8 * KIB);
	publish(f, 'b', 8 * KIB);
	rest(f);
	CHECK_INT("begin", publication_begin(&pub, f, &err), 0);
	publication_discard(pub);
	CHECK("not touched: spare again", f->spare != NULL);
	late = openat(p->dir.fd, f->spare->name, O_PATH);
	for (size_t size = 8 * KIB; size <= 16 * KIB; size += 4 * KIB) { /* it may grow, too */
		pub = begin_fill(f, 'a', size);
		CHECK("nobody comes in meanwhile", open_late(late) < 0 && errno == EWOULDBLOCK);
		publication_discard(pub);
		CHECK("spare again", f->spare != NULL && f->spare->map.size == size);
		CHECK_INT("counted", p->spare_bytes, size);
		CHECK_INT("memory", p->used_bytes, 8 * KIB + size);
	}
	fd = open_late(late);
	CHECK("then he comes in", fd >= 0);
	CHECK_INT("no magic in front", pread(fd, end, 8, 0), 8);
	CHECK("no magic in front", memcmp(end, "\0\0\0\0\0\0\0\0", 8) == 0);
	CHECK_INT("nor at the end", pread(fd, end, 8, 16 * KIB - 8), 8);
	CHECK("nor at the end", memcmp(end, "\0\0\0\0\0\0\0\0", 8) == 0);
	CHECK_INT("and as long as he is there", publish(f, 'c', 4 * KIB), 0);
	CHECK_INT("it is not touched", pread(fd, end, 8, 8), 8);
	CHECK("it is not touched", memcmp(end, "aaaaaaaa", 8) == 0);
	CHECK("stands", stands(f, 'c', 4 * KIB));
	close(fd);
	close(late);
	publisher_heartbeat(p, 1);
	CHECK_INT("nothing held", p->held_bytes, 0);
	publisher_close(p);
}

/* The spare is as large as the next snapshot: a discarded fill does not give its file another one. */
static void test_filled_after_discard(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");
	uint64_t first;

	publish(f, 'a', 8 * KIB);
	first = inode_of(f);
	publish(f, 'b', 8 * KIB);
	rest(f);
	publication_discard(begin_fill(f, 'x', 8 * KIB));
	CHECK("what stands is not touched", stands(f, 'b', 8 * KIB));
	CHECK_INT("at once", publish(f, 'c', 6 * KIB), 0);
	CHECK("the same file", inode_of(f) == first);
	CHECK("whole", stands(f, 'c', 6 * KIB));
	publisher_close(p);
}

/* Where memory was lacking, or the lease was lost, the segment is no spare any more. */
static void test_not_spare_again(const char *directory)
{
	struct publisher *p = open_publisher(directory, 20 * KIB, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");
	struct publication *pub;
	struct snapshot_memory memory;
	void *addr;

	publish(f, 'a', 8 * KIB);
	publish(f, 'b', 8 * KIB);
	rest(f);
	pub = begin_fill(f, 'x', 8 * KIB);
	memory = publication_memory(pub);
	CHECK_INT("too much", memory.reserve(memory.arg, &addr, 32 * KIB, &err), SHMPUB_ERR_LIMIT);
	publication_discard(pub);
	CHECK("no spare", f->spare == NULL);
	CHECK_INT("its memory is given back", p->used_bytes, 8 * KIB);
	publish(f, 'a', 8 * KIB);
	publish(f, 'a', 8 * KIB);
	rest(f);
	pub = begin_fill(f, 'x', 8 * KIB);
	CHECK_INT("somebody waits", openat(p->dir.fd, pub->segment->name, O_RDONLY | O_NONBLOCK),
	          -1);
	pub->segment->map.leased_ns -= 10 * REST_NS; /* longer than the kernel lets him wait */
	publication_discard(pub);
	CHECK("no spare", f->spare == NULL);
	publisher_heartbeat(p, 1);
	CHECK_INT("nor a name", names_in(&p->dir).hidden, 0);
	CHECK("stands", stands(f, 'a', 8 * KIB));
	publisher_close(p);
}

/* The lease went by force while the segment was filled: a fresh one is published. */
static void test_lost_lease(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");
	struct catalog_descriptor d = { .rows = 1 };
	struct publication *pub;
	struct snapshot_memory memory;
	uint64_t first;
	void *addr;

	publish(f, 'a', 8 * KIB);
	first = inode_of(f);
	publish(f, 'b', 8 * KIB);
	rest(f);
	CHECK_INT("begin", publication_begin(&pub, f, &err), 0);
	memory = publication_memory(pub);
	CHECK_INT("reserve", memory.reserve(memory.arg, &addr, 8 * KIB, &err), 0);
	memset(addr, 'c', 8 * KIB);
	CHECK_INT("somebody waits", openat(p->dir.fd, pub->segment->name, O_RDONLY | O_NONBLOCK),
	          -1);
	pub->segment->map.leased_ns -= 10 * REST_NS; /* longer than the kernel lets him wait */
	CHECK_INT("seal", publication_seal(pub, 6 * KIB, &err), 0);
	CHECK_INT("commit", publication_commit(pub, &d, &err), 0);
	CHECK("another file", inode_of(f) != first);
	CHECK("whole", stands(f, 'c', 6 * KIB));
	publisher_heartbeat(p, 1);
	CHECK_INT("the lost one went", names_in(&p->dir).hidden, 1);
	publisher_close(p);
}

static void test_spare_bytes(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 20 * KIB);
	struct publisher_feed *feeds[4];
	char name[] = "q0";
	int spares = 0;

	for (size_t i = 0; i < ARRAY_LEN(feeds); i++) {
		name[1] = (char)('0' + i);
		feeds[i] = open_feed(p, name);
		publish(feeds[i], 'a', 8 * KIB);
		publish(feeds[i], 'b', 8 * KIB);
	}
	for (size_t i = 0; i < ARRAY_LEN(feeds); i++)
		spares += feeds[i]->spare != NULL;
	CHECK_INT("as many as there is room for", spares, 2);
	CHECK_INT("counted", p->spare_bytes, 16 * KIB);
	publisher_feed_remove(feeds[0]);
	CHECK_INT("one went", p->spare_bytes, 8 * KIB);
	publish(feeds[3], 'c', 4 * KIB);
	CHECK("room for another", feeds[3]->spare != NULL);
	publisher_close(p);
}

/* A publisher that pauses does not sit on memory for a snapshot that does not come. */
static void test_pause(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");

	publish(f, 'a', 5000);
	publish(f, 'b', 5000);
	f->spare->replaced_ns -= SPARE_KEEP_NS - INT64_C(60000000000);
	publisher_heartbeat(p, 1);
	CHECK("it is kept for a while", f->spare != NULL);
	f->spare->replaced_ns -= INT64_C(60000000000);
	publisher_heartbeat(p, 1);
	CHECK("then it goes", f->spare == NULL);
	CHECK_INT("with its memory", p->used_bytes, 8192);
	CHECK_INT("and its name", names_in(&p->dir).hidden, 0);
	CHECK_INT("the next one is made anew", publish(f, 'c', 5000), 0);
	publisher_close(p);
}

/* What readers judge the publisher by. */
static void test_words_of_life(const char *directory)
{
	struct publisher_options options = { .directory = directory,
		                             .instance = "pub",
		                             .max_feeds = 16,
		                             .heartbeat_interval_ms = 1000,
		                             .keep_on_exit = true };
	struct publisher *p;
	struct shm_process self;
	struct catalog_header *h;

	shm_process_self(&self);
	CHECK_INT("open", publisher_open(&p, &options, &err), 0);
	h = catalog_header(&p->catalog);
	CHECK_INT("heartbeats are promised", h->heartbeat_interval_ms, 1000);
	CHECK_INT("pid", h->pid, self.pid);
	CHECK_INT("start", h->process_start, self.start);
	CHECK_INT("namespace", h->process_namespace, self.space);
	h->process_start = h->process_namespace = h->pid = 1;
	h->state = CATALOG_RUNNING;
	CHECK_INT("somebody unlinks its lock", shm_remove(&p->dir, "lock", NULL), 0);
	struct publisher *next = open_publisher(directory, 0, 0);
	CHECK_INT("the same catalog", publisher_epoch(next), publisher_epoch(p));
	CHECK_INT("taken over: no promise", h->heartbeat_interval_ms, 0);
	CHECK_INT("pid again", h->pid, self.pid);
	CHECK_INT("start again", h->process_start, self.start);
	CHECK_INT("namespace again", h->process_namespace, self.space);
	publisher_close(next);
	publisher_close(p);
}

int main(void)
{
	static void (*const tests[])(const char *) = {
		test_recycling,       test_discarded_fill, test_filled_after_discard,
		test_not_spare_again, test_lost_lease,     test_spare_bytes,
		test_pause,           test_words_of_life
	};

	return run_all(tests, ARRAY_LEN(tests));
}
