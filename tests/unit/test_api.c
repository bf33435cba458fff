#include <unistd.h>
#include "shmpub/shmpub.h"

#include "base/alloc.h"
#include "base/span.h"
#include "columns/table.h"
#include "unit/api.h"

/* The public face: the rules for names and columns, and what is published through it. */

/* --- names ------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool feed, instance;
} names[] = {
	{ "a", true, true },
	{ "Quotes_2-b", true, true },
	{ "_x", true, true },
	{ "9", true, true },
	{ "a.b", true, false },
	{ "0123456789012345678901234567890123456789", true, true },
	{ "01234567890123456789012345678901234567890", false, false },
	{ ".a", false, false },
	{ "-a", false, false },
	{ "a/b", false, false },
	{ "..", false, false },
	{ "a b", false, false },
	{ "a\xC3\xA4", false, false },
	{ "a\n", false, false },
};

static void test_names(void)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct shmpub_reader_options o = { .directory = scratch.path,
			                           .instance = names[i].name };
		struct shmpub_reader *r;
		struct shmpub_mark mark;

		CHECK_INT(names[i].name, shmpub_reader_open(&r, &o, NULL),
		          names[i].instance ? SHMPUB_OK : SHMPUB_ERR_INVALID);
		shmpub_reader_close(r);
		o.instance = "unit";
		CHECK_INT("reader", shmpub_reader_open(&r, &o, NULL), SHMPUB_OK);
		CHECK_INT(names[i].name, shmpub_newest(&mark, r, names[i].name, NULL),
		          names[i].feed ? SHMPUB_NO_INSTANCE : SHMPUB_ERR_INVALID);
		shmpub_reader_close(r);
	}
}

/* --- CSV --------------------------------------------------------------------------------------- */

static int publish_text(struct shmpub_publisher *p, const char *csv, struct shmpub_csv_options *o,
                        struct shmpub_mark *mark, struct shmpub_error *err)
{
	return shmpub_publish_csv(p, "t", csv, strlen(csv), o, mark, err);
}

static void test_csv(void)
{
	struct shmpub_publisher *p = open_publisher();
	struct shmpub_mark first = { 0 }, second = { 0 };
	struct shmpub_csv_options *o;
	struct shmpub_error err;
	struct shmpub_snapshot *s;

	CHECK_INT("publish", publish_text(p, "k,v\na,1\nb,2\n", NULL, &first, &err), SHMPUB_OK);
	CHECK("an epoch", first.epoch != 0);
	CHECK_INT("options", shmpub_csv_options_new(&o, &err), SHMPUB_OK);
	CHECK_INT("an option", shmpub_csv_options_set(o, "index_col", "k", &err), SHMPUB_OK);
	CHECK_INT("an option", shmpub_csv_options_set(o, "dtype.v", "float64", &err), SHMPUB_OK);
	CHECK_INT("no option", shmpub_csv_options_set(o, "idnex_col", "k", &err),
	          SHMPUB_ERR_INVALID);
	CHECK_INT("no value", shmpub_csv_options_set(o, "dtype.v", "quux", &err),
	          SHMPUB_ERR_INVALID);
	CHECK_INT("publish", publish_text(p, "k,v\na,1\nb,2\n", o, &second, &err), SHMPUB_OK);
	CHECK("the sequence grew", second.sequence > first.sequence && second.epoch == first.epoch);
	s = newest("t");
	CHECK_INT("float64", shmpub_column_named(s, "v")->type, SHMPUB_FLOAT64);
	CHECK_INT("index", shmpub_column_named(s, "k")->index, 1);
	shmpub_release(s);
	CHECK_INT("bad text", publish_text(p, "k,v\na,1\nb,2,3,4\n", o, NULL, &err),
	          SHMPUB_ERR_CSV);
	CHECK("its line", strstr(err.message, "line 3") != NULL);
	CHECK_INT("its line as a number", err.line, 3);
	s = newest("t");
	CHECK("the last good one stays",
	      shmpub_snapshot_stamp(s)->mark.sequence == second.sequence);
	shmpub_release(s);
	CHECK_INT("bad name", shmpub_publish_csv(p, "a/b", "k\n1\n", 4, NULL, NULL, &err),
	          SHMPUB_ERR_INVALID);
	shmpub_csv_options_free(o);
	shmpub_publisher_close(p);
}

