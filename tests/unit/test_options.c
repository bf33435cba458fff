/* lib/csv/options: every key with texts that are taken and texts that are refused. */
#include "base/alloc.h"
#include "options_text.h"

/* What a list holds: items with `,` between them, a position as #N, `-` for a list that was not given. */
static void print_items(char out[200], const struct csv_items *items)
{
	size_t n = 0;

	n += (size_t)snprintf(out, 200, "%s", items->is_given ? "" : "-");
	for (size_t i = 0; i < items->n; i++) {
		const struct csv_item *item = &items->items[i];

		n += (size_t)snprintf(out + n, 200 - n, item->is_position ? "%s#%.*s" : "%s%.*s",
		                      i ? "," : "", (int)item->text.size, item->text.data);
		if (item->is_position && item->position != strtoull(item->text.data, NULL, 10))
			snprintf(out, 200, "another number");
	}
}

static const struct csv_items *items_of(const struct csv_options *o, const char *key)
{
	const struct {
		const char *key;
		const struct csv_items *items;
	} all[] = { { "names", &o->names },
		    { "usecols", &o->usecols },
		    { "index_col", &o->index_col },
		    { "parse_dates", &o->parse_dates },
		    { "date_format", &o->date_format },
		    { "na_values", &o->na_values },
		    { "true_values", &o->true_values },
		    { "false_values", &o->false_values },
		    { "skiprows", &o->skiprows } };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strcmp(all[i].key, key) == 0)
			return all[i].items;
	}
	return NULL;
}

/* `want` NULL: refused, and nothing changes. */
static const struct {
	const char *label, *key, *value, *want;
} lists[] = {
	{ "names", "names", "a, b,c", "a,b,c" },
	{ "blanks around items do not count", "names", "  a \t,\tb c  ", "a,b c" },
	{ "an empty list", "names", "", "" },
	{ "an empty item", "names", "a,,b", "a,,b" },
	{ "an empty item at the end", "names", "a,", "a," },
	{ "quoted items", "names", "\"a, b\" , \"say \"\"x\"\"\"", "a, b,say \"x\"" },
	{ "a quote that is never closed", "names", "a, \"b", NULL },
	{ "text behind a quoted item", "names", "\"a\" b", NULL },
	{ "digits are a position", "index_col", "0, 17", "#0,#17" },
	{ "between quotes they are a name", "index_col", "\"0\", a", "0,a" },
	{ "as many digits as fit", "index_col", "999999999999999999", "#999999999999999999" },
	{ "more are a name", "index_col", "1000000000000000000", "1000000000000000000" },
	{ "a sign makes a name", "index_col", "-1, +1", "-1,+1" },
	{ "usecols by name", "usecols", "c, a", "c,a" },
	{ "usecols by position, in order", "usecols", "4, 0, 2", "#0,#2,#4" },
	{ "usecols: a name twice counts once", "usecols", "c, a, c", "c,a" },
	{ "usecols: a position twice", "usecols", "1, 01", "#1" },
	{ "usecols: names and positions", "usecols", "a, 0", NULL },
	{ "a date column", "parse_dates", "when, 3", "when,#3" },
	{ "parse_dates = yes names no column", "parse_dates", "yes", "-" },
	{ "a format keeps its commas", "date_format", "%d,%m,%Y", "%d,%m,%Y" },
	{ "a format with a directive twice", "date_format", "%d.%m.%d", NULL },
	{ "words for NA", "na_values", "-, n/a", "-,n/a" },
	{ "words for true", "true_values", "ja, oui", "ja,oui" },
	{ "words for false", "false_values", "\"nein\"", "nein" },
	{ "lines to skip, in order", "skiprows", "[7, 3]", "#3,#7" },
	{ "the same without brackets", "skiprows", "7, 3", "#3,#7" },
	{ "so many lines", "skiprows", "12", "#12" },
	{ "lines that are no numbers", "skiprows", "[1, x]", NULL },
	{ "a negative number of lines", "skiprows", "-1", NULL },
};

