/* lib/csv/tokenize: where records and fields end, by tables of text and what pandas makes of it. */
#include "base/alloc.h"
#include "csv/cell.h"
#include "csv/tokenize.h"
#include "options_text.h"

#define FORTY "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"
#define ROOM 8u /* fields that the tests look at */

/* Fields as they say it, `|` between them and `/` behind each record; `?` and why it stopped. */
struct dump {
	char text[256];
	size_t size;
};

static void put(struct dump *d, struct span s)
{
	size_t left = sizeof(d->text) - 1 - d->size, n = s.size < left ? s.size : left;

	if (n)
		memcpy(d->text + d->size, s.data, n);
	d->size += n;
	d->text[d->size] = '\0';
}

static void put_field(struct dump *d, const struct csv_tokenizer *t, const struct csv_record *r,
                      size_t i)
{
	uint32_t from = r->cuts[i] + 1, to = r->cuts[i + 1];
	struct csv_cell cell = csv_cell(span_of(t->text.data + r->base + from, to - from),
	                                t->dialect);
	char said[256];

	if (cell.needs_unescape)
		cell.text = span_of(said, csv_unescape(said, cell.text, t->dialect));
	put(d, cell.text);
}

static enum csv_token_answer dump_record(struct dump *d, struct csv_tokenizer *t)
{
	uint32_t cuts[ROOM + 1];
	struct csv_record r = { .base = t->at, .cuts = cuts, .room = ROOM };
	enum csv_token_answer a = csv_tokenize(t, &r);

	for (size_t i = 0; a == CSV_RECORD && i < r.n_fields; i++) {
		put(d, span_str(i ? "|" : ""));
		put_field(d, t, &r, i);
	}
	put(d, span_str(a == CSV_RECORD       ? "/"
	                : a == CSV_OPEN_QUOTE ? "?open"
	                : a == CSV_TOO_LONG   ? "?long"
	                                      : ""));
	return a;
}

