/*
 * Tests lib/rows: windows of any size have the rows and cells that the tokenizer finds in the
 * text.
 */
#include "unit/check.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "plan/header.h"
#include "rows/rejects.h"
#include "rows/rows.h"
#include "unit/row_texts.h"

/* Reads the next record that is not skipped for being too long. */
static enum csv_token_answer next_record(struct csv_tokenizer *want, struct csv_record *record,
                                         const struct row_shape *s)
{
	enum csv_token_answer answer;

	do {
		record->base = want->at;
		answer = csv_tokenize(want, record);
	} while (answer == CSV_RECORD && s->skips_bad_lines && record->n_fields > s->width);
	return answer;
}

enum { ALONE = 99 }; /* rows are too long to be read ahead */

/* The reference that the tiles of all windows are compared with. */
struct wanted {
	struct csv_tokenizer records;
	const struct row_shape *shape;
	uint64_t n_rows;
};

/* Compares the cells of a tile with the next records of the tokenizer. */
static bool is_right(struct wanted *want, const struct tile *t)
{
	const struct row_shape *s = want->shape;
	uint32_t cuts[64];
	struct csv_record record = { .cuts = cuts, .room = s->table_width };

	if (t->first_row != want->n_rows)
		return false;
	for (size_t row = 0; row < t->n_rows; row++, want->n_rows++) {
		if (next_record(&want->records, &record, s) != CSV_RECORD)
			return false;
		for (size_t c = 0; c < s->table_width; c++) {
			const char *at = want->records.text.data + record.base;
			struct span got = tile_raw(t, row, c), right = SPAN_NONE;

			if (c < record.n_fields)
				right = span_of(at + (uint32_t)(cuts[c] + 1),
				                cuts[c + 1] - (uint32_t)(cuts[c] + 1));
			if (!span_eq(got, right))
				return false;
			if (right.size && tile_offset(t, row, c) !=
			                          (uint64_t)(right.data - want->records.text.data))
				return false;
		}
	}
	return true;
}

static bool are_right(struct wanted *want, struct tile_reader *reader, const struct window *w)
{
	struct tile tile;

	tile_reader_begin(reader, w);
	for (;;) {
		if (tile_reader_next(&tile, reader, NULL))
			return false;
		if (tile.n_rows == 0)
			return true;
		if (!is_right(want, &tile))
			return false;
	}
}

/* Windows that were read ahead, up to four of them, and in a pass by rows_next() just one. */
struct pipeline {
	struct window windows[4];
	int results[4];
	size_t n_read, n_settled;
	bool reads_ahead;
};

static unsigned n_ahead, n_index_of_use, n_carried;

static int next_window(struct window **w, struct pipeline *p, struct rows *rows)
{
	size_t i;
	int r;

	if (!p->reads_ahead) {
		*w = p->windows;
		return rows_next(*w, rows, NULL);
	}
	do {
		i = p->n_read % 4;
		p->results[i] = rows_read_ahead(&p->windows[i], rows, NULL);
		if (p->results[i] == SHMPUB_OK)
			rows_index_ahead(&p->windows[i], rows, p->n_read == p->n_settled && rnd(2));
		p->n_read++;
	} while (p->n_read - p->n_settled < 4 && rnd(3));
	i = p->n_settled++ % 4;
	*w = &p->windows[i];
	r = rows_settle(*w, rows, p->results[i], NULL);
	if (r)
		return r;
	rows_check_ahead(*w);
	n_ahead += !(*w)->ahead.is_settled;
	n_index_of_use += (*w)->ahead.has_index && !(*w)->is_exact && (*w)->base < (*w)->from;
	n_carried += rows->ahead.carry.size > 0;
	return rows->is_aligned ? r : ALONE;
}

