#include "prepare/prepare.h"
#include "unit/publishing.h"

/*
 * Rows are added to the snapshot that a feed has: what readers of the older state hold stays, the newest one is in
 * the catalog, and whatever happens to the feed meanwhile, the writer's memory is there.
 */

struct bench {
	struct publisher *publisher;
	struct publisher_feed *feed;
	struct csv_options *options;
	struct schema schema;
};

static void begin_bench(struct bench *b, const char *directory)
{
	b->publisher = open_publisher(directory, 0, 1 << 22);
	b->feed = open_feed(b->publisher, "q");
	b->schema = SCHEMA_NONE;
	CHECK_INT("options", csv_options_new(&b->options, &err), 0);
}

static void end_bench(struct bench *b)
{
	schema_free(&b->schema);
	csv_options_free(b->options);
	publisher_close(b->publisher);
}

static struct prepare_source source_of(const char *text)
{
	return (struct prepare_source){ .bytes = byte_source_of(span_str(text)),
		                        .origin = { span_str("q"), span_str("q.csv") } };
}

/* A snapshot with room for more rows. */
static int make(struct bench *b, const char *text)
{
	struct prepare_source source = source_of(text);
	struct catalog_descriptor d;
	struct publication *pub;
	int r = publication_begin(&pub, b->feed, &err);

	if (r != 0)
		return r;
	publication_set_room(pub, 1 << 20);
	r = prepare_csv(pub, &d, &source, b->options, &b->schema, NULL, NULL, &err);
	if (r == 0)
		return publication_commit(pub, &d, &err);
	publication_discard(pub);
	return r;
}

static int reserve(void *arg, void **addr, size_t size, struct shmpub_error *e)
{
	(void)arg, (void)e;
	static _Alignas(64) char room[1 << 20];

	*addr = size <= sizeof(room) ? room : NULL;
	return *addr != NULL ? 0 : SHMPUB_ERR_NOMEM;
}

/* Worker's half: the rows of `text` from `from` on. */
static int add(struct publication *pub, struct catalog_descriptor *d, const struct bench *b,
               const char *text, uint64_t from)
{
	struct prepare_source source = source_of(text);
	struct snapshot_memory memory = { .reserve = reserve };
	struct snapshot_view view = SNAPSHOT_VIEW_NONE;
	struct snapshot_stamp stamp = { .source_size = 7 };
	uint64_t size;
	void *addr;
	int r = prepare_csv_memory(&memory, &size, &source, b->options, NULL, &err);

	(void)reserve(NULL, &addr, 0, NULL);
	if (r == 0)
		r = snapshot_view_init(&view, span_of(addr, (size_t)size), SNAPSHOT_CHECK_FULL,
		                       &err);
	if (r == 0)
		r = prepare_append(pub, d, &view.table, from, &b->schema, &stamp, &err);
	snapshot_view_free(&view);
	return r;
}

static int append(struct bench *b, const char *text, uint64_t from)
{
	struct catalog_descriptor d;
	struct publication *pub;
	int r = publication_begin(&pub, b->feed, &err);

	if (r == 0)
		r = add(pub, &d, b, text, from);
	if (r == 0)
		return publication_commit(pub, &d, &err);
	publication_discard(pub);
	return r;
}

static uint64_t rows_of(const struct shm_map *map)
{
	struct snapshot_view view = SNAPSHOT_VIEW_NONE;
	uint64_t n;

	CHECK_INT(
	        "whole",
	        snapshot_view_init(&view, span_of(map->addr, map->size), SNAPSHOT_CHECK_FULL, &err),
	        0);
	n = view.table.n_rows;
	snapshot_view_free(&view);
	return n;
}

static void test_append(const char *directory)
{
	struct catalog_descriptor d;
	struct shm_map map;
	struct bench b;
	struct shm_id id;

	begin_bench(&b, directory);
	CHECK_INT("does not grow", append(&b, "a,b\n1,x\n", 0), SNAPSHOT_FULL);
	CHECK_INT("made", make(&b, "a,b\n1,x\n2,\n"), 0);
	id = b.feed->id;
	map_feed(&map, b.feed);
	CHECK_INT("rows", rows_of(&map), 2);
	for (uint64_t i = 0; i < 200; i++) {
		CHECK_INT("differs", append(&b, "a,b\n1.5,x\n", 0), SNAPSHOT_DIFFERS);
		CHECK_INT("added", append(&b, "a,b\n1,x\n7,y\n", 1), 0);
		CHECK("descriptor", catalog_descriptor(&d, feed_slot(b.feed)));
		CHECK_INT("rows told", d.rows, 3 + i);
		CHECK_INT("rows", rows_of(&map), 3 + i);
		CHECK_INT("sequence", d.sequence, publisher_feed_sequence(b.feed));
	}
	CHECK("the same file",
	      shm_id_equal(&id, &b.feed->id) && publisher_feed_is_in_place(b.feed));
	CHECK_INT("one file", names_in(&b.publisher->dir).hidden, 0);
	CHECK_INT("made anew", make(&b, "a,b\n1,x\n"), 0);
	CHECK_INT("what is held stays", rows_of(&map), 202);
	CHECK_INT("and goes on", append(&b, "a,b\n1,x\n2,y\n", 1), 0);
	shm_discard(&map);
	end_bench(&b);
}

