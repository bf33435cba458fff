#include "prepare/prepare.h"

#include "base/alloc.h"
#include "unit/check.h"
#include "unit/scratch.h"

/*
 * Tests lib/prepare: from text to a sealed segment, with the schema that is kept after success and
 * the one that is kept after a failure, and with every request for memory failing in turn.
 */

struct bench {
	struct scratch scratch;
	struct publisher *publisher;
	struct publisher_feed *feed;
	struct csv_options *options;
	struct schema schema;
};

/* max_bytes 0: no bound. */
static void open_bounded(struct bench *b, uint64_t max_bytes)
{
	struct publisher_options o = { .instance = "unit", .max_bytes = max_bytes };
	struct shmpub_error err = { 0 };

	scratch_open(&b->scratch, memory_below);
	o.directory = b->scratch.path;
	b->schema = SCHEMA_NONE;
	if (publisher_open(&b->publisher, &o, &err) != 0 ||
	    publisher_feed_open(&b->feed, b->publisher, span_str("t"), 0, NULL, &err) != 0 ||
	    csv_options_new(&b->options, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(EXIT_FAILURE);
	}
}

static void open_bench(struct bench *b)
{
	open_bounded(b, 0);
}

static void close_bench(struct bench *b)
{
	schema_free(&b->schema);
	csv_options_free(b->options);
	publisher_close(b->publisher);
	scratch_close(&b->scratch);
	CHECK_INT("nothing left", mem_live(), 0);
}

/* Prepares and, if that succeeds, commits. */
static int refresh(struct bench *b, const char *text, struct catalog_descriptor *d,
                   struct shmpub_error *err)
{
	const uint64_t read_ns = 456;
	struct prepare_source source = { .bytes = byte_source_of(span_str(text)),
		                         .origin = { span_str("t"), span_str("a.csv") },
		                         .mtime_ns = 123,
		                         .read_ns = &read_ns };
	struct publication *pub = NULL;
	int r = publication_begin(&pub, b->feed, err);

	if (r == 0)
		r = prepare_csv(pub, d, &source, b->options, &b->schema, NULL, NULL, err);
	if (r) {
		publication_discard(pub);
		return r;
	}
	return publication_commit(pub, d, err);
}

/* Prepares texts in turn, each with the schema of the one before as its guess. */
static const struct {
	const char *label;
	const char *text;
	int want;
	uint64_t rows, columns;
	const enum shmpub_type types[2]; /* of the schema that is kept */
} rounds[] = {
	{ "the first", "a,b\n1,x\n2,y\n", SHMPUB_OK, 2, 2, { SHMPUB_INT64, SHMPUB_TEXT } },
	{ "as before", "a,b\n3,z\n", SHMPUB_OK, 1, 2, { SHMPUB_INT64, SHMPUB_TEXT } },
	{ "a cell against the schema",
	  "a,b\n1,x\n2.5,y\n",
	  SHMPUB_OK,
	  2,
	  2,
	  { SHMPUB_FLOAT64, SHMPUB_TEXT } },
	{ "bad text keeps the schema",
	  "a,b\n1,x\n1,2,3\n",
	  SHMPUB_ERR_CSV,
	  0,
	  0,
	  { SHMPUB_FLOAT64, SHMPUB_TEXT } },
	{ "both cells", "a,b\nx,1\ny,2\n", SHMPUB_OK, 2, 2, { SHMPUB_TEXT, SHMPUB_INT64 } },
	{ "narrower again", "a,b\n1,2\n3,4\n", SHMPUB_OK, 2, 2, { SHMPUB_INT64, SHMPUB_INT64 } },
	{ "other columns", "p,q,r\n1,2,3\n", SHMPUB_OK, 1, 3, { SHMPUB_INT64, SHMPUB_INT64 } },
	{ "no rows", "p,q\n", SHMPUB_OK, 0, 2, { SHMPUB_NULL, SHMPUB_NULL } },
	{ "an index", "b\ni,1\nj,2\n", SHMPUB_OK, 2, 1, { SHMPUB_TEXT, SHMPUB_INT64 } },
};

static void test_rounds(void)
{
	struct bench b;
	uint64_t sequence = 0;

	open_bench(&b);
	for (size_t i = 0; i < ARRAY_LEN(rounds); i++) {
		struct catalog_descriptor d = { 0 };
		struct shmpub_error err = { 0 };

		CHECK_INT(rounds[i].label, refresh(&b, rounds[i].text, &d, &err), rounds[i].want);
		CHECK_INT(rounds[i].label, b.schema.fields[0].type, rounds[i].types[0]);
		CHECK_INT(rounds[i].label, b.schema.fields[1].type, rounds[i].types[1]);
		if (rounds[i].want != SHMPUB_OK)
			continue;
		CHECK_STR(rounds[i].label, err.message, "");
		CHECK_INT(rounds[i].label, d.rows, rounds[i].rows);
		CHECK_INT(rounds[i].label, d.columns, rounds[i].columns);
		CHECK_INT("mtime", d.source_mtime_ns, 123);
		CHECK_INT("read", d.read_ns, 456);
		CHECK_INT("source size", d.source_size, strlen(rounds[i].text));
		CHECK("it took time", d.parse_ns > 0);
		CHECK("the sequence grows", d.sequence > sequence);
		CHECK_INT("and is the feed's", publisher_feed_sequence(b.feed), d.sequence);
		sequence = d.sequence;
	}
	close_bench(&b);
}

static void test_memory(void)
{
	static const char text[] = "a,b,c\n1,x,2026-01-02\n2.5,y,\n,z,2026-01-03\n";
	struct catalog_descriptor d;
	struct bench b;
	long before, n;
	int r = SHMPUB_ERR_NOMEM;

	open_bench(&b);
	CHECK_INT("option",
	          csv_options_set(b.options, span_str("parse_dates"), span_str("c"), NULL), 0);
	CHECK_INT("option",
	          csv_options_set(b.options, span_str("dtype.b"), span_str("category"), NULL), 0);
	CHECK_INT("a guess that is wrong", refresh(&b, "a,b,c\n1,x,2026-01-02\n", &d, NULL),
	          SHMPUB_OK);
	before = mem_live();
	for (n = 0; r == SHMPUB_ERR_NOMEM && n < 2000; n++) {
		mem_fail_after(n);
		r = refresh(&b, text, &d, NULL);
		mem_fail_after(-1);
		if (r == SHMPUB_ERR_NOMEM)
			CHECK_INT("nothing leaked", mem_live(), before);
	}
	CHECK_INT("in the end it works", r, SHMPUB_OK);
	CHECK("there was something to fail", n > 10);
	CHECK_INT("rows", d.rows, 3);
	close_bench(&b);
}

static void test_limit(void)
{
	struct catalog_descriptor d;
	struct publisher_options o = { .instance = "small", .max_bytes = 8192 };
	struct shmpub_error err;
	struct bench b;
	char *text;

	open_bench(&b);
	publisher_close(b.publisher);
	o.directory = b.scratch.path;
	CHECK_INT("publisher", publisher_open(&b.publisher, &o, &err), 0);
	CHECK_INT("feed", publisher_feed_open(&b.feed, b.publisher, span_str("t"), 0, NULL, &err),
	          0);
	text = malloc(40002);
	memcpy(text, "a\n", 2);
	for (size_t i = 2; i < 40000; i += 2)
		memcpy(text + i, "1\n", 2);
	text[40000] = '\0';
	CHECK_INT("more than max_bytes", refresh(&b, text, &d, &err), SHMPUB_ERR_LIMIT);
	CHECK("no schema is kept", b.schema.n_fields == 0);
	CHECK_INT("less", refresh(&b, "a\n1\n", &d, &err), SHMPUB_OK);
	free(text);
	close_bench(&b);
}

/*
 * Short rows at the beginning, or a last table of very few bytes, let more rows be expected than
 * there is room for: then they are counted.
 */
static void test_fewer_rows_than_expected(void)
{
	static char text[1500000];
	struct catalog_descriptor d;
	struct shmpub_error err = { 0 };
	struct bench b;
	size_t size = 0;

	open_bounded(&b, 2 << 20);
	CHECK_INT("small", refresh(&b, "x\n1\n", &d, &err), 0);
	size += (size_t)sprintf(text, "x\n");
	for (int i = 0; i < 100000; i++)
		size += (size_t)sprintf(text + size, "%d\n", i % 10);
	for (int i = 0; i < 1200; i++)
		size += (size_t)sprintf(text + size, "%1000d\n", i);
	CHECK_INT("large", refresh(&b, text, &d, &err), 0);
	CHECK_INT("rows", d.rows, 101200);
	CHECK_INT("again", refresh(&b, text, &d, &err), 0);
	CHECK_INT("small again", refresh(&b, "x\n1\n", &d, &err), 0);
	CHECK_INT("large again", refresh(&b, text, &d, &err), 0);
	CHECK_INT("rows", d.rows, 101200);
	close_bench(&b);
}

int main(void)
{
	test_fewer_rows_than_expected();
	test_rounds();
	test_memory();
	test_limit();
	return check_report();
}