static const struct {
	const char *label, *options, *text, *want;
	uint64_t n_lines; /* that ended: newlines between quotes do not count */
} cases[] = {
	{ "nothing", "", "", "", 0 },
	{ "no final newline", "", "a,b", "a|b/", 1 },
	{ "crlf", "", "a,b\r\nc,d\r\n", "a|b/c|d/", 2 },
	{ "lone cr", "", "a\rb\r", "a/b/", 2 },
	{ "every end in one text", "", "a\r\nb\nc\rd", "a/b/c/d/", 4 },
	{ "blank lines are no records, but lines", "", "\n\na\n\r\nb\n\n", "a/b/", 6 },
	{ "nor are lines of blanks", "", " \t\na\n  ", "a/", 2 },
	{ "blanks before a record are its own", "", "  a,b\n", "  a|b/", 1 },
	{ "empty fields", "", ",\n,,\n", "|/||/", 2 },
	{ "a blank that delimits makes a record", "delimiter=tab", "\t\na\tb\n", "|/a|b/", 2 },

	{ "quoted", "", "\"a,b\",c\n", "a,b|c/", 1 },
	{ "doubled quotes", "", "\"a\"\"b\",\"\"\"\"\n", "a\"b|\"/", 1 },
	{ "an empty quoted field", "", "\"\",a\n", "|a/", 1 },
	{ "newlines between quotes", "", "\"a\nb\r\nc\",d\ne\n", "a\nb\r\nc|d/e/", 2 },
	{ "a quote inside a bare field", "", "5\"x,6\"\n", "5\"x|6\"/", 1 },
	{ "text after a closing quote goes on bare", "", "\"x\"y\"z,w\"\n", "xy\"z|w\"/", 1 },
	{ "blanks before a quote", "", "a, \"b,c\"\n", "a| \"b|c\"/", 1 },
	{ "the same, blanks skipped", "skipinitialspace=yes", "a, \"b,c\"\n", "a|b,c/", 1 },
	{ "quotes are ordinary", "quotechar=none", "\"a,b\"\n", "\"a|b\"/", 1 },
	{ "another quote", "quotechar='", "'a,b',\"c\n", "a,b|\"c/", 1 },
	{ "a quote that delimits too", "quotechar=comma", "a,b\n,a,,b,x,c\n", "a|b/a,bx|c/", 2 },
	{ "never closed", "", "a\n\"b\nc,d\n", "a/?open", 1 },
	{ "opened by the last byte", "", "a,\"", "?open", 0 },

	{ "blanks delimit", "delimiter=whitespace", " a  b\t c \n", "a|b|c/", 1 },
	{ "blanks delimit quoted fields", "delimiter=whitespace", "\"a b\" \"c\"\n", "a b|c/", 1 },
	{ "blanks behind the cr of a record", "delimiter=whitespace", "a\r \rb\n", "a//b/", 3 },

	{ "a comment ends a record", "comment=hash", "a,b#c,d\ne\n", "a|b/e/", 2 },
	{ "lines of a comment", "comment=hash", "#a\n#\r\nb\n#", "b/", 3 },
	{ "no comment inside quotes", "comment=hash", "\"a#b\"\n", "a#b/", 1 },
	{ "nor right behind them", "comment=hash", "\"a\"#b\nc\n", "a#b/c/", 2 },
	{ "blanks and a comment, where blanks delimit", "comment=hash\ndelimiter=whitespace",
	  " #a\nb\n", "/b/", 2 },

	{ "first lines skipped", "skiprows=2", "x\n\na\n", "a/", 3 },
	{ "a list of lines skipped", "skiprows=[1, 3]", "a\nb\nc\nd\n", "a/c/", 4 },
	{ "a skipped line with a newline between quotes", "skiprows=1", "\"x\ny\"\na\n", "a/", 2 },
	{ "a quote that is never closed, skipped", "skiprows=1", "\"x\na\n", "", 0 },
	{ "more skipped than there are", "skiprows=9", "a\nb\n", "", 2 },

	{ "a delimiter behind the cr of a blank line is swallowed", "", "\r,a\n", "a/", 2 },
	{ "but not behind the cr of a record", "", "a\r,b\n", "a/|b/", 2 },
};

static struct csv_tokenizer tokenizer_of(const struct csv_dialect *dialect,
                                         const struct csv_options *o, const char *text)
{
	struct csv_tokenizer t = { .dialect = dialect, .text = span_str(text) };

	if (o->skips_list)
		t.skip_list = &o->skiprows;
	else if (o->skiprows.n)
		t.skip_first = o->skiprows.items[0].position;
	return t;
}

static void test_cases(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct csv_options *o = options_of(cases[i].options);
		struct csv_dialect dialect;
		struct csv_tokenizer t;
		struct dump d = { .size = 0 };

		csv_dialect_init(&dialect, o);
		t = tokenizer_of(&dialect, o, cases[i].text);
		while (dump_record(&d, &t) == CSV_RECORD)
			;
		CHECK_STR(cases[i].label, d.text, cases[i].want);
		CHECK_INT(cases[i].label, t.n_lines, cases[i].n_lines);
		csv_options_free(o);
		CHECK_INT(cases[i].label, mem_live(), 0);
	}
}

/* Where a record is told to begin, and where the tokenizer stands when a quote is never closed. */
static void test_places(void)
{
	static const char text[] = "\n\nab,c\n\nd,\"e";
	struct csv_options *o = options_of("");
	struct csv_dialect dialect;
	uint32_t cuts[ROOM + 1];
	struct csv_record r = { .base = 0, .cuts = cuts, .room = ROOM };
	struct csv_tokenizer t;

	csv_dialect_init(&dialect, o);
	t = tokenizer_of(&dialect, o, text);
	CHECK_INT("a record", csv_tokenize(&t, &r), CSV_RECORD);
	CHECK_INT("begins behind blank lines", r.start, 2);
	CHECK_INT("its first field", cuts[0] + 1, 2);
	CHECK_INT("its second", cuts[1] + 1, 5);
	CHECK_INT("its end", cuts[2], 6);
	CHECK_INT("what comes next", t.at, 7);
	CHECK_INT("no end", csv_tokenize(&t, &r), CSV_OPEN_QUOTE);
	CHECK_INT("the record that it opened in", t.at, 8);
	CHECK_INT("line", csv_line_at(t.text, t.at), 5);
	csv_options_free(o);
}

