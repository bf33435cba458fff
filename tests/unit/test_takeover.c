/* lib/publisher: what a publisher that was killed, or stopped, leaves to the next one. */
#include "unit/child.h"
#include "unit/publishing.h"

#include <signal.h>
#include <sys/stat.h>

#define ROWS 2000u

/* --- a real snapshot --------------------------------------------------------------------------- */

static int write_table(struct publication *pub, uint64_t *size)
{
	static int64_t values[ROWS];
	struct shmpub_column column = {
		.name = "v", .name_size = 1, .type = SHMPUB_INT64, .n_rows = ROWS, .values = values
	};
	struct table table = { .n_rows = ROWS, .n_columns = 1, .columns = &column };
	struct snapshot_origin origin = { .feed = publisher_feed_name(pub->feed) };
	struct snapshot_memory memory = publication_memory(pub);
	struct snapshot_stamp stamp = { .published_ns = 5, .source_size = 77 };
	struct schema schema = SCHEMA_NONE;
	int r = schema_init(&schema, 1, &err);

	if (r == 0)
		r = schema_set_name(&schema, 0, span_str("v"), &err);
	if (r == 0)
		schema.fields[0].type = SHMPUB_INT64;
	publication_stamp(pub, &stamp);
	for (size_t i = 0; i < ROWS; i++)
		values[i] = (int64_t)(stamp.sequence * 1000000 + i);
	if (r == 0)
		r = snapshot_write_table(&memory, &schema, &table, &origin, &stamp, size, &err);
	schema_free(&schema);
	return r;
}

static int publish_table(struct publisher_feed *f)
{
	struct catalog_descriptor d = { .rows = ROWS };
	struct publication *pub;
	uint64_t size;
	int r = publication_begin(&pub, f, &err);

	if (r != 0)
		return r;
	r = write_table(pub, &size);
	if (r == 0)
		r = publication_seal(pub, size, &err);
	if (r == 0)
		return publication_commit(pub, &d, &err);
	publication_discard(pub);
	return r;
}

/* The sequence of the snapshot that stands, if its values are that sequence's; else 0. */
static uint64_t sequence_standing(const struct publisher_feed *f)
{
	struct snapshot_view v = SNAPSHOT_VIEW_NONE;
	struct shm_map map = SHM_MAP_NONE;
	struct shm_stat stat;
	uint64_t sequence = 0;

	if (shm_map_read(&map, &stat, &f->publisher->dir, f->file, &err) == 0 &&
	    snapshot_view_init(&v, span_of(map.addr, map.size), SNAPSHOT_CHECK_FULL, &err) == 0) {
		const int64_t *values = v.columns[0].values;

		sequence = v.stamp.sequence;
		for (size_t i = 0; i < ROWS; i++) {
			if (values[i] != (int64_t)(sequence * 1000000 + i))
				sequence = 0;
		}
	}
	snapshot_view_free(&v);
	shm_discard(&map);
	return sequence;
}

/* --- dying ------------------------------------------------------------------------------------- */

static void die(void)
{
	raise(SIGKILL);
}

/* Each publishes twice, so that there is a spare, and dies on the way to the third. */
static struct publication *third(struct publisher_feed *f, uint64_t *size)
{
	struct publication *pub;

	if (publish_table(f) != 0 || publish_table(f) != 0)
		_exit(3);
	rest(f);
	if (publication_begin(&pub, f, &err) != 0 || write_table(pub, size) != 0)
		_exit(3);
	if (!pub->segment->map.is_leased)
		_exit(3);
	return pub;
}

static void die_idle(struct publisher_feed *f)
{
	if (publish_table(f) == 0 && publish_table(f) == 0)
		die();
}

static void die_filling(struct publisher_feed *f)
{
	uint64_t size;
	struct publication *pub = third(f, &size);

	memset(pub->segment->map.addr, 'x', 100);
	die();
}

static void die_sealed(struct publisher_feed *f)
{
	uint64_t size;
	struct publication *pub = third(f, &size);

	if (publication_seal(pub, size, &err) == 0)
		die();
}

