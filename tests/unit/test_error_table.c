/* lib/catalog/error_table: which errors are one, who makes room, deaths, hostile bytes. */
#include "unit/publishing.h"

#include "base/atomic.h"
#include "base/error.h"
#include "catalog/error_table_parts.h"

static struct shmpub_feed_error got[ERROR_TABLE_ENTRIES];

static void fail_line(struct publisher_feed *f, uint32_t line, const char *text)
{
	struct shmpub_error e;

	error_set_line(&e, SHMPUB_ERR_CSV, line, "%s", text);
	publisher_feed_report(f, REFRESH_FAILED, &e);
}

static void fail(struct publisher_feed *f, int code, const char *text)
{
	struct shmpub_error e;

	error_set(&e, code, "%s", text);
	publisher_feed_report(f, REFRESH_FAILED, &e);
}

/* What a reader finds, which maps everything anew. SIZE_MAX: the table was refused. */
static size_t read_errors(struct publisher *p, const char *name)
{
	struct error_table t;
	struct catalog c;
	struct shm_stat stat;
	uint64_t generation = 0;
	const struct catalog_slot *slot;
	size_t n = 0;
	int r;

	CHECK_INT("catalog", catalog_open_reader(&c, &p->dir, &err), 0);
	slot = catalog_find(&c, span_str(name));
	CHECK("slot", slot != NULL && catalog_slot_is(slot, span_str(name), &generation));
	r = error_table_open_reader(&t, &stat, &p->dir, &c, &err);
	if (r == SHMPUB_OK)
		n = error_table_copy(got, &t, &c, catalog_slot_index(&c, slot), generation);
	error_table_close(&t);
	catalog_close(&c);
	return r == SHMPUB_OK || r == SHM_ABSENT ? n : SIZE_MAX;
}

static const struct {
	const char *label;
	int code[2];
	uint32_t line[2];
	const char *text[2];
	size_t want;
} pairs[] = {
	{ "the same", { -5, -5 }, { 0, 0 }, { "x", "x" }, 1 },
	{ "another text", { -5, -5 }, { 0, 0 }, { "x", "y" }, 2 },
	{ "another code", { -5, -1 }, { 0, 0 }, { "x", "x" }, 2 },
	{ "another line", { -5, -5 }, { 7, 123456 }, { "5 fields", "5 fields" }, 1 },
	{ "another number", { -5, -5 }, { 7, 8 }, { "5 fields", "6 fields" }, 2 },
	{ "a line and none", { -5, -5 }, { 7, 0 }, { "5 fields", "5 fields" }, 2 },
	{ "numbers that are no line", { -1, -1 }, { 0, 0 }, { "HTTP 404", "HTTP 500" }, 2 },
};

static void test_pairs(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct publisher_feed *f;
		char name[16];

		snprintf(name, sizeof(name), "f%zu", i);
		f = open_feed(p, name);
		CHECK_INT("none yet", read_errors(p, name), 0);
		for (int k = 0; k < 2; k++) {
			if (pairs[i].line[k] != 0)
				fail_line(f, pairs[i].line[k], pairs[i].text[k]);
			else
				fail(f, pairs[i].code[k], pairs[i].text[k]);
		}
		CHECK_INT(pairs[i].label, read_errors(p, name), pairs[i].want);
		CHECK_INT(pairs[i].label, got[0].count, 3 - pairs[i].want);
		CHECK_INT(pairs[i].label, got[0].line, pairs[i].line[1]);
		CHECK("text of the last", strstr(got[0].text, pairs[i].text[1]) != NULL);
		CHECK("times", got[0].first_ns > 0 && got[0].last_ns >= got[0].first_ns);
	}
	publisher_close(p);
}

static void test_room(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "a");
	char text[16];

	for (int i = 0; i < 16; i++) {
		snprintf(text, sizeof(text), "error %c", 'a' + i);
		fail(f, SHMPUB_ERR_SYS, text);
	}
	fail(f, SHMPUB_ERR_SYS, "error a"); /* now "error b" came last the longest ago */
	CHECK_INT("full", read_errors(p, "a"), 16);
	CHECK_STR("the latest is first", got[0].text, "error a");
	CHECK_INT("twice", got[0].count, 2);
	CHECK_STR("the oldest is last", got[15].text, "error b");
	fail(f, SHMPUB_ERR_SYS, "one more");
	CHECK_INT("still full", read_errors(p, "a"), 16);
	CHECK_STR("the new one", got[0].text, "one more");
	CHECK_INT("begins at one", got[0].count, 1);
	CHECK_STR("the oldest made room", got[15].text, "error c");
	publisher_close(p);
}

/* Cells are left out, also where everybody may read them: they make no errors distinct. */
static void test_no_cells(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "a");
	struct shmpub_error e;

	for (int i = 0; i < 2; i++) {
		error_set_line(&e, SHMPUB_ERR_CSV, 3, "not int64: ");
		error_quote(&e, "%s", i == 0 ? "secret" : "other");
		publisher_feed_report(f, REFRESH_FAILED, &e);
	}
	CHECK_INT("one", read_errors(p, "a"), 1);
	CHECK_STR("without the cell", got[0].text, "line 3: not int64: ...");
	publisher_close(p);
}

