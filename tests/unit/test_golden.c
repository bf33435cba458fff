#include "unit/check.h"

#include "tools/golden_bad.h"
#include "tools/table_equal.h"

/*
 * The committed files judge both sides: the reader must find in them what the tables
 * say, and the writer must still write them byte for byte. A difference is a change of
 * the format, to be made on purpose or not at all.
 */

/* The bytes of GOLDEN_DIRECTORY/FOLDER/NAME.arrow, in *m; their size. */
static size_t load(struct golden_memory *m, const char *folder, const char *name)
{
	char path[4096];
	void *addr = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s.arrow", GOLDEN_DIRECTORY, folder, name);
	f = fopen(path, "rb");
	CHECK(path, f != NULL);
	if (f == NULL)
		return 0;
	golden_reserve(m, &addr, 1 << 20, NULL);
	size = fread(addr, 1, 1 << 20, f);
	fclose(f);
	return size;
}

static void test_good(void)
{
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		const struct golden *g = &golden_tables[i];
		struct golden_memory file = { NULL, NULL, 0 }, mine = { NULL, NULL, 0 };
		struct snapshot_memory memory = { .reserve = golden_reserve, .arg = &mine };
		struct table want = { g->n_rows, g->n_columns, g->columns };
		struct snapshot_view v = SNAPSHOT_VIEW_NONE;
		struct shmpub_error err = { 0 };
		size_t size = load(&file, "", g->name);
		uint64_t written = 0;

		CHECK_INT(g->name, golden_write(&memory, g, &written, &err), SHMPUB_OK);
		CHECK_INT(g->name, written, size);
		CHECK(g->name, written == size && memcmp(mine.addr, file.addr, size) == 0);
		CHECK_INT(
		        g->name,
		        snapshot_view_init(&v, span_of(file.addr, size), SNAPSHOT_CHECK_FULL, &err),
		        SHMPUB_OK);
		CHECK_STR(g->name, err.message, "");
		CHECK(g->name, table_equal(&v.table, &want));
		CHECK(g->name, memcmp(&v.stamp, &golden_stamp, sizeof(golden_stamp)) == 0);
		snapshot_view_free(&v);
		golden_release(&file);
		golden_release(&mine);
	}
}

static void test_bad(void)
{
	for (size_t i = 0; i < GOLDEN_BAD_COUNT; i++) {
		const struct golden_bad *b = &golden_bads[i];
		struct golden_memory file = { NULL, NULL, 0 };
		struct snapshot_view v = SNAPSHOT_VIEW_NONE;
		size_t size = load(&file, b->at_once ? "bad/" : "bad_contents/", b->name);
		struct span bytes = span_of(file.addr, size);
		struct shmpub_error err = { 0 };

		CHECK_INT(b->name, snapshot_view_init(&v, bytes, SNAPSHOT_CHECK_BOUNDS, &err),
		          b->at_once ? SHMPUB_ERR_FORMAT : SHMPUB_OK);
		snapshot_view_free(&v);
		CHECK_INT(b->name, snapshot_view_init(&v, bytes, SNAPSHOT_CHECK_FULL, &err),
		          SHMPUB_ERR_FORMAT);
		printf("%s: %s\n", b->name, err.message);
		golden_release(&file);
	}
}

int main(void)
{
	golden_fill();
	test_good();
	test_bad();
	return check_report();
}