static void die_placed(struct publisher_feed *f)
{
	uint64_t size;
	struct publication *pub = third(f, &size);
	bool exchanged;

	if (publication_seal(pub, size, &err) == 0 &&
	    shm_place(&f->publisher->dir, pub->segment->name, f->file, &exchanged, &err) == 0)
		die();
}

static void die_describing(struct publisher_feed *f)
{
	uint64_t size;
	struct publication *pub = third(f, &size);
	bool exchanged;

	if (publication_seal(pub, size, &err) == 0 &&
	    shm_place(&f->publisher->dir, pub->segment->name, f->file, &exchanged, &err) == 0) {
		memset(&feed_slot(f)->descriptors[pub->sequence & 1], 'x', 60);
		feed_slot(f)->error_sequence |= 1;
		die();
	}
}

static void die_first(struct publisher_feed *f)
{
	(void)f;
	die();
}

static const struct {
	const char *label;
	void (*die)(struct publisher_feed *f);
	uint64_t stands;
} deaths[] = {
	{ "before the first", die_first, 0 },
	{ "idle", die_idle, 2 },
	{ "in the middle of a fill", die_filling, 2 },
	{ "sealed, not in place", die_sealed, 2 },
	{ "in place, sequence not stored", die_placed, 3 },
	{ "in place, descriptor half written", die_describing, 3 },
};