/* Makes a pass and compares it with the tokenizer over the whole text. */
static void check_pass(const char *label, struct rows *rows, struct csv_tokenizer records,
                       bool *is_all_quick)
{
	struct wanted want = { .records = records, .shape = &rows->shape };
	struct pipeline p = { .reads_ahead = rows_can_read_ahead(rows) && rnd(2) };
	struct window *w;
	struct tile_reader reader;
	struct csv_record record;
	uint32_t cut;
	int r = rows_rewind(rows, NULL);

	CHECK_INT(label, tile_reader_init(&reader, &rows->shape, NULL), SHMPUB_OK);
	for (;;) {
		r = r ? r : next_window(&w, &p, rows);
		if (r)
			break;
		CHECK(label, are_right(&want, &reader, w));
		CHECK(label, !rows->is_aligned || rows->is_last ||
		                     (w->first_row + w->n_rows) % ROWS_ALIGNMENT == 0);
		*is_all_quick &= !w->is_exact;
	}
	record = (struct csv_record){ .cuts = &cut };
	if (r == ROWS_END) {
		CHECK_INT(label, rows->n_rows, want.n_rows);
		CHECK_INT(label, next_record(&want.records, &record, &rows->shape), CSV_END);
	}
	tile_reader_deinit(&reader);
	for (size_t i = 0; i < ARRAY_LEN(p.windows); i++)
		window_free(&p.windows[i]);
}

/* Compares what a pass has left out with the records of the tokenizer that are too long. */
struct wanted_rejects {
	struct csv_tokenizer records;
	const struct row_shape *shape;
	size_t at; /* the record before begins here, on `line` */
	uint64_t line;
	bool is_wrong;
};

static int check_reject(void *arg, const struct reject *got)
{
	struct wanted_rejects *want = arg;
	uint32_t cut;
	struct csv_record record = { .cuts = &cut };
	struct span text;

	do {
		record.base = want->records.at;
		if (csv_tokenize(&want->records, &record) != CSV_RECORD) {
			want->is_wrong = true;
			return SHMPUB_OK;
		}
	} while (record.n_fields <= want->shape->width);
	text = span_of(want->records.text.data + record.start, want->records.at - record.start);
	while (text.size > got->text.size && strchr("\r\n", text.data[text.size - 1]))
		text.size--;
	want->line += csv_line_at(
	                      span_of(want->records.text.data + want->at, record.start - want->at),
	                      record.start - want->at) -
	              1;
	want->at = record.start;
	want->is_wrong |= !span_eq(text, got->text) || got->n_fields != record.n_fields ||
	                  got->n_expected != want->shape->width || got->line != want->line;
	return SHMPUB_OK;
}

static uint64_t n_rejects;

static void check_rejects(const char *label, struct rows *rows, struct csv_tokenizer records)
{
	struct wanted_rejects want = { .records = records, .shape = &rows->shape, .line = 1 };
	uint64_t n = rows->n_skipped;

	CHECK_INT(label, rows_each_reject(rows, check_reject, &want, NULL), SHMPUB_OK);
	CHECK_INT(label, rows->n_skipped, n);
	CHECK(label, !want.is_wrong);
	n_rejects += n;
}

static void check_source(const char *label, const struct byte_source *source, struct header *h,
                         const struct csv_options *o, size_t window, bool *is_all_quick)
{
	struct row_shape shape = header_shape(h, o);
	struct rows rows;
	bool is_all;

	CHECK_INT(label, rows_open(&rows, source, CSV_UTF8, rnd(2) > 0, window, NULL), SHMPUB_OK);
	while (rows_head(&rows, &is_all).size < h->rows.at && !is_all)
		CHECK_INT(label, rows_more_head(&rows, 0, NULL), SHMPUB_OK);
	*is_all_quick = true;
	/* A bad record is an error, at once or in a pass; test_ingest.c tests which error it is. */
	if (rows_set_shape(&rows, &shape, h->rows.at, h->rows.n_lines, NULL) == SHMPUB_OK) {
		check_pass(label, &rows, h->rows, is_all_quick);
		check_pass(label, &rows, h->rows, is_all_quick);
		if (shape.skips_bad_lines && rows.is_last)
			check_rejects(label, &rows, h->rows);
	}
	rows_close(&rows);
}

static const struct {
	const char *key, *value;
} options_tried[] = {
	{ "decimal", "point" },        { "comment", "hash" },      { "on_bad_lines", "skip" },
	{ "skipinitialspace", "yes" }, { "skiprows", "[3, 900]" }, { "skiprows", "2" },
};