static void test_busy(void)
{
	struct shmpub_publisher_options o = { .directory = scratch.path, .instance = "unit" };
	struct shmpub_publisher *p = open_publisher(), *other;
	struct shmpub_error err;
	char pid[32];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	CHECK_INT("one at a time", shmpub_publisher_open(&other, &o, &err), SHMPUB_ERR_BUSY);
	CHECK("the other's pid", strstr(err.message, pid) != NULL);
	CHECK("nothing handed out", other == NULL);
	o.file_mode = 01644;
	CHECK_INT("a mode with more bits", shmpub_publisher_open(&other, &o, &err),
	          SHMPUB_ERR_INVALID);
	shmpub_publisher_close(p);
}

static void test_open_memory(void)
{
	struct shmpub_publisher_options o = { .directory = scratch.path, .instance = "unit" };
	struct shmpub_reader_options where = { .directory = scratch.path, .instance = "unit" };
	struct shmpub_csv_options *options = NULL;
	struct shmpub_publisher *p = NULL;
	struct shmpub_reader *reader = NULL;
	int r = SHMPUB_ERR_NOMEM;

	for (long n = 0; r == SHMPUB_ERR_NOMEM && n < 1000; n++) {
		mem_fail_after(n);
		r = shmpub_publisher_open(&p, &o, NULL);
		if (r == SHMPUB_OK)
			r = shmpub_reader_open(&reader, &where, NULL);
		if (r == SHMPUB_OK)
			r = shmpub_csv_options_new(&options, NULL);
		mem_fail_after(-1);
		shmpub_csv_options_free(options);
		shmpub_reader_close(reader);
		shmpub_publisher_close(p);
		options = NULL, reader = NULL, p = NULL;
		CHECK_INT("nothing left", mem_live(), 0);
	}
	CHECK_INT("in the end it works", r, SHMPUB_OK);
}

static void test_memory(void)
{
	static const int64_t offsets[] = { 0, 3, 3, 6 };
	static const uint8_t codes[] = { 0, 1, 2 };
	const struct shmpub_column words = {
		.type = SHMPUB_TEXT, .n_rows = 3, .offsets = offsets, .text = "onetwo"
	};
	const struct shmpub_column category = { .name = "c",
		                                .name_size = 1,
		                                .type = SHMPUB_TEXT,
		                                .values = codes,
		                                .code_size = 1,
		                                .dictionary = &words };
	struct shmpub_publisher *p = open_publisher();
	int r = SHMPUB_ERR_NOMEM;
	long n;

	for (n = 0; r == SHMPUB_ERR_NOMEM && n < 1000; n++) {
		mem_fail_after(n);
		r = publish_text(p, "k,v\na,1\nb,2\n", NULL, NULL, NULL);
		mem_fail_after(-1);
	}
	CHECK_INT("in the end it works", r, SHMPUB_OK);
	CHECK("there was something to fail", n > 3);
	r = SHMPUB_ERR_NOMEM;
	for (n = 0; r == SHMPUB_ERR_NOMEM && n < 1000; n++) {
		mem_fail_after(n);
		r = shmpub_publish_columns(p, "u", &category, 1, 3, NULL, NULL);
		mem_fail_after(-1);
	}
	CHECK_INT("in the end it works", r, SHMPUB_OK);
	CHECK("there was something to fail", n > 5);
	shmpub_publisher_close(p);
	CHECK_INT("nothing left", mem_live(), 0);
}

/* What was never initialised is told, and sizes stay what they are within one ABI version. */
static void test_reserved(void)
{
	struct shmpub_reader_options reader = { .directory = scratch.path };
	struct shmpub_publisher_options publisher = { .directory = scratch.path };
	struct shmpub_reader *r = NULL;
	struct shmpub_publisher *p = NULL;
	struct shmpub_notifier *n = NULL;

	reader.reserved[4] = 1;
	publisher.reserved[7] = 1;
	CHECK_INT("reader", shmpub_reader_open(&r, &reader, NULL), SHMPUB_ERR_INVALID);
	CHECK_INT("notifier", shmpub_notifier_open(&n, &reader, NULL, NULL), SHMPUB_ERR_INVALID);
	CHECK_INT("publisher", shmpub_publisher_open(&p, &publisher, NULL), SHMPUB_ERR_INVALID);
	CHECK("none", r == NULL && n == NULL && p == NULL);
}

int main(void)
{
	scratch_open(&scratch, memory_below);
	CHECK_STR("version", shmpub_version(), SHMPUB_VERSION_STRING);
	test_reserved();
	test_names();
	test_csv();
	test_busy();
	test_open_memory();
	test_memory();
	scratch_close(&scratch);
	return check_report();
}
