/* lib/publisher: publications. */
#include "unit/publishing.h"

static void test_publish(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "q"), *again;
	const struct catalog_slot *slot = feed_slot(f);
	struct catalog_descriptor d;
	struct shm_map first;

	CHECK_INT("never", slot->state, SLOT_NEVER);
	CHECK("nothing stands", !publisher_feed_is_in_place(f));
	CHECK_INT("open once", publisher_feed_open(&again, p, span_str("q"), 0, NULL, &err),
	          SHMPUB_ERR_INVALID);
	CHECK_INT("bad name", publisher_feed_open(&again, p, span_str(".q"), 0, NULL, &err),
	          SHMPUB_ERR_INVALID);
	CHECK_INT("publish", publish(f, 'a', 100), 0);
	CHECK("stands", stands(f, 'a', 100));
	CHECK_INT("sequence", publisher_feed_sequence(f), 1);
	CHECK_INT("in the catalog", slot->sequence, 1);
	CHECK_INT("state", slot->state, SLOT_FRESH);
	map_feed(&first, f);
	for (uint64_t i = 2; i < 6; i++) {
		CHECK_INT("publish", publish(f, (char)('a' + i), 100 * i), 0);
		CHECK("stands", stands(f, (char)('a' + i), 100 * i));
		CHECK("descriptor", catalog_descriptor(&d, slot));
		CHECK_INT("sequence", d.sequence, i);
		CHECK_INT("size", d.size, 100 * i);
		CHECK_INT("rows", d.rows, 'a' + (int)i);
	}
	CHECK("what is held stays", is_all(&first, 'a', 100));
	shm_discard(&first);
	publisher_close(p);
}

static void test_order(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "q");
	struct catalog_descriptor d = { .rows = 1 };
	struct publication *pub, *second;
	struct snapshot_memory memory;
	struct snapshot_stamp stamp = { 0 };
	void *addr;

	CHECK_INT("begin", publication_begin(&pub, f, &err), 0);
	CHECK_INT("one at a time", publication_begin(&second, f, &err), SHMPUB_ERR_INVALID);
	CHECK("none", second == NULL);
	CHECK_INT("nothing to seal", publication_seal(pub, 1, &err), SHMPUB_ERR_INVALID);
	CHECK("no bytes", publication_bytes(pub).data == NULL);
	CHECK_INT("nothing to commit", publication_commit(pub, &d, &err), SHMPUB_ERR_INVALID);
	CHECK_INT("begin", publication_begin(&pub, f, &err), 0);
	memory = publication_memory(pub);
	CHECK_INT("reserve", memory.reserve(memory.arg, &addr, 10, &err), 0);
	CHECK_INT("too large", publication_seal(pub, 5000, &err), SHMPUB_ERR_INVALID);
	CHECK_INT("empty", publication_seal(pub, 0, &err), SHMPUB_ERR_INVALID);
	memcpy(addr, "0123456789", 10);
	CHECK_INT("seal", publication_seal(pub, 10, &err), 0);
	CHECK("bytes", span_is(publication_bytes(pub), "0123456789"));
	publication_stamp(pub, &stamp);
	CHECK_INT("sequence", stamp.sequence, 1);
	CHECK("epoch", stamp.epoch == publisher_epoch(p));
	publication_discard(pub);
	CHECK("nothing stands", !publisher_feed_is_in_place(f));
	CHECK_INT("nothing is left", names_in(&p->dir).hidden, 0);
	CHECK_INT("publish", publish(f, 'a', 10), 0);
	CHECK_INT("a sealed one's number is not used again", publisher_feed_sequence(f), 2);
	publication_discard(NULL);
	CHECK_INT("memory", p->used_bytes, 4096);
	publisher_close(p);
}

/* A writer that reserves in steps, as text does. */
static void test_growth(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");

	for (int round = 0; round < 4; round++) {
		struct catalog_descriptor d = { .rows = 1 };
		struct publication *pub;
		struct snapshot_memory memory;
		struct shm_map map;
		char *addr;

		CHECK_INT("begin", publication_begin(&pub, f, &err), 0);
		memory = publication_memory(pub);
		for (size_t size = 1; size < 200 * KIB; size *= 3) {
			void *at;

			CHECK_INT("reserve", memory.reserve(memory.arg, &at, size, &err), 0);
			addr = at;
			addr[size - 1] = (char)(round + 1);
			addr[0] = (char)(round + 1);
		}
		CHECK_INT("seal", publication_seal(pub, 150 * KIB, &err), 0);
		CHECK_INT("commit", publication_commit(pub, &d, &err), 0);
		map_feed(&map, f);
		CHECK_INT("size", map.size, 150 * KIB);
		CHECK_INT("first", ((char *)map.addr)[0], round + 1);
		CHECK_INT("third", ((char *)map.addr)[2], round + 1);
		CHECK_INT("last", ((char *)map.addr)[59048], round + 1);
		shm_discard(&map);
		rest(f);
	}
	CHECK_INT("live and spare", p->used_bytes, 2 * (uint64_t)whole_pages(p, 150 * KIB));
	publisher_close(p);
}

int main(void)
{
	static void (*const tests[])(const char *) = { test_publish, test_order, test_growth };

	return run_all(tests, ARRAY_LEN(tests));
}