static void check_text(const char *label, struct span text, size_t option, size_t window,
                       bool *is_all_quick)
{
	struct byte_source in_memory = byte_source_of(text);
	struct pieces pieces = { .text = text };
	struct byte_source in_pieces = { .self = &pieces,
		                         .read = read_piece,
		                         .rewind = rewind_pieces };
	struct csv_options *options;
	struct csv_dialect dialect;
	struct header header;
	bool is_cut;

	if (csv_options_new(&options, NULL) ||
	    csv_options_set(options, span_str(options_tried[option].key),
	                    span_str(options_tried[option].value), NULL))
		abort();
	csv_dialect_init(&dialect, options);
	CHECK_INT(label, header_read(&header, &is_cut, text, &dialect, options, NULL), SHMPUB_OK);
	check_source(label, &in_memory, &header, options, window, is_all_quick);
	check_source(label, &in_pieces, &header, options, window, is_all_quick);
	header_free(&header);
	csv_options_free(options);
}

/* Returns 0 for the default size, or any size up to more than the text has. */
static size_t window_of(unsigned round)
{
	return round % 8 == 0 ? 0 : (size_t)1 << rnd(18);
}

/* A record longer than many windows stands between short ones. */
static void test_long_record(void)
{
	struct buffer b = BUFFER_NONE;
	bool is_quick;

	add(&b, "a,b\n1,2\n\"");
	for (unsigned i = 0; i < 20000; i++)
		add(&b, "0123456789,\n");
	add(&b, "\",3\n4,5");
	for (size_t window = 64; window < 1 << 19; window *= 3)
		check_text("long record", buffer_span(&b), 0, window, &is_quick);
	buffer_free(&b);
}

/* The bytes of all rows of the text, and then what the source has at fault; each record may have 1,000. */
static int read_bounded(struct span text, bool is_aligned, uint64_t *n_rows, uint64_t *error_at,
                        struct shmpub_error *err)
{
	struct row_shape shape = { .width = 2, .table_width = 2 };
	struct pieces pieces = { .text = text };
	struct byte_source in_pieces = { .self = &pieces,
		                         .read = read_piece,
		                         .rewind = rewind_pieces,
		                         .record_max = 1000,
		                         .record_max_name = "a quarter of max_bytes" };
	struct window w = WINDOW_NONE;
	struct csv_options *options;
	struct csv_dialect dialect;
	struct rows rows;
	int r;

	if (csv_options_new(&options, NULL))
		abort();
	csv_dialect_init(&dialect, options);
	shape.dialect = &dialect;
	r = rows_open(&rows, &in_pieces, CSV_UTF8, is_aligned, 64, err);
	if (!r)
		r = rows_set_shape(&rows, &shape, 4, 1, err);
	while (r == SHMPUB_OK) {
		r = rows_next(&w, &rows, err);
		CHECK("no more memory than a record may have", w.buffer_room <= 1100);
	}
	*n_rows = rows.n_rows;
	*error_at = rows.error_at;
	window_free(&w);
	rows_close(&rows);
	csv_options_free(options);
	return r;
}

static void test_record_max(void)
{
	static const struct {
		const char *label;
		unsigned size;
		int want;
	} records[] = { { "a short one", 10, ROWS_END },
		        { "as long as it may be", 1000, ROWS_END },
		        { "one byte more", 1001, SHMPUB_ERR_LIMIT },
		        { "much longer", 100000, SHMPUB_ERR_LIMIT } };

	for (size_t i = 0; i < 2 * ARRAY_LEN(records); i++) {
		const char *label = records[i / 2].label;
		struct shmpub_error err = { .message = "" };
		struct buffer b = BUFFER_NONE;
		uint64_t n_rows, error_at;
		bool is_good = records[i / 2].want == ROWS_END;

		add(&b, "a,b\n");
		for (unsigned k = 0; k < 40; k++)
			add(&b, "1234567,2\n");
		add(&b, "3,");
		for (unsigned k = 3; k < records[i / 2].size; k++)
			add(&b, "4");
		add(&b, "\n5,6\n");
		CHECK_INT(label, read_bounded(buffer_span(&b), i % 2, &n_rows, &error_at, &err),
		          records[i / 2].want);
		CHECK_INT(label, error_at, is_good ? OFFSET_NONE : 404);
		CHECK_STR(label, err.message,
		          is_good ? "" : "record longer than 1000 bytes, a quarter of max_bytes");
		if (is_good)
			CHECK_INT(label, n_rows, 42);
		buffer_free(&b);
	}
}