static void test_full(const char *directory)
{
	struct bench b;
	int r = 0;
	unsigned n = 0;

	begin_bench(&b, directory);
	CHECK_INT("made", make(&b, "a,b\n1,x\n"), 0);
	for (; r == 0 && n < 100000; n++)
		r = append(&b, "a,b\n1,x\n2,y\n", 1);
	CHECK_INT("room ends", r, SNAPSHOT_FULL);
	CHECK("and was some", n > 100);
	CHECK_INT("made anew", make(&b, "a,b\n1,x\n"), 0);
	CHECK_INT("and goes on", append(&b, "a,b\n1,x\n2,y\n", 1), 0);
	end_bench(&b);
}

/* What happens on the loop thread while a worker adds rows. */
static void test_meanwhile(const char *directory)
{
	struct shm_access mine = { .mode = 0600, .gid = -1 };
	struct catalog_descriptor d;
	struct publication *pub;
	struct bench b;

	begin_bench(&b, directory);
	CHECK_INT("made", make(&b, "a,b\n1,x\n"), 0);
	publisher_feed_set_access(b.feed, &mine);
	CHECK_INT("other readers: another file", append(&b, "a,b\n1,x\n2,y\n", 1), SNAPSHOT_FULL);
	CHECK_INT("made", make(&b, "a,b\n1,x\n"), 0);
	CHECK_INT("added", append(&b, "a,b\n1,x\n2,y\n", 1), 0);
	CHECK_INT("removed", shm_remove(&b.publisher->dir, b.feed->file, &err), 0);
	CHECK_INT("put back", publisher_put_back(b.feed, &err), 0);
	CHECK_INT("a copy does not grow", append(&b, "a,b\n1,x\n2,y\n", 1), SNAPSHOT_FULL);
	CHECK_INT("made", make(&b, "a,b\n1,x\n"), 0);
	CHECK_INT("begin", publication_begin(&pub, b.feed, &err), 0);
	publisher_feed_remove(b.feed);
	CHECK_INT("the memory is there", add(pub, &d, &b, "a,b\n1,x\n2,y\n", 1), 0);
	CHECK_INT("not to be committed", publication_commit(pub, &d, &err), SHMPUB_ERR_INVALID);
	CHECK_INT("nothing is left", names_in(&b.publisher->dir).hidden, 0);
	CHECK_INT("not even memory", b.publisher->used_bytes, 0);
	CHECK_INT("nor a writer", b.publisher->n_growing, 0);
	end_bench(&b);
}

/* The publisher dies after the state is shown and before the catalog tells of it: its successor tells. */
static void test_takeover(const char *directory)
{
	struct catalog_descriptor d;
	struct publication *pub;
	struct bench b;

	begin_bench(&b, directory);
	CHECK_INT("made", make(&b, "a,b\n1,x\n"), 0);
	CHECK_INT("begin", publication_begin(&pub, b.feed, &err), 0);
	CHECK_INT("added", add(pub, &d, &b, "a,b\n1,x\n2,y\n", 1), 0);
	snapshot_writer_show(pub->grown->writer);
	publication_discard(pub);
	publisher_keep(b.publisher);
	end_bench(&b);
	begin_bench(&b, directory);
	CHECK_INT("sequence", publisher_feed_sequence(b.feed), 2);
	CHECK("descriptor", catalog_descriptor(&d, feed_slot(b.feed)));
	CHECK_INT("rows", d.rows, 2);
	CHECK_INT("does not grow", append(&b, "a,b\n1,x\n2,y\n", 1), SNAPSHOT_FULL);
	CHECK_INT("made", make(&b, "a,b\n1,x\n"), 0);
	end_bench(&b);
}

int main(void)
{
	static void (*const tests[])(const char *) = { test_append, test_full, test_meanwhile,
		                                       test_takeover };

	return run_all(tests, ARRAY_LEN(tests));
}
