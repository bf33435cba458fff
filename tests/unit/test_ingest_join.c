/*
 * ingest/join.h against reading all parts: random parts of columns of many sorts, of which some change,
 * come and go. Where the join says what the table is, it is the same table, to the bit.
 */
#include "unit/heap_sink.h"
#include "unit/random_parts.h"
#include "unit/threads.h"

#include "base/alloc.h"
#include "ingest/join.h"
#include "unit/check.h"
#include "options_text.h"

#define OUT_SIZE ((size_t)4 << 20)

static char want[OUT_SIZE], got[OUT_SIZE];
static size_t helpers = 2;
static const struct runner runner = { .run = run_threads, .self = &helpers, .n_threads = 3 };

/* --- a source -------------------------------------------------------------------------------------- */

struct source {
	struct buffer text;
	size_t at;
	struct byte_parts parts;
	uint64_t begin[PARTS_MAX], line[PARTS_MAX];
	struct span names[PARTS_MAX];
};

static struct source source;

static int read_source(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	struct source *s = self;
	size_t left = s->text.size - s->at;

	(void)err;
	*n = left < size ? left : size;
	memcpy(to, s->text.data + s->at, *n);
	s->at += *n;
	s->parts.n_begun = s->parts.n;
	return SHMPUB_OK;
}

static int rewind_source(void *self, struct shmpub_error *err)
{
	(void)err;
	((struct source *)self)->at = 0;
	return SHMPUB_OK;
}

static struct byte_source source_of(const struct version *v, bool skips, bool has_names)
{
	source.text.size = source.at = 0;
	buffer_append(&source.text, span_str("a;b;c;d\n"), NULL);
	for (size_t i = 0; i < v->n; i++) {
		source.begin[i] = source.text.size;
		source.names[i] = span_str(v->parts[i].name);
		if (!skips || !v->parts[i].is_kept)
			buffer_append(&source.text, buffer_span(&v->parts[i].text), NULL);
	}
	source.parts = (struct byte_parts){ .n = v->n,
		                            .begin = source.begin,
		                            .line = source.line,
		                            .names = source.names,
		                            .column = has_names ? span_str("file") : SPAN_NONE };
	return (struct byte_source){ .self = &source,
		                     .read = read_source,
		                     .rewind = rewind_source,
		                     .size = source.text.size,
		                     .parts = &source.parts };
}

/* --- tables ---------------------------------------------------------------------------------------- */

struct made {
	struct ingest *in;
	struct heap_sink heap;
	struct schema schema; /* of `heap` */
};

static int fill(struct made *m)
{
	int r;

	do {
		heap_sink_free(&m->heap);
		schema_free(&m->schema);
		r = schema_copy(&m->schema, ingest_schema(m->in), NULL);
		if (r)
			return r;
		heap_sink_init(&m->heap, &m->schema, ingest_capacity(m->in));
		r = ingest_fill(m->in, &m->heap.sink, NULL);
	} while (r == INGEST_RETYPE);
	return r;
}

static void end(struct made *m)
{
	heap_sink_free(&m->heap);
	schema_free(&m->schema);
	ingest_close(m->in);
	*m = (struct made){ .in = NULL };
}

/* The table of all parts; notes their rows. */
static int read_all(struct made *m, struct version *v, const struct csv_options *o, bool has_names,
                    const struct runner *threads)
{
	const struct byte_source bytes = source_of(v, false, has_names);
	int r = ingest_open(&m->in, &bytes, o, NULL, threads, NULL);
	uint64_t row = 0;

	if (r)
		return r;
	r = fill(m);
	if (r)
		return r;
	schema_free(&m->schema);
	if (schema_copy(&m->schema, ingest_schema(m->in), NULL))
		abort();
	for (size_t i = 0; i < v->n; i++) {
		v->parts[i].row = row;
		row += v->parts[i].n_rows = ingest_part_rows(m->in)[i];
	}
	CHECK_INT("rows of all parts", row, m->heap.sink.n_rows);
	return SHMPUB_OK;
}