static void test_lists(void)
{
	char got[200], before[200];

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct csv_options *o = options_of("names=p\nusecols=p\nindex_col=p\n"
		                                   "parse_dates=p\ndate_format=%Y\n"
		                                   "na_values=p\ntrue_values=p\n"
		                                   "false_values=p\nskiprows=1");
		struct shmpub_error err;
		int r;

		print_items(before, items_of(o, lists[i].key));
		r = csv_options_set(o, span_str(lists[i].key), span_str(lists[i].value), &err);
		print_items(got, items_of(o, lists[i].key));
		CHECK_INT(lists[i].label, r, lists[i].want ? SHMPUB_OK : SHMPUB_ERR_INVALID);
		CHECK_STR(lists[i].label, got, lists[i].want ? lists[i].want : before);
		csv_options_free(o);
		CHECK_INT(lists[i].label, mem_live(), 0);
	}
}

/* --- single values ------------------------------------------------------------------------------ */

static const struct {
	const char *key, *value;
	int want; /* -1: refused, and what was there stays */
} bytes[] = {
	{ "delimiter", ";", ';' },
	{ "delimiter", "tab", '\t' },
	{ "delimiter", "\\t", '\t' },
	{ "delimiter", "pipe", '|' },
	{ "sep", "semicolon", ';' },
	{ "delimiter", "none", -1 },
	{ "delimiter", "", -1 },
	{ "delimiter", "ab", -1 },
	{ "delimiter", "\xC2\xA7", -1 },
	{ "delimiter", "\xA7", -1 },
	{ "delimiter", "\n", -1 },
	{ "delimiter", "\r", -1 },
	{ "quotechar", "apostrophe", '\'' },
	{ "quotechar", "none", '\0' },
	{ "quotechar", "\"\"", -1 },
	{ "comment", "hash", '#' },
	{ "comment", "none", '\0' },
	{ "thousands", "comma", ',' },
	{ "thousands", "space", ' ' },
	{ "decimal", "comma", ',' },
	{ "decimal", "point", '.' },
	{ "decimal", "none", -1 },
};

static char byte_of(const struct csv_options *o, const char *key)
{
	return strcmp(key, "quotechar") == 0   ? o->quote
	       : strcmp(key, "comment") == 0   ? o->comment
	       : strcmp(key, "thousands") == 0 ? o->thousands
	       : strcmp(key, "decimal") == 0   ? o->decimal
	                                       : o->delimiter;
}

static void test_bytes(void)
{
	for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
		struct csv_options *o = options_of("delimiter=!\nquotechar=!\ncomment=!\n"
		                                   "thousands=!\ndecimal=!");
		int r = csv_options_set(o, span_str(bytes[i].key), span_str(bytes[i].value), NULL);

		CHECK_INT(bytes[i].value, r, bytes[i].want < 0 ? SHMPUB_ERR_INVALID : SHMPUB_OK);
		CHECK_INT(bytes[i].value, byte_of(o, bytes[i].key),
		          bytes[i].want < 0 ? '!' : bytes[i].want);
		csv_options_free(o);
	}
}

static int set(struct csv_options *o, const char *key, const char *value)
{
	return csv_options_set(o, span_str(key), span_str(value), NULL);
}

static void test_delimiter(void)
{
	struct csv_options *o = options_of("delimiter=whitespace");

	CHECK("blanks", o->is_whitespace);
	CHECK_INT("refused", set(o, "delimiter", "ab"), SHMPUB_ERR_INVALID);
	CHECK("blanks still", o->is_whitespace);
	CHECK_INT("a byte", set(o, "delimiter", ";"), SHMPUB_OK);
	CHECK("no blanks any more", !o->is_whitespace && o->delimiter == ';');
	CHECK_INT("pandas' way to say it", set(o, "sep", "\\s+"), SHMPUB_OK);
	CHECK("blanks again", o->is_whitespace);
	csv_options_free(o);
}