/* A slot that another feed gets has none of the errors of the one before. */
static void test_slot_of_another(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "a");
	char name[16];

	fail(f, SHMPUB_ERR_SYS, "of a");
	publisher_feed_remove(f);
	f = open_feed(p, "a");
	CHECK_INT("who comes back has its errors", read_errors(p, "a"), 1);
	publisher_feed_remove(f);
	for (int i = 0; i < 15; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		open_feed(p, name);
	}
	f = open_feed(p, "b");
	CHECK_INT("the slot of a", catalog_slot_index(&p->catalog, feed_slot(f)), 0);
	CHECK_INT("no errors of a", read_errors(p, "b"), 0);
	fail(f, SHMPUB_ERR_SYS, "of b");
	CHECK_INT("one of b", read_errors(p, "b"), 1);
	CHECK_STR("of b", got[0].text, "of b");
	publisher_close(p);
}

/* A table that somebody removed is made anew; one of another catalog is not used. */
static void test_removed_table(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "a");

	for (int i = 0; i < 3; i++)
		fail(f, SHMPUB_ERR_SYS, i == 0 ? "x" : i == 1 ? "y" : "z");
	CHECK_INT("three", read_errors(p, "a"), 3);
	CHECK_INT("removed", shm_remove(&p->dir, ERROR_TABLE_FILE, &err), 0);
	if (shm_names_persist())
		CHECK_INT("none", read_errors(p, "a"), 0);
	fail(f, SHMPUB_ERR_SYS, "x");
	CHECK_INT("begins empty", read_errors(p, "a"), 1);
	publisher_keep(p);
	publisher_close(p);
	p = open_publisher(directory, 0, 0); /* after a stop in order: another epoch */
	f = open_feed(p, "a");
	CHECK_INT("none of the epoch before", read_errors(p, "a"), 0);
	fail(f, SHMPUB_ERR_SYS, "new");
	CHECK_INT("one", read_errors(p, "a"), 1);
	CHECK_INT("one name", names_in(&p->dir).hidden, 0);
	publisher_close(p);
}

/* An entry whose writer died is left out, and is the next to be written. */
static void test_dead_writer(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "a");
	struct error_table_block *block;

	fail(f, SHMPUB_ERR_SYS, "x");
	fail(f, SHMPUB_ERR_SYS, "y");
	block = error_table_block(&p->errors, 0);
	store_relaxed_u64(&block->entries[0].guard, block->entries[0].guard + 1);
	CHECK_INT("one is left", read_errors(p, "a"), 1);
	CHECK_STR("the other one", got[0].text, "y");
	fail(f, SHMPUB_ERR_SYS, "z");
	CHECK_INT("two again", read_errors(p, "a"), 2);
	CHECK_INT("in its place", block->entries[0].guard & 1, 0);
	CHECK_STR("in its place", block->entries[0].text, "z");
	publisher_close(p);
}

static const struct {
	const char *label;
	size_t at;
} spoils[] = {
	{ "magic", 0 },      { "version", 8 }, { "sizes", 16 },
	{ "max_feeds", 28 }, { "epoch", 32 },  { "crc", 60 },
};

static void test_hostile_bytes(const char *directory)
{
	struct publisher *p = open_publisher(directory, 0, 0);
	struct publisher_feed *f = open_feed(p, "a");
	struct catalog_slot *slot = feed_slot(f);
	struct error_table_entry *e;
	unsigned char *bytes;

	fail(f, SHMPUB_ERR_SYS, "x");
	bytes = p->errors.map.addr;
	for (size_t i = 0; i < ARRAY_LEN(spoils); i++) {
		bytes[spoils[i].at] ^= 0x55;
		CHECK(spoils[i].label, read_errors(p, "a") == SIZE_MAX);
		bytes[spoils[i].at] ^= 0x55;
	}
	store_relaxed_u64(&slot->n_errors, 17);
	CHECK_INT("more than there are", read_errors(p, "a"), 0);
	store_relaxed_u64(&slot->n_errors, UINT64_MAX);
	CHECK_INT("many more", read_errors(p, "a"), 0);
	store_relaxed_u64(&slot->n_errors, 1);
	store_relaxed_u64(&catalog_header(&p->catalog)->errors_size, 4096);
	CHECK("another size", read_errors(p, "a") == SIZE_MAX);
	store_relaxed_u64(&catalog_header(&p->catalog)->errors_size, p->errors.map.size);
	e = &error_table_block(&p->errors, 0)->entries[0];
	memset(e->text, '\033', sizeof(e->text));
	e->code = UINT32_MAX;
	CHECK_INT("a line without end", read_errors(p, "a"), 1);
	CHECK_INT("is cut", strlen(got[0].text), sizeof(e->text) - 1);
	CHECK("and cleaned", strchr(got[0].text, '\033') == NULL);
	CHECK_INT("no code", got[0].code, 0);
	publisher_close(p);
}

int main(void)
{
	void (*const tests[])(const char *) = { test_pairs,         test_room,
		                                test_no_cells,      test_slot_of_another,
		                                test_removed_table, test_dead_writer,
		                                test_hostile_bytes };

	return run_all(tests, ARRAY_LEN(tests));
}