static struct shmpub_column columns[COLUMNS + 1], dictionaries[COLUMNS + 1];

static struct table table_of(const struct made *m)
{
	const struct table_sink *sink = &m->heap.sink;

	for (size_t k = 0; k < m->schema.n_fields; k++) {
		const struct column_sink *c = &sink->columns[k];
		const struct field *f = &m->schema.fields[k];

		columns[k] = (struct shmpub_column){
			.type = f->type,
			.n_rows = sink->n_rows,
			.null_count = c->null_count,
			.values = c->values,
			.validity = c->null_count > 0 ? c->validity : NULL,
			.offsets = c->offsets,
			.text = c->text,
			.text_size = c->text_size,
			.code_size = f->is_dictionary ? c->code_size : 0,
			.dictionary = f->is_dictionary ? &dictionaries[k] : NULL,
		};
		if (!f->is_dictionary)
			continue;
		dictionaries[k] = *c->dictionary;
		if (c->dictionary->type == SHMPUB_TEXT)
			dictionaries[k].text_size =
			        (uint64_t)c->dictionary->offsets[c->dictionary->n_rows];
	}
	return (struct table){ sink->n_rows, m->schema.n_fields, columns };
}

static bool is_same_type(const struct field *a, const struct field *b)
{
	const char *x = a->timezone ? a->timezone : "", *y = b->timezone ? b->timezone : "";

	return a->type == b->type && a->kind == b->kind && strcmp(x, y) == 0 &&
	       (a->type != SHMPUB_TIMESTAMP || a->unit == b->unit) && a->reading == b->reading &&
	       a->is_whole == b->is_whole;
}

static void check_joined(const char *label, const struct made *m, const struct made *whole)
{
	struct schema schema;
	struct heap_sink out;
	uint64_t n_rows;

	CHECK_INT(label, ingest_join_schema(&schema, &n_rows, m->in, &m->heap.sink, NULL), 0);
	for (size_t k = 0; k < schema.n_fields; k++)
		CHECK(label, is_same_type(&schema.fields[k], &whole->schema.fields[k]));
	heap_sink_init(&out, &schema, n_rows);
	CHECK_INT(label, ingest_join(&out.sink, m->in, &m->heap.sink, NULL), 0);
	out.sink.n_rows = n_rows;
	heap_sink_text(&out);
	heap_sink_print(&out, got, sizeof(got));
	heap_sink_print(&whole->heap, want, sizeof(want));
	CHECK(label, strcmp(got, want) == 0);
	if (strcmp(got, want) != 0)
		fprintf(stderr, "%.300s\nwant %.300s\n", got, want);
	for (size_t k = 0; k < schema.n_fields; k++)
		CHECK_INT(label, out.sink.columns[k].null_count,
		          whole->heap.sink.columns[k].null_count);
	heap_sink_free(&out);
	schema_free(&schema);
}

/* --- the trials ------------------------------------------------------------------------------------ */

