/*
 * Tests lib/plan/choose: a table of headers and options, each with the columns that pandas
 * chooses.
 */
#include "base/alloc.h"
#include "plan/choose.h"
#include "options_text.h"

/*
 * `want` has for each column `FIELD:NAME`. FIELD is the number of the field in a record, from 0
 * on, or `-` if there is none. After it come ^N for level N of the index, ~ if the header has no
 * name for the level, * if pandas leaves the level without a name, d for dates. With `fails`, the
 * error contains `want`.
 */
static const struct {
	const char *label, *options, *text, *want;
	bool fails;
} cases[] = {
	{ "all of them", "", "a,b\n1,2\n", "0:a 1:b", false },
	{ "without rows", "", "a,b\n", "0:a 1:b", false },
	{ "positions", "header=none", "1,2\n", "0:0 1:1", false },

	{ "index by name", "index_col=b", "a,b\n1,2\n", "0:a 1:b^0", false },
	{ "index by position", "index_col=1", "a,b\n1,2\n", "0:a 1:b^0", false },
	{ "two levels, in the order of the option", "index_col=b, a", "a,b,c\n1,2,3\n",
	  "0:a^1 1:b^0 2:c", false },
	{ "every column", "index_col=a", "a\n1\n", "0:a^0", false },
	{ "a level that the header left out", "index_col=0", ",b\n1,2\n", "0:Unnamed: 0^0* 1:b",
	  false },
	{ "a level twice", "index_col=a, 0", "a,b\n1,2\n", "index_col: \"a\" is there twice",
	  true },
	{ "no such level", "index_col=z", "a,b\n1,2\n", "index_col: there is no column z", true },
	{ "no such place", "index_col=2", "a,b\n1,2\n", "index_col: there is no column 2", true },
	{ "a name where there are only places", "index_col=\"0\"\nheader=none", "1,2\n",
	  "index_col: there is no column 0", true },

	{ "fields without a name", "", "a,b\n1,2,3\n", "0:^0~* 1:a 2:b", false },
	{ "two of them", "", "a\n1,2,3\n", "0:^0~* 1:^1~* 2:a", false },
	{ "index_col names as many", "index_col=0", "a,b\n1,2,3\n", "0:^0~* 1:a 2:b", false },
	{ "index_col names more", "index_col=0, 1", "a,b\n1,2,3\n",
	  "index_col names 2 columns, the records have 1 without a name", true },
	{ "index_col names them by name", "index_col=a", "a,b\n1,2,3\n",
	  "index_col: there is no column a", true },

	{ "usecols by name", "usecols=c, a", "a,b,c\n1,2,3\n", "0:a 2:c", false },
	{ "usecols by position", "usecols=2, 0", "a,b,c\n1,2,3\n", "0:a 2:c", false },
	{ "usecols and an index among them", "usecols=c, a\nindex_col=c", "a,b,c\n1,2,3\n",
	  "0:a 2:c^0", false },
	{ "places of index_col count what usecols left", "usecols=1, 2\nindex_col=1",
	  "a,b,c\n1,2,3\n", "1:b 2:c^0", false },
	{ "an index that usecols left out", "usecols=a\nindex_col=b", "a,b\n1,2\n",
	  "index_col: there is no column b", true },
	{ "usecols that is not there", "usecols=z", "a,b\n1,2\n", "usecols: there is no column z",
	  true },
	{ "usecols by name without a header", "usecols=a\nheader=none", "1,2\n",
	  "usecols: there is no column a", true },
	{ "usecols without rows", "usecols=c, a", "a,b,c\n", "0:a 1:c", false },
	{ "names for the used fields only", "usecols=0, 2\nnames=x, y", "1,2,3\n", "0:x 2:y",
	  false },
	{ "names for all, some used", "usecols=y\nnames=x, y", "1,2\n", "1:y", false },
	{ "a used field that the records lack", "usecols=0, 3", "a,b,c,d\n1,2\n", "0:a 3:d",
	  false },

	{ "a date", "parse_dates=b", "a,b\n1,2\n", "0:a 1:bd", false },
	{ "a date by position", "parse_dates=0", "a,b\n1,2\n", "0:ad 1:b", false },
	{ "dates", "parse_dates=a, b", "a,b\n1,2\n", "0:ad 1:bd", false },
	{ "a label that is a number", "parse_dates=1\nheader=none", "1,2\n", "0:0 1:1d", false },
	{ "of the used ones", "usecols=1, 2\nparse_dates=1", "a,b,c\n1,2,3\n", "1:b 2:cd", false },
	{ "a level that is a date", "index_col=a\nparse_dates=a", "a,b\n1,2\n", "0:a^0d 1:b",
	  false },
	{ "the index is dates", "index_col=b\nparse_dates=yes", "a,b\n1,2\n", "0:a 1:b^0d", false },
	{ "no index to be dates", "parse_dates=yes", "a,b\n1,2\n", "0:a 1:b", false },
	{ "a level without a name, by its place", "parse_dates=0", "a,b\n1,2,3\n",
	  "0:^0~*d 1:ad 2:b", false },
	{ "no such date", "parse_dates=z", "a,b\n1,2\n", "parse_dates: there is no column z",
	  true },
	{ "no date at that place", "parse_dates=2", "a,b\n1,2\n",
	  "parse_dates: there is no column 2", true },
};

