/*
 * Tests lib/plan/header: a table of texts, each with the names and the shape that pandas gets
 * from it.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "plan/header.h"
#include "options_text.h"

/*
 * `want` has three parts with ` / ` between them. First the names with `,` between them (`*`
 * after a name that the header leaves empty, `<old` after one that was numbered), and what is
 * unusual: `lead N`, fields before the first name; `drops`, longer records lose fields; `none`,
 * there are no rows; `positions`, names are integers. Then width and table width. Then the text
 * from the first row on. With `fails`, `want` is the whole error.
 */
static const struct {
	const char *label, *options, *text, *want;
	bool fails;
} cases[] = {
	{ "names and rows", "", "a,b\n1,2\n", "a,b / 2 2 / 1,2\n", false },
	{ "no rows", "", "a,b\n", "a,b none / 2 2 / ", false },
	{ "lines before it", "", "\n \na,b\n1,2", "a,b / 2 2 / 1,2", false },
	{ "quoted names", "", "\"a,b\",\"c\"\"d\"\n1,2\n", "a,b,c\"d / 2 2 / 1,2\n", false },
	{ "empty names", "", ",b,\n1,2,3\n", "Unnamed: 0*,b,Unnamed: 2* / 3 3 / 1,2,3\n", false },
	{ "equal names", "", "a,a,a\n1,2,3\n", "a,a.1<a,a.2<a / 3 3 / 1,2,3\n", false },
	{ "the number is taken", "", "a,a,a.1\n1,2,3\n", "a,a.2<a,a.1 / 3 3 / 1,2,3\n", false },
	{ "it is taken by a later one", "", "x,x,x.1,x\n1,2,3,4\n",
	  "x,x.2<x,x.1,x.3<x / 4 4 / 1,2,3,4\n", false },
	{ "a name that looks left out", "", "Unnamed: 1,\n1,2\n",
	  "Unnamed: 1,Unnamed: 1.1*<Unnamed: 1 / 2 2 / 1,2\n", false },
	{ "blanks are a name", "", " ,a \n1,2\n", " ,a  / 2 2 / 1,2\n", false },

	{ "the first row is longer", "", "a,b\n1,2,3\n", "a,b lead 1 / 3 3 / 1,2,3\n", false },
	{ "by two", "", "a\n1,2,3\n", "a lead 2 / 3 3 / 1,2,3\n", false },
	{ "the first row is shorter", "", "a,b,c\n1\n", "a,b,c / 3 3 / 1\n", false },

	{ "a later line is the header", "header=1", "t\n\na,b\n1,2\n", "a,b / 2 2 / 1,2\n", false },
	{ "no such line", "header=3", "a\n1\n", "line 3: header is record 3, the text has only 2",
	  true },
	{ "no header", "header=none", "\n1,2\n3,4\n", "0,1 positions / 2 2 / \n1,2\n3,4\n", false },
	{ "no header, no text", "header=none", "\n", "line 1: no columns, the text holds no record",
	  true },
	{ "nothing", "", "", "line 1: no columns, the text holds no record", true },
	{ "blank lines only", "", "\n \n", "line 1: no columns, the text holds no record", true },

	{ "names alone: there is no header", "names=x, y", "1,2\n", "x,y / 2 2 / 1,2\n", false },
	{ "names for the header's", "names=x, y\nheader=0", "a,b\n1,2\n", "x,y / 2 2 / 1,2\n",
	  false },
	{ "fewer names than fields", "names=x", "1,2\n", "x lead 1 / 2 2 / 1,2\n", false },
	{ "more names than fields", "names=x, y, z", "1,2\n3,4,5\n", "x,y,z / 3 3 / 1,2\n3,4,5\n",
	  false },
	{ "names without a text", "names=x, y", "", "x,y none / 2 2 / ", false },
	{ "a name twice", "names=x, y, x", "1,2,3\n", "names: \"x\" is there twice", true },

	{ "usecols: longer records are cut", "usecols=a", "a,b\n1,2\n", "a,b drops / 2 2 / 1,2\n",
	  false },
	{ "usecols beyond the records", "usecols=0, 5", "a,b\n1,2\n",
	  "line 1: 6 columns are named, the records have 2 fields", true },
	{ "usecols beyond the first", "usecols=0, 3", "a,b\n1,2\n1,2,3,4\n",
	  "a,b drops / 2 2 / 1,2\n1,2,3,4\n", false },

	{ "lines skipped", "skiprows=1", "t\na,b\n1,2\n", "a,b / 2 2 / 1,2\n", false },
	{ "a line behind the header skipped", "skiprows=[1]", "a,b\nx,y,z\n1,2\n",
	  "a,b / 2 2 / x,y,z\n1,2\n", false },
	{ "as many columns as may be", "max_columns=2", "a,b\n1,2\n", "a,b / 2 2 / 1,2\n", false },
	{ "one more", "max_columns=2", "a,b,c\n1,2\n",
	  "line 1: more than 2 fields, which is max_columns", true },
	{ "one more in the first row", "max_columns=2", "a,b\n1,2,3\n",
	  "line 2: more than 2 fields, which is max_columns", true },
	{ "one more, and a quote that is never closed", "max_columns=2", "a,\"b\",c,\"",
	  "line 1: more than 2 fields, which is max_columns", true },
	{ "one more, which is never closed", "max_columns=2", "a,b\n1,2,\"3",
	  "line 2: more than 2 fields, which is max_columns", true },
	{ "as many as may be, the last is never closed", "max_columns=2", "a,b\n1,\"2",
	  "line 2: the text ends inside quotes that opened in this record", true },
	{ "too many before the header, and never closed", "max_columns=1\nheader=1", "a,b,\"c\nd\n",
	  "line 1: the text ends inside quotes that opened in this record", true },
	{ "a quote that is never closed", "", "a\n\"b",
	  "line 2: the text ends inside quotes that "
	  "opened in this record",
	  true },
	{ "in the header", "", "a,\"b\n1,2\n",
	  "line 1: the text ends inside quotes that opened in "
	  "this record",
	  true },
	{ "a name that is no UTF-8", "", "a,\xE9\n1,2\n",
	  "line 1: byte 0xe9 at offset 2 is not UTF-8", true },
	{ "the same, quoted", "", "\n\"a\"\"\xFF\"\n1\n",
	  "line 2: byte 0xff at offset 5 is not UTF-8", true },
};