/* pandas takes one byte for two options as well, in either order. */
static void test_one_byte_twice(void)
{
	struct csv_options *o = options_of("delimiter=;");

	CHECK_INT("the delimiter as quote", set(o, "quotechar", ";"), SHMPUB_OK);
	CHECK_INT("another delimiter", set(o, "delimiter", ","), SHMPUB_OK);
	CHECK_INT("the quote as delimiter", set(o, "delimiter", ";"), SHMPUB_OK);
	CHECK_INT("and as comment", set(o, "comment", ";"), SHMPUB_OK);
	CHECK("all are set", o->delimiter == ';' && o->quote == ';' && o->comment == ';');
	csv_options_free(o);
}

static void test_header(void)
{
	struct csv_options *o = options_of("");

	CHECK("the first line by default", o->has_header && o->header == 0 && !o->is_header_given);
	CHECK_INT("a line", set(o, "header", "3"), SHMPUB_OK);
	CHECK("it is given", o->has_header && o->header == 3 && o->is_header_given);
	CHECK_INT("no number", set(o, "header", "-1"), SHMPUB_ERR_INVALID);
	CHECK_INT("nor this", set(o, "header", "1000000000000000000"), SHMPUB_ERR_INVALID);
	CHECK_INT("as before", o->header, 3);
	CHECK_INT("none", set(o, "header", "None"), SHMPUB_OK);
	CHECK("there is none", !o->has_header && o->is_header_given);
	csv_options_free(o);
}

static const struct {
	const char *key, *value;
	int want; /* -1: refused */
} flags[] = {
	{ "skipinitialspace", "yes", 1 }, { "skipinitialspace", "on", 1 },
	{ "skipinitialspace", "0", 0 },   { "skipinitialspace", "True", 1 },
	{ "skipinitialspace", "2", -1 },  { "skipinitialspace", "", -1 },
	{ "keep_default_na", "no", 0 },   { "keep_default_na", "YES", -1 },
	{ "on_bad_lines", "skip", 1 },    { "on_bad_lines", "error", 0 },
	{ "on_bad_lines", "warn", -1 },   { "parse_dates", "yes", 1 },
	{ "parse_dates", "False", 0 },    { "parse_dates", "a", 0 },
};

static bool flag_of(const struct csv_options *o, const char *key)
{
	return strcmp(key, "skipinitialspace") == 0  ? o->skips_spaces
	       : strcmp(key, "keep_default_na") == 0 ? o->keeps_default_na
	       : strcmp(key, "on_bad_lines") == 0    ? o->skips_bad_lines
	                                             : o->parses_index;
}

/* From either state: a flag that is set says the same whatever was there, a refused one what was. */
static void test_flags(void)
{
	for (size_t i = 0; i < 2 * ARRAY_LEN(flags); i++) {
		const char *key = flags[i / 2].key, *value = flags[i / 2].value;
		struct csv_options *o = options_of(
		        i % 2 ? "skipinitialspace=yes\nkeep_default_na=yes\non_bad_lines=skip\n"
		                "parse_dates=yes"
		              : "skipinitialspace=no\nkeep_default_na=no\non_bad_lines=error\n"
		                "parse_dates=no");
		int want = flags[i / 2].want, r = set(o, key, value);

		CHECK_INT(value, r, want < 0 ? SHMPUB_ERR_INVALID : SHMPUB_OK);
		CHECK_INT(value, flag_of(o, key), want < 0 ? (int)(i % 2) : want);
		csv_options_free(o);
	}
}

static void test_limits(void)
{
	struct csv_options *o = options_of("");

	CHECK_INT("columns by default", o->max_columns, CSV_MAX_COLUMNS);
	CHECK_INT("fewer", set(o, "max_columns", "1"), SHMPUB_OK);
	CHECK_INT("fewer", o->max_columns, 1);
	CHECK_INT("not a number", set(o, "max_columns", "1e3"), SHMPUB_ERR_INVALID);
	CHECK_INT("nothing", set(o, "max_columns", ""), SHMPUB_ERR_INVALID);
	CHECK_INT("none", set(o, "max_columns", "0"), SHMPUB_ERR_INVALID);
	CHECK_INT("as before", o->max_columns, 1);
	csv_options_free(o);
}

