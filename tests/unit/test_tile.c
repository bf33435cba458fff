/* lib/ingest marks and tiles: the quick way gives the very rows and cells that the tokenizer does. */
#include "unit/check.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "csv/tokenize.h"
#include "ingest/tile.h"

static uint64_t seed = 7;

static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((seed >> 33) % n);
}

/* What a generated text may hold; each is on or off, so that the quick way has a chance. */
struct traits {
	unsigned columns, rows;
	bool quotes, odd_quotes, blank_lines, blanks, short_rows, long_fields, final_newline;
	bool long_rows, comments;
	unsigned line_end; /* 0: \n, 1: \r\n, 2: \r, 3: any */
};

static void add(struct buffer *b, const char *s)
{
	if (buffer_append(b, span_str(s), NULL))
		abort();
}

static void add_line_end(struct buffer *b, const struct traits *t)
{
	static const char *const ends[] = { "\n", "\r\n", "\r" };

	add(b, ends[t->line_end == 3 ? rnd(3) : t->line_end]);
}

static void add_field(struct buffer *b, const struct traits *t)
{
	static const char *const plain[] = { "a", "1.5", "", "-17", "word", "2024-01-01" };
	static const char *const quoted[] = { "\"x\"",          "\"a,b\"",
		                              "\"\"",           "\"say \"\"hi\"\"\"",
		                              "\"two\nlines\"", "\"two\r\nlines\"",
		                              "\"q\"tail" };
	static const char *const odd[] = { "5\" pipe", "x\"y\"z", "\"q\"tail\"", " \"led\"" };
	static const char *const blank[] = { " ", "\t", "  x", " \t " };

	if (t->odd_quotes && rnd(400) == 0)
		add(b, odd[rnd(4)]);
	else if (t->quotes && rnd(4) == 0)
		add(b, quoted[rnd(7)]);
	else if (t->blanks && rnd(5) == 0)
		add(b, blank[rnd(4)]);
	else
		add(b, plain[rnd(6)]);
	for (unsigned i = 0; t->long_fields && i < rnd(40); i++)
		add(b, "0123456789abcdef0123456789abcdef");
}

static void generate(struct buffer *b, const struct traits *t)
{
	b->size = 0;
	for (unsigned c = 0; c < t->columns; c++)
		add(b, c ? ",h" : "h");
	add_line_end(b, t);
	for (unsigned i = 0; i < t->rows; i++) {
		unsigned n = t->short_rows && rnd(6) == 0 ? 1 + rnd(t->columns) : t->columns;

		if (t->blank_lines && rnd(7) == 0) {
			add(b, t->blanks && rnd(2) ? "  " : "");
			add_line_end(b, t);
		}
		if (t->comments && rnd(3000) == 0)
			add(b, rnd(2) ? "# a line, \"of comment\n" : "x,#");
		if (t->long_rows && rnd(50) == 0)
			n += 1 + rnd(3);
		for (unsigned c = 0; c < n; c++) {
			add(b, c ? "," : "");
			add_field(b, t);
		}
		if (i + 1 < t->rows || t->final_newline)
			add_line_end(b, t);
	}
}

/* The next record that is not left out for being too long. */
static enum csv_token_answer next_record(struct csv_tokenizer *want, struct csv_record *record,
                                         const struct header *h, bool skips_bad_lines)
{
	enum csv_token_answer answer;

	do {
		record->base = want->at;
		answer = csv_tokenize(want, record);
	} while (answer == CSV_RECORD && skips_bad_lines && record->n_fields > h->width);
	return answer;
}

/* The cells of every tile, in order, against the tokenizer's. -1: all equal; else the row that differs. */
static long compare(const struct header *h, struct csv_tokenizer *want, const struct marks *m,
                    bool skips_bad_lines)
{
	uint32_t cuts[64];
	struct csv_record record = { .cuts = cuts, .room = h->table_width };
	struct tile_reader reader;
	struct tile tile;
	long row = 0;

	if (tile_reader_init(&reader, h, skips_bad_lines, NULL))
		return -2;
	for (size_t i = 0; i < m->n; i++) {
		tile_reader_seek(&reader, m, i);
		for (;;) {
			if (tile_reader_next(&reader, &tile, NULL) ||
			    (tile.n_rows && tile.first_row != (uint64_t)row))
				goto differs;
			if (tile.n_rows == 0)
				break;
			for (size_t r = 0; r < tile.n_rows; r++, row++) {
				if (next_record(want, &record, h, skips_bad_lines) != CSV_RECORD)
					goto differs;
				for (size_t c = 0; c < h->table_width; c++) {
					struct span got = tile_raw(&tile, r, c), right = SPAN_NONE;

					if (c < record.n_fields)
						right = span_of(h->rows.text.data + record.base +
						                        (uint32_t)(cuts[c] + 1),
						                cuts[c + 1] -
						                        (uint32_t)(cuts[c] + 1));
					if (!span_eq(got, right))
						goto differs;
				}
			}
		}
	}
	if (next_record(want, &record, h, skips_bad_lines) == CSV_END && (uint64_t)row == m->n_rows)
		row = -1;
differs:
	tile_reader_deinit(&reader);
	return row;
}

