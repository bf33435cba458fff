#include "shmpub/shmpub.h"

#include "base/alloc.h"
#include "base/span.h"
#include "columns/table.h"
#include "unit/check.h"
#include "unit/scratch.h"

/* The public face: the rules for names and columns, and what is published through it. */

static struct scratch scratch;

static struct shmpub_publisher *open_publisher(void)
{
	struct shmpub_publisher_options o = { .directory = scratch.path, .instance = "unit" };
	struct shmpub_publisher *p = NULL;
	struct shmpub_error err = { 0 };

	if (shmpub_publisher_open(&p, &o, &err) != SHMPUB_OK) {
		fprintf(stderr, "publisher: %s\n", err.message);
		exit(EXIT_FAILURE);
	}
	return p;
}

static struct shmpub_snapshot *newest(const char *feed)
{
	struct shmpub_reader_options o = { .directory = scratch.path, .instance = "unit" };
	struct shmpub_reader *r = NULL;
	struct shmpub_snapshot *s = NULL;

	CHECK_INT("reader", shmpub_reader_open(&r, &o, NULL), SHMPUB_OK);
	(void)shmpub_acquire(&s, r, feed, NULL, NULL);
	shmpub_reader_close(r);
	return s;
}

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

/* --- columns ----------------------------------------------------------------------------------- */

static const int64_t numbers[] = { 1, 2, 3 };
static const uint8_t bits[] = { 5 };
static const char text[] = "onetwo\xFF";
static const int64_t offsets[] = { 0, 3, 3, 6 };
static const int64_t falling[] = { 0, 3, 2, 6 };
static const int64_t negative[] = { -1, 0, 0, 0 };
static const int64_t to_the_bad_byte[] = { 0, 3, 6, 7 };
static const uint8_t codes[] = { 0, 1, 2 };
static const uint8_t wide_codes[] = { 0, 1, 3 };
static const uint8_t all_there[] = { 7 };
static const uint8_t last_missing[] = { 3 };
static const struct shmpub_column words = {
	.type = SHMPUB_TEXT, .n_rows = 3, .offsets = offsets, .text = text
};
static const struct shmpub_column nested = {
	.type = SHMPUB_TEXT, .n_rows = 3, .values = codes, .code_size = 1, .dictionary = &words
};
static const struct shmpub_column holed = {
	.type = SHMPUB_TEXT, .n_rows = 3, .offsets = offsets, .text = text, .validity = last_missing
};

#define NAMED .name = "c", .name_size = 1
#define PLAIN NAMED, .index_level = -1