static void print(char out[512], const struct columns *s)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < s->n; i++) {
		const struct column *c = &s->columns[i];
		char field[24];

		snprintf(field, sizeof(field), "%zu", c->source);
		n += (size_t)snprintf(out + n, 512 - n, "%s%s:%.*s", i ? " " : "",
		                      c->route == ROUTE_MISSING ? "-" : field, (int)c->name.size,
		                      c->name.data ? c->name.data : "");
		if (c->index_level >= 0)
			n += (size_t)snprintf(out + n, 512 - n, "^%d%s%s", c->index_level,
			                      c->is_leading ? "~" : "", c->is_unnamed ? "*" : "");
		n += (size_t)snprintf(out + n, 512 - n, "%s", c->request.is_date ? "d" : "");
	}
}

/* Prints the columns of a case, or its error, if `n` requests for memory succeed; negative: all. */
static int run(char got[512], size_t i, long n_requests)
{
	bool is_cut;
	struct csv_options *o = options_of(cases[i].options);
	struct csv_dialect dialect;
	struct header h = HEADER_NONE;
	struct shmpub_error err = { .message = "" };
	struct columns s = COLUMNS_NONE;
	int r;

	csv_dialect_init(&dialect, o);
	r = header_read(&h, &is_cut, span_str(cases[i].text), &dialect, o, &err);
	if (r == SHMPUB_OK) {
		s.has_integer_names = h.has_integer_names;
		mem_fail_after(n_requests);
		r = choose_columns(&s, &h, o, &err);
		mem_fail_after(-1);
	}
	if (r == SHMPUB_OK)
		print(got, &s);
	else
		snprintf(got, 512, "%s", err.message);
	columns_free(&s);
	header_free(&h);
	csv_options_free(o);
	return r;
}

static void check_case(size_t i, int r, const char *got)
{
	CHECK(cases[i].label, cases[i].fails == (r < 0));
	if (!cases[i].fails || strstr(got, cases[i].want) == NULL)
		CHECK_STR(cases[i].label, got, cases[i].want);
	CHECK_INT(cases[i].label, mem_live(), 0);
}

static void test_cases(void)
{
	char got[512];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int r = run(got, i, -1);

		check_case(i, r, got);
	}
}

/*
 * Lets each request for memory fail in turn: expects that error and no leak, and success at the
 * end.
 */
static void test_no_memory(void)
{
	char got[512];
	long n;
	int r;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (n = 0; (r = run(got, i, n)) == SHMPUB_ERR_NOMEM && n < 100; n++)
			CHECK_INT(cases[i].label, mem_live(), 0);
		CHECK("some request could fail", n > 0);
		check_case(i, r, got);
	}
}

int main(void)
{
	test_cases();
	test_no_memory();
	return check_report();
}