/* Lines that are no rows fill many windows: the window must not grow with them. */
static void test_lines_without_rows(void)
{
	static const char *const lines[] = { "# of comment\r\n", "# of \"comment\n", "\r\n",
		                             "#\n\n" };
	struct row_shape shape = { .width = 2, .table_width = 2 };
	struct csv_options *options;
	struct csv_dialect dialect;

	if (csv_options_new(&options, NULL) ||
	    csv_options_set(options, span_str("comment"), span_str("hash"), NULL))
		abort();
	csv_dialect_init(&dialect, options);
	shape.dialect = &dialect;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct buffer b = BUFFER_NONE;
		struct pieces pieces;
		struct byte_source in_pieces = { .self = &pieces,
			                         .read = read_piece,
			                         .rewind = rewind_pieces };
		struct window w = WINDOW_NONE;
		struct rows rows;

		for (unsigned k = 0; k < 9; k++) {
			add(&b, k ? "1,2\n" : "a,b\n");
			for (unsigned n = 0; n < 2000; n++)
				add(&b, lines[i]);
		}
		pieces = (struct pieces){ .text = buffer_span(&b) };
		CHECK_INT(lines[i], rows_open(&rows, &in_pieces, CSV_UTF8, false, 1024, NULL), 0);
		CHECK_INT(lines[i], rows_set_shape(&rows, &shape, 4, 1, NULL), 0);
		while (rows_next(&w, &rows, NULL) == SHMPUB_OK)
			;
		CHECK_INT(lines[i], rows.n_rows, 8);
		CHECK(lines[i], w.buffer_room <= 8192);
		window_free(&w);
		rows_close(&rows);
		buffer_free(&b);
	}
	csv_options_free(options);
}

/* The line of a byte is that of csv_line_at(), whatever pieces the source returns. */
static void test_lines(void)
{
	static const char text[] = "a\nb\r\nc\rd\r\r\n\ne";
	struct pieces pieces = { .text = span_str(text) };
	struct byte_source in_pieces = { .self = &pieces,
		                         .read = read_piece,
		                         .rewind = rewind_pieces };
	struct rows rows;

	CHECK_INT("open", rows_open(&rows, &in_pieces, CSV_UTF8, false, 0, NULL), SHMPUB_OK);
	for (size_t at = 0; at < sizeof(text); at++) {
		struct shmpub_error err = { .code = SHMPUB_ERR_CSV, .message = "x" };

		CHECK_INT("told", rows_tell_line(&rows, at, &err), SHMPUB_OK);
		CHECK_INT("line", err.line, csv_line_at(span_str(text), at));
	}
	rows_close(&rows);
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
		/* Then a row of data is the header, and no other row may be longer. */
		t.short_rows &= strcmp(options_tried[option].value, "2") != 0;
		t.comments = strcmp(options_tried[option].value, "hash") == 0;
		generate(&b, &t);
		check_text("generated", buffer_span(&b), option, window_of(round), &is_quick);
		n_quick += is_quick;
		n_exact += !is_quick;
	}
	CHECK("most go the quick way", n_quick > 200);
	CHECK("some do not", n_exact > 10);
	CHECK("windows were read ahead", n_ahead > 1000);
	CHECK("their index is used", n_index_of_use > 100);
	CHECK("some leave more than a lap", n_carried > 100);
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
		check_text(cases[i].label, span_str(cases[i].text), 0, 0, &is_quick);
		CHECK_INT(cases[i].label, is_quick, cases[i].is_quick);
		for (size_t size = 1; size < 40; size++)
			check_text(cases[i].label, span_str(cases[i].text), 0, size, &is_quick);
	}
}

int main(void)
{
	test_cases();
	test_long_record();
	test_record_max();
	test_lines_without_rows();
	test_lines();
	test_generated();
	CHECK_INT("nothing left", mem_live(), 0);
	CHECK("records were left out, and looked at", n_rejects > 1000);
	return check_report();
}