static const struct {
	const char *label;
	struct shmpub_column column;
	const char *rule; /* in the message; NULL: it may pass */
} columns[] = {
	{ "int64", { PLAIN, .type = SHMPUB_INT64, .values = numbers }, NULL },
	{ "uint64", { PLAIN, .type = SHMPUB_UINT64, .values = numbers }, NULL },
	{ "float64 with nulls",
	  { PLAIN, .type = SHMPUB_FLOAT64, .values = numbers, .validity = bits },
	  NULL },
	{ "bool", { PLAIN, .type = SHMPUB_BOOL, .values = bits }, NULL },
	{ "bool objects",
	  { PLAIN, .type = SHMPUB_BOOL, .kind = SHMPUB_KIND_BOOL, .values = bits,
	    .validity = bits },
	  NULL },
	{ "text", { PLAIN, .type = SHMPUB_TEXT, .offsets = offsets, .text = text }, NULL },
	{ "null", { PLAIN, .type = SHMPUB_NULL }, NULL },
	{ "naive time",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .unit = SHMPUB_NANOSECOND, .values = numbers },
	  NULL },
	{ "UTC", { PLAIN, .type = SHMPUB_TIMESTAMP, .timezone = "UTC", .values = numbers }, NULL },
	{ "offset",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .timezone = "-05:30", .values = numbers },
	  NULL },
	{ "category",
	  { PLAIN, .type = SHMPUB_TEXT, .values = codes, .code_size = 1, .dictionary = &words },
	  NULL },
	{ "a wild code under a null",
	  { PLAIN, .type = SHMPUB_TEXT, .values = wide_codes, .code_size = 1, .dictionary = &words,
	    .validity = last_missing },
	  NULL },
	{ "validity of all ones",
	  { PLAIN, .type = SHMPUB_INT64, .values = numbers, .validity = all_there },
	  NULL },
	{ "an index", { NAMED, .type = SHMPUB_INT64, .values = numbers, .index_level = 0 }, NULL },
	{ "an unnamed index",
	  { .type = SHMPUB_INT64, .values = numbers, .index_level = 0, .is_unnamed = 1 },
	  NULL },

	{ "no values", { PLAIN, .type = SHMPUB_INT64 }, "values are missing" },
	{ "crooked values",
	  { PLAIN, .type = SHMPUB_INT64, .values = (const char *)numbers + 4 },
	  "aligned" },
	{ "no offsets", { PLAIN, .type = SHMPUB_TEXT, .text = text }, "offsets are missing" },
	{ "no text", { PLAIN, .type = SHMPUB_TEXT, .offsets = offsets }, "text is missing" },
	{ "falling offsets",
	  { PLAIN, .type = SHMPUB_TEXT, .offsets = falling, .text = text },
	  "offsets fall" },
	{ "negative offsets",
	  { PLAIN, .type = SHMPUB_TEXT, .offsets = negative, .text = text },
	  "below 0" },
	{ "bad UTF-8",
	  { PLAIN, .type = SHMPUB_TEXT, .offsets = to_the_bad_byte, .text = text },
	  "not UTF-8" },
	{ "bad UTF-8 in the name",
	  { .name = "\xFF", .name_size = 1, .index_level = -1, .type = SHMPUB_NULL },
	  "name is not UTF-8" },
	{ "no type", { PLAIN, .type = (enum shmpub_type)77, .values = numbers }, "type" },
	{ "no unit",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .unit = (enum shmpub_unit)9, .values = numbers },
	  "unit" },
	{ "no kind",
	  { PLAIN, .type = SHMPUB_INT64, .kind = (enum shmpub_kind)9, .values = numbers },
	  "kind" },
	{ "kind int of numbers",
	  { PLAIN, .type = SHMPUB_INT64, .kind = SHMPUB_KIND_INT, .values = numbers },
	  "kind int" },
	{ "kind bool of numbers",
	  { PLAIN, .type = SHMPUB_INT64, .kind = SHMPUB_KIND_BOOL, .values = numbers },
	  "kind bool" },
	{ "zone of numbers",
	  { PLAIN, .type = SHMPUB_INT64, .timezone = "UTC", .values = numbers },
	  "time zone" },
	{ "zone by name",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .timezone = "Europe/Berlin", .values = numbers },
	  "time zone" },
	{ "zone of 25 hours",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .timezone = "+25:00", .values = numbers },
	  "time zone" },
	{ "code outside",
	  { PLAIN, .type = SHMPUB_TEXT, .values = wide_codes, .code_size = 1,
	    .dictionary = &words },
	  "outside the dictionary" },
	{ "code of 3 bytes",
	  { PLAIN, .type = SHMPUB_TEXT, .values = codes, .code_size = 3, .dictionary = &words },
	  "code_size" },
	{ "dictionary of another type",
	  { PLAIN, .type = SHMPUB_INT64, .values = codes, .code_size = 1, .dictionary = &words },
	  "another one" },
	{ "dictionary of a dictionary",
	  { PLAIN, .type = SHMPUB_TEXT, .values = codes, .code_size = 1, .dictionary = &nested },
	  "has a dictionary" },
	{ "dictionary with nulls",
	  { PLAIN, .type = SHMPUB_TEXT, .values = codes, .code_size = 1, .dictionary = &holed },
	  "has nulls" },
	{ "level 1 alone",
	  { NAMED, .type = SHMPUB_INT64, .values = numbers, .index_level = 1 },
	  "index levels" },
	{ "level -2",
	  { NAMED, .type = SHMPUB_INT64, .values = numbers, .index_level = -2 },
	  "index_level" },
	{ "unnamed column",
	  { PLAIN, .is_unnamed = 1, .type = SHMPUB_INT64, .values = numbers },
	  "unnamed" },
};

static void test_columns(void)
{
	struct shmpub_publisher *p = open_publisher();

	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		struct shmpub_error err = { 0 };
		int r = shmpub_publish_columns(p, "t", &columns[i].column, 1, 3, NULL, &err);
		struct shmpub_snapshot *s;

		CHECK_INT(columns[i].label, r,
		          columns[i].rule == NULL ? SHMPUB_OK : SHMPUB_ERR_INVALID);
		if (columns[i].rule != NULL) {
			CHECK(columns[i].label, strstr(err.message, columns[i].rule) != NULL);
			continue;
		}
		s = newest("t");
		CHECK_INT(columns[i].label, s != NULL ? shmpub_verify(s, &err) : -1, SHMPUB_OK);
		CHECK_STR(columns[i].label, err.message, "");
		CHECK_INT(columns[i].label, s != NULL ? shmpub_rows(s) : 0, 3);
		shmpub_release(s);
	}
	shmpub_publisher_close(p);
}