static const struct {
	const char *value;
	int want; /* -1: refused */
} encodings[] = {
	{ "utf-8", CSV_UTF8 },
	{ "latin-1", CSV_LATIN1 },
	{ "cp1252", CSV_CP1252 },
	{ "utf-16", CSV_UTF16 },
	{ "utf-16-le", CSV_UTF16LE },
	{ "utf-16-be", CSV_UTF16BE },
	{ "ascii", CSV_ASCII },
	{ "UTF8", CSV_UTF8 },
	{ "utf_8", CSV_UTF8 },
	{ "ISO-8859-1", CSV_LATIN1 },
	{ "utf-32", -1 },
	{ "", -1 },
};

static const struct {
	const char *value;
	int want;
} dtypes[] = {
	{ "int64", CSV_DTYPE_INT64 },
	{ "int", CSV_DTYPE_INT64 },
	{ "float", CSV_DTYPE_FLOAT64 },
	{ "float64", CSV_DTYPE_FLOAT64 },
	{ "bool", CSV_DTYPE_BOOL },
	{ "str", CSV_DTYPE_STR },
	{ "category", CSV_DTYPE_CATEGORY },
	{ "timestamp", CSV_DTYPE_TIMESTAMP },
	{ "int32", -1 },
	{ "Int64", -1 },
	{ "", -1 },
	{ "datetime64[ns]", -1 },
};

static void test_words(void)
{
	struct csv_options *o = options_of("");

	for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
		int want = encodings[i].want, r;

		o->encoding = want == CSV_UTF8 ? CSV_ASCII : CSV_UTF8;
		r = set(o, "encoding", encodings[i].value);
		CHECK_INT(encodings[i].value, r, want < 0 ? SHMPUB_ERR_INVALID : SHMPUB_OK);
		CHECK_INT(encodings[i].value, o->encoding, want < 0 ? CSV_UTF8 : want);
	}
	for (size_t i = 0; i < ARRAY_LEN(dtypes); i++) {
		int want = dtypes[i].want, r;

		o->dtype = CSV_DTYPE_AUTO;
		r = set(o, "dtype", dtypes[i].value);
		CHECK_INT(dtypes[i].value, r, want < 0 ? SHMPUB_ERR_INVALID : SHMPUB_OK);
		CHECK_INT(dtypes[i].value, o->dtype, want < 0 ? CSV_DTYPE_AUTO : want);
	}
	csv_options_free(o);
}

/* --- families ----------------------------------------------------------------------------------- */

static const struct csv_column_option *said(const struct csv_options *o, enum csv_family family,
                                            const char *name, uint64_t position)
{
	return csv_options_column(o, family, span_str(name), position);
}

static void test_families(void)
{
	struct csv_options *o = options_of("dtype.a=str\nna_values.a=x, y\ndtype.2=int\n"
	                                   "date_format.when=%d.%m.%Y\ndtype.2.5=bool");
	char items[200];

	CHECK_INT("one record for a column", o->n_columns, 4);
	CHECK_INT("by name", said(o, CSV_FAMILY_DTYPE, "a", 9)->dtype, CSV_DTYPE_STR);
	CHECK_INT("by position", said(o, CSV_FAMILY_DTYPE, "other", 2)->dtype, CSV_DTYPE_INT64);
	CHECK_INT("a name goes first", said(o, CSV_FAMILY_DTYPE, "a", 2)->dtype, CSV_DTYPE_STR);
	CHECK_INT("a number may be a name", said(o, CSV_FAMILY_DTYPE, "2", 9)->dtype,
	          CSV_DTYPE_INT64);
	CHECK_INT("a dot in a name", said(o, CSV_FAMILY_DTYPE, "2.5", 9)->dtype, CSV_DTYPE_BOOL);
	CHECK("nothing was said", said(o, CSV_FAMILY_DTYPE, "b", 9) == NULL);
	CHECK("of its dtype", said(o, CSV_FAMILY_DTYPE, "when", 9) == NULL);
	CHECK("of its words for NA", said(o, CSV_FAMILY_NA_VALUES, "when", 9) == NULL);
	print_items(items, &said(o, CSV_FAMILY_NA_VALUES, "a", 9)->na_values);
	CHECK_STR("its words for NA", items, "x,y");
	print_items(items, &said(o, CSV_FAMILY_DATE_FORMAT, "when", 9)->date_format);
	CHECK_STR("its format", items, "%d.%m.%Y");
	CHECK_INT("no dtype", set(o, "dtype.b", "quux"), SHMPUB_ERR_INVALID);
	CHECK_INT("leaves no record", o->n_columns, 4);
	CHECK_INT("nor changes one", set(o, "dtype.a", "quux"), SHMPUB_ERR_INVALID);
	CHECK_INT("as before", said(o, CSV_FAMILY_DTYPE, "a", 9)->dtype, CSV_DTYPE_STR);
	CHECK_INT("set anew", set(o, "dtype.a", "bool"), SHMPUB_OK);
	CHECK_INT("the later one counts", said(o, CSV_FAMILY_DTYPE, "a", 9)->dtype, CSV_DTYPE_BOOL);
	csv_options_free(o);
}