static void run_in_turn(void *self, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
	(void)self;
	for (size_t i = 0; i < n; i++)
		task(arg, i);
}

static const struct {
	const char *key, *value;
} options_tried[] = {
	{ "decimal", "point" },        { "comment", "hash" },      { "on_bad_lines", "skip" },
	{ "skipinitialspace", "yes" }, { "skiprows", "[3, 900]" }, { "skiprows", "2" },
};

static void check_text(const char *label, struct span text, size_t option, size_t n_threads,
                       bool *is_all_quick)
{
	struct runner runner = { run_in_turn, NULL, n_threads };
	struct csv_options *options;
	struct csv_dialect dialect;
	struct header header;
	struct csv_tokenizer want;
	struct marks marks;

	*is_all_quick = true;
	if (csv_options_new(&options, NULL))
		abort();
	if (csv_options_set(options, span_str(options_tried[option].key),
	                    span_str(options_tried[option].value), NULL))
		abort();
	csv_dialect_init(&dialect, options);
	CHECK_INT(label, header_read(&header, text, &dialect, options, NULL), SHMPUB_OK);
	want = header.rows;
	if (marks_init(&marks, &header, options->skips_bad_lines, &runner, NULL) == SHMPUB_OK) {
		CHECK_INT(label, compare(&header, &want, &marks, options->skips_bad_lines), -1);
		for (size_t i = 0; i < marks.n; i++) {
			*is_all_quick &= !marks.marks[i].is_exact;
			CHECK(label, marks.marks[i].row % ROWS_APART == 0);
		}
		marks_free(&marks);
	}
	header_free(&header);
	csv_options_free(options);
}

static void test_generated(void)
{
	struct buffer b = BUFFER_NONE;
	unsigned n_quick = 0, n_exact = 0;
	bool is_quick;
	size_t option;

	for (unsigned round = 0; round < 600; round++) {
		struct traits t = { .columns = 1 + rnd(5),
			            .rows = round % 8 ? 4 + rnd(300) : 30000u << (round % 32 / 8),
			            .quotes = rnd(2),
			            .odd_quotes = rnd(4) == 0,
			            .blank_lines = rnd(2),
			            .blanks = rnd(3) == 0,
			            .short_rows = rnd(2),
			            .long_fields = round % 32 == 1,
			            .final_newline = rnd(2),
			            .line_end = rnd(4) };

		option = round % ARRAY_LEN(options_tried);
		t.long_rows = strcmp(options_tried[option].value, "skip") == 0;
		/* A data row is the header then: no other may be longer. */
		t.short_rows &= strcmp(options_tried[option].value, "2") != 0;
		t.comments = strcmp(options_tried[option].value, "hash") == 0;
		generate(&b, &t);
		check_text("generated", buffer_span(&b), option, 1 + round / 4 % 3, &is_quick);
		n_quick += is_quick;
		n_exact += !is_quick;
	}
	CHECK("most go the quick way", n_quick > 200);
	CHECK("some do not", n_exact > 10);
	buffer_free(&b);
}

static const struct {
	const char *label;
	const char *text;
	bool is_quick;
} cases[] = {
	{ "no rows", "a,b\n", true },
	{ "one row", "a,b\n1,2\n", true },
	{ "no final newline", "a,b\n1,2", true },
	{ "ends in a delimiter", "a,b\n1,", true },
	{ "ends in blanks", "a,b\n1,2\n  ", true },
	{ "short row", "a,b\n1\n2,3\n", true },
	{ "blank lines", "a,b\n\n1,2\n\n\n3,4\n\n", true },
	{ "lines of blanks", "a,b\n  \n1,2\n\t\n", true },
	{ "crlf", "a,b\r\n1,2\r\n\r\n3,4\r\n", true },
	{ "cr", "a,b\r1,2\r3,4", true },
	{ "delimiter behind the cr of a blank line", "a,b\n1,2\r\r,3\r", false },
	{ "one column", "a\n1\n\n2\n \n3", true },
	{ "quoted newline", "a,b\n\"1\n2\",3\n", true },
	{ "quote in a bare field", "a,b\n1\"2,3\n4,5\n", false },
};

static void test_cases(void)
{
	bool is_quick;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		check_text(cases[i].label, span_str(cases[i].text), 0, 1, &is_quick);
		CHECK_INT(cases[i].label, is_quick, cases[i].is_quick);
	}
}

int main(void)
{
	test_cases();
	test_generated();
	CHECK_INT("nothing left", mem_live(), 0);
	return check_report();
}