static const struct trial {
	const char *label, *options;
	bool has_names;
	enum sort sorts[COLUMNS];
} trials[] = {
	{ "numbers", "", false, { INTS, FLOATS, GAPS, ZEROS } },
	{ "numbers of files", "", true, { FLOATS, GAPS, ZEROS, INTS } },
	{ "text", "", true, { WORDS, DIGITS, NOTHING, HUGE } },
	{ "more text", "", true, { WORDS, WORDS, DIGITS, WORDS } },
	{ "bools", "", false, { BOOLS, BOOL_GAPS, BOOLS, WORDS } },
	{ "categories", "dtype=category", true, { WORDS, INTS, BOOLS, DIGITS } },
	{ "categories and text",
	  "dtype.a=category\ndtype.b=str",
	  false,
	  { WORDS, INTS, WORDS, GAPS } },
	{ "dates", "parse_dates=a, b", true, { DAYS, OTHER_DAYS, INTS, WORDS } },
	{ "moments",
	  "parse_dates=a, b\ndate_format.b=%Y-%m-%d",
	  false,
	  { MOMENTS, DAYS, WORDS, FLOATS } },
	{ "an index", "index_col=a", false, { INTS, WORDS, FLOATS, GAPS } },
	{ "an index of text", "index_col=a", true, { WORDS, INTS, FLOATS, BOOLS } },
	{ "an index of dates",
	  "index_col=a\nparse_dates=yes",
	  false,
	  { DAYS, INTS, FLOATS, WORDS } },
	{ "an index of floats", "index_col=a, b", false, { FLOATS, GAPS, WORDS, INTS } },
	{ "NA by value", "na_values=0, 3, x, -4", false, { INTS, FLOATS, GAPS, WORDS } },
	{ "thousands", "thousands=,\ndecimal=.", false, { INTS, FLOATS, GAPS, WORDS } },
	{ "dtypes",
	  "dtype.a=float64\ndtype.b=str\ndtype.c=float64",
	  false,
	  { FLOATS, INTS, GAPS, ZEROS } },
	{ "words for bools",
	  "true_values=x\nfalse_values=w, yy",
	  false,
	  { WORDS, BOOLS, INTS, GAPS } },
	{ "no NA words", "keep_default_na=no", false, { WORDS, INTS, FLOATS, HUGE } },
	{ "huge", "", false, { HUGE, FLOATS, HUGE, WORDS } },
};

static unsigned n_joined, n_tried;

/* Makes the rows that are not kept. */
static int make_rows(struct made *m, const struct byte_source *bytes, const struct ingest_before *b,
                     const struct csv_options *o, const struct runner *threads)
{
	int r = ingest_open(&m->in, bytes, o, b->schema, threads, NULL);

	if (r == SHMPUB_OK)
		r = ingest_keep(m->in, b, NULL);
	if (r == SHMPUB_OK)
		r = fill(m);
	if (r)
		return r;
	heap_sink_text(&m->heap);
	return ingest_fits(m->in, &m->heap.sink, NULL);
}

static void join_one(const struct trial *t, const struct version *v, bool has_same_first,
                     const struct made *before, const struct made *whole, int whole_result,
                     const struct csv_options *o, const struct runner *threads)
{
	const struct byte_source bytes = source_of(v, true, t->has_names);
	const struct table table = table_of(before);
	struct ingest_part parts[PARTS_MAX];
	const struct ingest_before b = { &table, &before->schema, parts, has_same_first };
	struct made m = { .in = NULL };
	int r;

	for (size_t i = 0; i < v->n; i++)
		parts[i] = (struct ingest_part){ v->parts[i].is_kept, v->parts[i].row,
			                         v->parts[i].n_rows };
	r = make_rows(&m, &bytes, &b, o, threads);
	n_tried++;
	n_joined += r == SHMPUB_OK;
	CHECK(t->label, r == SHMPUB_OK || r == INGEST_APART || r == SHMPUB_ERR_CSV);
	CHECK(t->label, r != SHMPUB_OK || whole_result == SHMPUB_OK);
	if (r == SHMPUB_OK && whole_result == SHMPUB_OK)
		check_joined(t->label, &m, whole);
	end(&m);
}