/* Fields beyond the room are counted, and nothing is written behind it. */
static void test_room(void)
{
	struct csv_options *o = options_of("");
	struct csv_dialect dialect;
	uint32_t cuts[3] = { 7, 7, 7 };
	struct csv_record r = { .base = 0, .cuts = cuts, .room = 1 };
	struct csv_tokenizer t;

	csv_dialect_init(&dialect, o);
	t = tokenizer_of(&dialect, o, "a,b,c,d\n");
	CHECK_INT("a record", csv_tokenize(&t, &r), CSV_RECORD);
	CHECK_INT("all fields", r.n_fields, 4);
	CHECK_INT("the first", cuts[1], 1);
	CHECK_INT("no other", cuts[2], 7);
	csv_options_free(o);
}

/* Offsets are 32 bits wide, from a base that may lie 4 GiB before the record. */
static void test_too_long(void)
{
	struct csv_options *o = options_of("");
	struct csv_dialect dialect;
	uint32_t cuts[ROOM + 1];
	struct csv_record r = { .base = (size_t)0 - (UINT32_MAX - 5), .cuts = cuts, .room = ROOM };
	struct csv_tokenizer t;

	csv_dialect_init(&dialect, o);
	t = tokenizer_of(&dialect, o, "abc\n");
	CHECK_INT("the last that fits", csv_tokenize(&t, &r), CSV_RECORD);
	CHECK_INT("its end", cuts[1], UINT32_MAX - 2);
	t = tokenizer_of(&dialect, o, "abcd\n");
	CHECK_INT("one byte more", csv_tokenize(&t, &r), CSV_TOO_LONG);
	csv_options_free(o);
}

static void test_lines(void)
{
	struct span text = span_str("a\nb\r\nc\rd");
	static const uint64_t lines[] = { 1, 1, 2, 2, 2, 3, 3, 4, 4 };

	for (size_t at = 0; at < ARRAY_LEN(lines); at++)
		CHECK_INT("line", csv_line_at(text, at), lines[at]);
	CHECK_INT("beyond the text", csv_line_at(text, 99), 4);
	CHECK_INT("of nothing", csv_line_at(SPAN_NONE, 0), 1);
}

/*
 * Quotes near and far: parts of so many bytes before a pair and after it, each followed by text that
 * must not count.
 */
static void test_distances(void)
{
	struct csv_options *o = options_of("");
	struct csv_dialect dialect;

	csv_dialect_init(&dialect, o);
	for (int a = 0; a < 40; a++) {
		for (int b = 0; b < 40; b++) {
			char text[256], want[256];
			struct csv_tokenizer t = { .dialect = &dialect };
			struct dump d = { .size = 0 };

			snprintf(text, sizeof(text), "\"%.*s\"\"%.*s\",x\n", a, FORTY, b, FORTY);
			snprintf(want, sizeof(want), "%.*s\"%.*s|x/", a, FORTY, b, FORTY);
			t.text = span_str(text);
			CHECK("a record", dump_record(&d, &t) == CSV_RECORD);
			CHECK_STR("a pair", d.text, want);
			/* Without the last quote the field goes on to the end. */
			t = (struct csv_tokenizer){ .dialect = &dialect,
				                    .text = span_of(text, strlen(text) - 4) };
			CHECK("open", dump_record(&d, &t) == CSV_OPEN_QUOTE);
		}
	}
	csv_options_free(o);
}

int main(void)
{
	test_cases();
	test_places();
	test_room();
	test_too_long();
	test_lines();
	test_distances();
	return check_report();
}