static void let_die(const char *directory, void (*how)(struct publisher_feed *))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct publisher *p = open_publisher(directory, 0, 1 << 20);

		how(open_feed(p, "q"));
		_exit(4);
	}
	CHECK("a child", pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK("died as it should", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static uint64_t epoch_left(const char *directory)
{
	struct shm_dir dir;
	struct catalog c;
	uint64_t epoch = 0;

	if (shm_dir_open(&dir, directory, "pub", &err) != 0)
		return 0;
	if (catalog_open_reader(&c, &dir, &err) == 0)
		epoch = catalog_header(&c)->epoch;
	catalog_close(&c);
	shm_dir_close(&dir);
	return epoch;
}

static void test_deaths(const char *directory)
{
	char path[256];

	for (size_t i = 0; i < ARRAY_LEN(deaths); i++) {
		const char *label = deaths[i].label;
		struct publisher *p;
		struct publisher_feed *f;
		struct catalog_descriptor d;
		uint64_t epoch, before;

		snprintf(path, sizeof(path), "%s/%zu", directory, i);
		CHECK_INT(label, mkdir(path, 0755), 0);
		let_die(path, deaths[i].die);
		epoch = epoch_left(path);
		p = open_publisher(path, 0, 1 << 20);
		CHECK(label, publisher_epoch(p) == epoch);
		CHECK_INT(label, names_in(&p->dir).hidden, 0);
		CHECK_INT(label, names_in(&p->dir).stable, deaths[i].stands != 0);
		f = open_feed(p, "q");
		CHECK_INT(label, sequence_standing(f), deaths[i].stands);
		CHECK_INT(label, publisher_feed_sequence(f), deaths[i].stands);
		CHECK_INT(label, feed_slot(f)->sequence, deaths[i].stands);
		CHECK_INT(label, feed_slot(f)->state, deaths[i].stands ? SLOT_FRESH : SLOT_NEVER);
		CHECK_INT(label, publisher_feed_is_in_place(f), deaths[i].stands != 0);
		CHECK_INT(label, catalog_descriptor(&d, feed_slot(f)), deaths[i].stands != 0);
		CHECK_INT(label, feed_slot(f)->error_sequence & 1, 0);
		before = deaths[i].stands;
		CHECK_INT(label, publish_table(f), 0);
		CHECK_INT(label, sequence_standing(f), before + 1);
		CHECK_INT(label, feed_slot(f)->sequence, before + 1);
		CHECK_INT(label, publish_table(f), 0);
		publisher_heartbeat(p, 1);
		CHECK("one left by a crash is never recycled", names_in(&p->dir).hidden <= 1);
		publisher_close(p);
	}
}

/* A reader's mapping outlives all of it. */
static void test_reader_through_crash(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 1 << 20);
	struct publisher_feed *f = open_feed(p, "q");
	struct snapshot_view v;
	struct shm_map map;

	publish_table(f);
	map_feed(&map, f);
	publisher_close(p);
	let_die(directory, die_filling);
	p = open_publisher(directory, 0, 1 << 20);
	f = open_feed(p, "q");
	publish_table(f);
	CHECK_INT("still whole",
	          snapshot_view_init(&v, span_of(map.addr, map.size), SNAPSHOT_CHECK_FULL, &err),
	          0);
	CHECK_INT("still the first", ((const int64_t *)v.columns[0].values)[1], 1000001);
	snapshot_view_free(&v);
	shm_discard(&map);
	publisher_close(p);
}

/* --- what else may be found -------------------------------------------------------------------- */

static void lose_catalog(const struct shm_dir *dir)
{
	CHECK_INT("remove", shm_remove(dir, "catalog", &err), 0);
}

static void spoil_snapshot(const struct shm_dir *dir)
{
	struct shm_map map;
	struct shm_stat stat;

	CHECK_INT("map", shm_map_write(&map, &stat, dir, "q.arrow", &err), 0);
	memset((char *)map.addr + map.size - 200, 'x', 100);
	shm_discard(&map);
}

static void empty_snapshot(const struct shm_dir *dir)
{
	struct shm_map map;
	struct shm_stat stat;

	CHECK_INT("map", shm_map_write(&map, &stat, dir, "q.arrow", &err), 0);
	CHECK_INT("cut", shm_resize(&map, 0, &err), 0);
	shm_discard(&map);
}

static void link_snapshot(const struct shm_dir *dir)
{
	CHECK_INT("remove", shm_remove(dir, "q.arrow", &err), 0);
	CHECK_INT("a link", symlinkat("/etc/passwd", dir->fd, "q.arrow"), 0);
}

static void lose_snapshot(const struct shm_dir *dir)
{
	CHECK_INT("remove", shm_remove(dir, "q.arrow", &err), 0);
}

static void age_snapshot(const struct shm_dir *dir)
{
	struct catalog c = CATALOG_NONE;
	struct shm_stat stat;

	CHECK_INT("map", shm_map_write(&c.map, &stat, dir, "catalog", &err), 0);
	((struct catalog_slot *)catalog_slot_at(&c, 0))->sequence = 100;
	catalog_close(&c);
}

static const struct {
	const char *label;
	void (*change)(const struct shm_dir *dir);
	bool same_epoch;
	uint64_t stands, sequence, next;
} finds[] = {
	{ "the catalog is lost", lose_catalog, false, 2, 2, 3 },
	{ "the snapshot is spoiled", spoil_snapshot, true, 0, 2, 3 },
	{ "the snapshot is empty", empty_snapshot, true, 0, 2, 3 },
	{ "the snapshot is a link", link_snapshot, true, 0, 2, 3 },
	{ "the snapshot is gone", lose_snapshot, true, 0, 2, 3 },
	{ "the snapshot is older than the catalog", age_snapshot, true, 2, 100, 101 },
};

static void test_finds(const char *directory)
{
	char path[256];

	for (size_t i = 0; i < ARRAY_LEN(finds); i++) {
		const char *label = finds[i].label;
		struct shm_dir dir;
		struct publisher *p;
		struct publisher_feed *f;
		uint64_t epoch;

		snprintf(path, sizeof(path), "%s/%zu", directory, i);
		CHECK_INT(label, mkdir(path, 0755), 0);
		let_die(path, die_idle);
		epoch = epoch_left(path);
		CHECK_INT(label, shm_dir_open(&dir, path, "pub", &err), 0);
		finds[i].change(&dir);
		shm_dir_close(&dir);
		p = open_publisher(path, 0, 0);
		f = open_feed(p, "q");
		CHECK_INT(label, publisher_epoch(p) == epoch, finds[i].same_epoch);
		CHECK_INT(label, sequence_standing(f), finds[i].stands);
		CHECK_INT(label, publisher_feed_is_in_place(f), finds[i].stands != 0);
		CHECK_INT(label, publisher_feed_sequence(f), finds[i].sequence);
		CHECK_INT(label, feed_slot(f)->sequence, finds[i].sequence);
		CHECK_INT(label, publish_table(f), 0);
		CHECK_INT(label, sequence_standing(f), finds[i].next);
		publisher_close(p);
	}
}

static void test_keep_on_exit(const char *directory)
{
	struct publisher_options options = { .directory = directory,
		                             .instance = "pub",
		                             .max_feeds = 16,
		                             .spare_bytes = 1 << 20,
		                             .keep_on_exit = true };
	struct publisher *p;
	struct publisher_feed *f;
	uint64_t epoch;

	CHECK_INT("open", publisher_open(&p, &options, &err), 0);
	f = open_feed(p, "q");
	publish_table(f);
	publish_table(f);
	epoch = publisher_epoch(p);
	publisher_close(p);
	CHECK_INT("open", publisher_open(&p, &options, &err), 0);
	CHECK("what stopped is not gone on with", publisher_epoch(p) != epoch);
	CHECK_INT("no spare was left", names_in(&p->dir).hidden, 0);
	f = open_feed(p, "q");
	CHECK_INT("the snapshot was", sequence_standing(f), 2);
	CHECK_INT("and counts", feed_slot(f)->sequence, 2);
	publisher_close(p);
}

static void test_sweep(const char *directory)
{
	struct publisher *p;
	struct shm_map map;
	struct shm_stat stat;

	let_die(directory, die_idle);
	p = open_publisher(directory, 0, 0);
	CHECK_INT("file", shm_create(&map, &p->dir, "notes.txt", 0, &p->access, &err), 0);
	shm_discard(&map);
	publish_table(open_feed(p, "other"));
	publisher_sweep(p, NULL, NULL);
	CHECK_INT("not opened, removed", shm_stat_name(&stat, &p->dir, "q.arrow", &err),
	          SHM_ABSENT);
	CHECK_INT("says so", catalog_find(&p->catalog, span_str("q"))->state, SLOT_REMOVED);
	CHECK_INT("opened, stays", shm_stat_name(&stat, &p->dir, "other.arrow", &err), 0);
	CHECK_INT("state", catalog_find(&p->catalog, span_str("other"))->state, SLOT_FRESH);
	CHECK_INT("what is not ours stays", shm_stat_name(&stat, &p->dir, "notes.txt", &err), 0);
	publisher_close(p);
}

/* Every allocation failed in turn: an error or success, nothing lost either way. */
static int walk(const char *directory)
{
	struct publisher_options options = { .directory = directory,
		                             .instance = "pub",
		                             .max_feeds = 16,
		                             .spare_bytes = 1 << 20,
		                             .keep_on_exit = true };
	struct publisher *p = NULL;
	struct publisher_feed *f = NULL;
	int r = publisher_open(&p, &options, &err);

	if (r == 0)
		r = publisher_feed_open(&f, p, span_str("q"), 1000, NULL, &err);
	for (int i = 0; r == 0 && i < 4; i++) {
		rest(f);
		r = publish_table(f);
	}
	if (f != NULL) {
		shm_remove(&p->dir, "q.arrow", NULL);
		r = r == 0 ? publisher_put_back(f, &err) : r;
	}
	publisher_close(p);
	return r;
}

static void test_memory(const char *directory)
{
	int r = SHMPUB_ERR_NOMEM, n;

	for (n = 0; r != 0 && n < 1000; n++) {
		mem_fail_after(n);
		r = walk(directory);
		mem_fail_after(-1);
		CHECK("success or no memory", r == 0 || r == SHMPUB_ERR_NOMEM);
		CHECK_INT("given back", mem_live(), 0);
	}
	CHECK("some failed, one did not", n > 10 && r == 0);
}

int main(void)
{
	static void (*const tests[])(const char *) = { test_deaths, test_reader_through_crash,
		                                       test_finds,  test_keep_on_exit,
		                                       test_sweep,  test_memory };

	return run_all(tests, ARRAY_LEN(tests));
}