static void test_trial(const struct trial *t, unsigned n_steps, const struct runner *threads)
{
	static struct version versions[2];
	struct made tables[2] = { { .in = NULL }, { .in = NULL } };
	char text[200];
	struct csv_options *o;
	struct version *v = &versions[0], *next = &versions[1];
	bool is_known = false;

	snprintf(text, sizeof(text), "delimiter=;\n%s", t->options);
	o = options_of(text);
	memcpy(usual, t->sorts, sizeof(usual));
	v->n = 0;
	for (unsigned i = 0; i < n_steps; i++) {
		struct made *before = &tables[i % 2], *whole = &tables[(i + 1) % 2];
		struct version *swap = v;
		bool has_same_first, joins;
		struct version given;
		int r;

		make_next(next, v);
		given = *next; /* as its rows were in the version before */
		has_same_first = v->n > 0 && next->parts[0].is_kept && draw(4) != 0 &&
		                 strcmp(next->parts[0].name, v->parts[0].name) == 0;
		if (has_same_first)
			given.parts[0].is_kept = false;
		joins = is_known;
		end(whole);
		r = read_all(whole, next, o, t->has_names, threads);
		if (joins)
			join_one(t, &given, has_same_first, before, whole, r, o, threads);
		is_known = r == SHMPUB_OK;
		v = next;
		next = swap;
	}
	end(&tables[0]);
	end(&tables[1]);
	csv_options_free(o);
}

/* --- no memory ------------------------------------------------------------------------------------- */

static int join_with(long n, const struct byte_source *bytes, const struct ingest_before *b,
                     const struct csv_options *o)
{
	struct made m = { .in = NULL };
	struct schema schema = SCHEMA_NONE;
	struct heap_sink out = { .sink = { .columns = NULL } };
	uint64_t n_rows;
	int r;

	if (schema_copy(&m.schema, b->schema, NULL)) /* fill() frees it */
		abort();
	mem_fail_after(n);
	r = make_rows(&m, bytes, b, o, NULL);
	if (r == SHMPUB_OK)
		r = ingest_join_schema(&schema, &n_rows, m.in, &m.heap.sink, NULL);
	if (r == SHMPUB_OK) {
		heap_sink_init(&out, &schema, n_rows);
		r = ingest_join(&out.sink, m.in, &m.heap.sink, NULL);
	}
	mem_fail_after(-1);
	heap_sink_free(&out);
	schema_free(&schema);
	end(&m);
	return r;
}

static void test_memory(void)
{
	static struct version v;
	struct csv_options *o = options_of("delimiter=;\ndtype.a=category\nparse_dates=d");
	struct made whole = { .in = NULL };
	struct ingest_part parts[3];
	struct byte_source bytes;
	struct table table;
	int r = SHMPUB_ERR_NOMEM;
	long live;

	v.n = 3;
	for (size_t i = 0; i < v.n; i++) {
		name_part(&v.parts[i]);
		v.parts[i].text.size = 0;
		buffer_append(&v.parts[i].text, span_str("x;1.5;t;2026-01-02\ny;2;;2026-01-03\n"),
		              NULL);
	}
	CHECK_INT("all", read_all(&whole, &v, o, true, NULL), 0);
	for (size_t i = 0; i < v.n; i++) {
		v.parts[i].is_kept = i > 0;
		parts[i] = (struct ingest_part){ i > 0, v.parts[i].row, v.parts[i].n_rows };
	}
	bytes = source_of(&v, true, true);
	table = table_of(&whole);
	live = mem_live();
	for (long n = 0; n < 10000 && r == SHMPUB_ERR_NOMEM; n++) {
		const struct ingest_before b = { &table, &whole.schema, parts, true };

		r = join_with(n, &bytes, &b, o);
		CHECK_INT("nothing is lost", mem_live(), live);
	}
	CHECK_INT("with enough memory", r, 0);
	end(&whole);
	csv_options_free(o);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(trials); i++) {
		unsigned joined = n_joined, tried = n_tried;

		seed = (unsigned)i + 1;
		test_trial(&trials[i], 300, NULL);
		test_trial(&trials[i], 30, &runner);
		printf("%s: %u of %u joined\n", trials[i].label, n_joined - joined,
		       n_tried - tried);
	}
	test_memory();
	CHECK("many are joined", n_joined > n_tried / 10);
	return check_report();
}