/* --- keys --------------------------------------------------------------------------------------- */

static void test_keys(void)
{
	static const char *const unknown[] = { "",        "Names",   "name",      "dtype.",
		                               "names.a", "dtypes.", "delimiter " };
	struct csv_options *o = options_of("");
	struct shmpub_error err;
	size_t n = 0;

	for (const char *key; (key = csv_options_key(n)) != NULL; n++) {
		char column[64];

		snprintf(column, sizeof(column), "%sx", key);
		CHECK(key, csv_options_has(span_str(key[strlen(key) - 1] == '.' ? column : key)));
	}
	CHECK_INT("keys and families", n, 25);
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		CHECK(unknown[i], !csv_options_has(span_str(unknown[i])));
		CHECK_INT(unknown[i], csv_options_set(o, span_str(unknown[i]), SPAN_NONE, &err),
		          SHMPUB_ERR_INVALID);
		CHECK(unknown[i], strstr(err.message, "is no CSV option") != NULL);
	}
	CHECK("pandas' other name", span_is(csv_options_main_name(span_str("sep")), "delimiter"));
	CHECK("any other is its own", span_is(csv_options_main_name(span_str("names")), "names"));
	csv_options_free(o);
	csv_options_free(NULL);
}

/* --- no memory ---------------------------------------------------------------------------------- */

static const struct {
	const char *key, *value;
} needy[] = {
	{ "names", "a, \"b\"\"c\", d" },
	{ "usecols", "a, b, a" },
	{ "usecols", "2, 1, 2" },
	{ "skiprows", "[3, 1]" },
	{ "parse_dates", "a, b" },
	{ "date_format", "%Y" },
	{ "dtype.a", "str" },
	{ "na_values.a", "x, y" },
	{ "date_format.new", "%d.%m.%Y" },
};

/* The n-th request fails: an error, what was set before stands, and nothing is lost. */
static void test_no_memory(void)
{
	for (size_t i = 0; i < ARRAY_LEN(needy); i++) {
		int r = SHMPUB_ERR_NOMEM;

		for (long n = 0; r == SHMPUB_ERR_NOMEM && n < 100; n++) {
			struct csv_options *o = options_of("usecols=p\nna_values.q=r");

			mem_fail_after(n);
			r = set(o, needy[i].key, needy[i].value);
			mem_fail_after(-1);
			CHECK(needy[i].key, said(o, CSV_FAMILY_NA_VALUES, "q", 9) != NULL);
			if (r)
				CHECK_INT(needy[i].key, o->usecols.n, 1);
			CHECK("a request fails first", r || n > 0);
			csv_options_free(o);
			CHECK_INT(needy[i].key, mem_live(), 0);
		}
		CHECK_INT(needy[i].key, r, SHMPUB_OK);
	}
}

int main(void)
{
	test_lists();
	test_bytes();
	test_delimiter();
	test_one_byte_twice();
	test_header();
	test_flags();
	test_limits();
	test_words();
	test_families();
	test_keys();
	test_no_memory();
	return check_report();
}