static void print(char out[512], const struct header *h)
{
	size_t n = 0;
	const struct csv_tokenizer *t = &h->rows;

	for (size_t i = 0; i < h->names.n; i++) {
		const struct name *name = &h->names.names[i];

		n += (size_t)snprintf(out + n, 512 - n, "%s%.*s%s%s%.*s", i ? "," : "",
		                      (int)name->text.size, name->text.data,
		                      name->is_unnamed ? "*" : "", name->original.data ? "<" : "",
		                      (int)name->original.size,
		                      name->original.data ? name->original.data : "");
	}
	if (h->leading)
		n += (size_t)snprintf(out + n, 512 - n, " lead %zu", h->leading);
	n += (size_t)snprintf(out + n, 512 - n, "%s%s%s / %zu %zu / %.*s",
	                      h->drops_extra ? " drops" : "", h->has_rows ? "" : " none",
	                      h->has_integer_names ? " positions" : "", h->width, h->table_width,
	                      (int)(t->text.size - t->at), t->text.data + t->at);
}

/* Returns the most fields of any record from there on. */
static size_t widest_of(struct csv_tokenizer t)
{
	uint32_t cut;
	struct csv_record record = { .cuts = &cut };
	size_t widest = 0;

	for (;;) {
		record.base = t.at;
		if (csv_tokenize(&t, &record) != CSV_RECORD)
			return widest;
		widest = record.n_fields > widest ? record.n_fields : widest;
	}
}

/* Prints the header, or its error, if `n` requests for memory succeed; negative: all succeed. */
static int run(char got[512], size_t i, long n_requests)
{
	bool is_cut;
	struct csv_options *o = options_of(cases[i].options);
	struct csv_dialect dialect;
	struct header h = HEADER_NONE;
	struct shmpub_error err = { .message = "" };
	int r;

	csv_dialect_init(&dialect, o);
	mem_fail_after(n_requests);
	r = header_read(&h, &is_cut, span_str(cases[i].text), &dialect, o, &err);
	if (r == SHMPUB_OK && h.n_needed)
		r = header_tell_line(&h, header_check_widest(&h, widest_of(h.rows), &err), &err);
	mem_fail_after(-1);
	if (r == SHMPUB_OK)
		print(got, &h);
	else
		snprintf(got, 512, "%s", err.message);
	header_free(&h);
	csv_options_free(o);
	return r;
}

static void test_cases(void)
{
	char got[512];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int r = run(got, i, -1);

		CHECK(cases[i].label, cases[i].fails == (r < 0));
		CHECK_STR(cases[i].label, got, cases[i].want);
		CHECK_INT(cases[i].label, mem_live(), 0);
	}
}

/*
 * Lets each request for memory fail in turn: expects that error and no leak, and success at the
 * end.
 */
static void test_no_memory(void)
{
	char got[512];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int r = SHMPUB_ERR_NOMEM;

		for (long n = 0; r == SHMPUB_ERR_NOMEM && n < 100; n++) {
			r = run(got, i, n);
			CHECK_INT(cases[i].label, mem_live(), 0);
			if (r == SHMPUB_ERR_NOMEM)
				CHECK(cases[i].label, strncmp(got, "out of memory", 13) == 0);
		}
		CHECK_STR(cases[i].label, got, cases[i].want);
	}
}

/* Only SHMPUB_ERR_CSV without a line gets the line of the header; other errors stay unchanged. */
static void test_tell_line(void)
{
	bool is_cut;
	struct csv_options *o = options_of("");
	struct csv_dialect dialect;
	struct shmpub_error err;
	struct header h;

	csv_dialect_init(&dialect, o);
	CHECK_INT("read", header_read(&h, &is_cut, span_str("\n\na\n1\n"), &dialect, o, NULL),
	          SHMPUB_OK);
	error_set(&err, SHMPUB_ERR_CSV, "no such column");
	CHECK_INT("code", header_tell_line(&h, SHMPUB_ERR_CSV, &err), SHMPUB_ERR_CSV);
	CHECK_STR("the header's line", err.message, "line 3: no such column");
	CHECK_INT("as a number", err.line, 3);
	header_tell_line(&h, SHMPUB_ERR_CSV, &err);
	CHECK_STR("only once", err.message, "line 3: no such column");
	error_set(&err, SHMPUB_ERR_NOMEM, "out of memory");
	CHECK_INT("code", header_tell_line(&h, SHMPUB_ERR_NOMEM, &err), SHMPUB_ERR_NOMEM);
	CHECK_STR("of no line", err.message, "out of memory");
	CHECK_INT("none asked for", header_tell_line(&h, SHMPUB_ERR_CSV, NULL), SHMPUB_ERR_CSV);
	header_free(&h);
	header_free(&h);
	csv_options_free(o);
}

int main(void)
{
	test_cases();
	test_no_memory();
	test_tell_line();
	return check_report();
}