static void test_sets(void)
{
	static const struct shmpub_column twice[] = {
		{ PLAIN, .type = SHMPUB_INT64, .values = numbers },
		{ PLAIN, .type = SHMPUB_FLOAT64, .values = numbers },
	};
	static const struct shmpub_column levels[] = {
		{ .name = "a",
		  .name_size = 1,
		  .type = SHMPUB_INT64,
		  .values = numbers,
		  .index_level = 1 },
		{ .name = "b",
		  .name_size = 1,
		  .type = SHMPUB_INT64,
		  .values = numbers,
		  .index_level = 1 },
	};
	struct shmpub_publisher *p = open_publisher();
	struct shmpub_error err;

	CHECK_INT("a name twice", shmpub_publish_columns(p, "t", twice, 2, 3, NULL, &err),
	          SHMPUB_ERR_INVALID);
	CHECK("told", strstr(err.message, "twice") != NULL);
	CHECK_INT("a level twice", shmpub_publish_columns(p, "t", levels, 2, 3, NULL, &err),
	          SHMPUB_ERR_INVALID);
	CHECK_INT("no columns", shmpub_publish_columns(p, "t", NULL, 0, 3, NULL, &err),
	          SHMPUB_ERR_INVALID);
	CHECK_INT("no rows", shmpub_publish_columns(p, "t", twice, 1, 0, NULL, &err), SHMPUB_OK);
	CHECK_INT("too many rows", shmpub_publish_columns(p, "t", twice, 1, UINT64_MAX, NULL, &err),
	          SHMPUB_ERR_INVALID);
	shmpub_publisher_close(p);
}

/* What readers find under nulls: NaN, the least integer, code 0; docs/FORMAT.md promises it. */
static void test_nulls(void)
{
	static const uint32_t wide[] = { 0, 1, 77 };
	const struct shmpub_column set[] = {
		{ .name = "f",
		  .name_size = 1,
		  .index_level = -1,
		  .type = SHMPUB_FLOAT64,
		  .values = numbers,
		  .validity = last_missing },
		{ .name = "t",
		  .name_size = 1,
		  .index_level = -1,
		  .type = SHMPUB_TIMESTAMP,
		  .values = numbers,
		  .validity = last_missing },
		{ .name = "d",
		  .name_size = 1,
		  .index_level = -1,
		  .type = SHMPUB_TEXT,
		  .values = wide,
		  .code_size = 4,
		  .dictionary = &words,
		  .validity = last_missing },
	};
	struct shmpub_publisher *p = open_publisher();
	struct shmpub_snapshot *s;
	const struct shmpub_column *c;
	double f;

	CHECK_INT("publish", shmpub_publish_columns(p, "t", set, 3, 3, NULL, NULL), SHMPUB_OK);
	s = newest("t");
	CHECK("there", s != NULL);
	c = shmpub_column_named(s, "f");
	f = ((const double *)c->values)[2];
	CHECK("NaN", f != f);
	CHECK_INT("one null", c->null_count, 1);
	CHECK("NaT", ((const int64_t *)shmpub_column_named(s, "t")->values)[2] == INT64_MIN);
	c = shmpub_column_named(s, "d");
	CHECK_INT("the smallest codes", c->code_size, 1);
	CHECK_INT("code 0", ((const uint8_t *)c->values)[2], 0);
	CHECK_INT("code 1", ((const uint8_t *)c->values)[1], 1);
	CHECK("no such column", shmpub_column_named(s, "nope") == NULL);
	shmpub_release(s);
	shmpub_publisher_close(p);
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
	CHECK_INT("index", shmpub_column_named(s, "k")->index_level, 0);
	shmpub_release(s);
	CHECK_INT("bad text", publish_text(p, "k,v\na,1\nb,2,3,4\n", o, NULL, &err),
	          SHMPUB_ERR_CSV);
	CHECK("its line", strstr(err.message, "line 3") != NULL);
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
	const struct shmpub_column category = { PLAIN, .type = SHMPUB_TEXT, .values = codes,
		                                .code_size = 1, .dictionary = &words };
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

	reader.reserved[5] = 1;
	publisher.reserved[7] = 1;
	CHECK_INT("reader", shmpub_reader_open(&r, &reader, NULL), SHMPUB_ERR_INVALID);
	CHECK_INT("notifier", shmpub_notifier_open(&n, &reader, NULL, NULL), SHMPUB_ERR_INVALID);
	CHECK_INT("publisher", shmpub_publisher_open(&p, &publisher, NULL), SHMPUB_ERR_INVALID);
	CHECK("none", r == NULL && n == NULL && p == NULL);
}

int main(void)
{
	scratch_open(&scratch, "/dev/shm");
	CHECK_STR("version", shmpub_version(), SHMPUB_VERSION_STRING);
	test_reserved();
	test_names();
	test_columns();
	test_sets();
	test_nulls();
	test_csv();
	test_busy();
	test_open_memory();
	test_memory();
	scratch_close(&scratch);
	return check_report();
}
