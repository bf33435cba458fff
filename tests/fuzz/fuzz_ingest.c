#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "columns/codes.h"
#include "columns/table.h"
#include "csv/options.h"
#include "fill/dictionary.h"
#include "ingest/ingest.h"
#include "tools/schema_equal.h"

/*
 * The whole engine: bytes to columns, by one thread without a guess, by parts as several
 * threads would, and with the schema of some other text as the guess. All must end with
 * the same table, or the same kind of error, and every table must be one that a
 * reader can trust: counts equal bits, offsets ascend, codes stay inside dictionaries.
 *
 * The first four bytes choose the options and the guess, the rest is the text. In this
 * build the engine's windows can be small (SHMPUB_SMALL_STEPS), so that a text of a few
 * hundred bytes has seams in every place.
 */

enum { HEAD = 4, MOST = 1 << 14 };

/* Of each group, the bits choose one; the first is the default. */
struct group {
	int byte, shift, bits;
	const char *options[8]; /* KEY=VALUE */
};

static const struct group groups[] = {
	{ 0,
	  0,
	  3,
	  { NULL, NULL, "delimiter=semicolon", "delimiter=tab", "delimiter=space",
	    "delimiter=whitespace", "delimiter=comma", "delimiter=x" } },
	{ 0, 3, 1, { NULL, "skipinitialspace=yes" } },
	{ 0, 4, 2, { NULL, "quotechar=none", "quotechar=apostrophe", NULL } },
	{ 0, 6, 1, { NULL, "comment=hash" } },
	{ 0, 7, 1, { NULL, "on_bad_lines=skip" } },
	{ 1, 0, 2, { NULL, "header=none", "header=1", NULL } },
	{ 1, 2, 2, { NULL, "thousands=comma", "thousands=point", "thousands=space" } },
	{ 1, 4, 1, { NULL, "decimal=comma" } },
	{ 1, 5, 1, { NULL, "keep_default_na=no" } },
	{ 1, 6, 2, { NULL, "na_values=1, -0.0, x", "na_values.a=1e3, True", NULL } },
	{ 2,
	  0,
	  3,
	  { NULL, "dtype=category", "dtype=str", "dtype=float64", "dtype.a=category",
	    "dtype.1=int64", "dtype.a=bool", "dtype.a=timestamp" } },
	{ 2,
	  3,
	  3,
	  { NULL, "parse_dates=0", "parse_dates=a", "parse_dates=yes", "date_format=%d/%m/%Y",
	    "true_values=y, yes", "false_values=n, 0", "names=a, b, c" } },
	{ 2, 6, 2, { NULL, "index_col=0", "index_col=1, 0", "usecols=0, 1" } },
	{ 3,
	  0,
	  3,
	  { NULL, NULL, NULL, NULL, NULL, "encoding=latin-1", "encoding=cp1252",
	    "encoding=utf-16" } },
	{ 3, 3, 2, { NULL, "skiprows=1", "skiprows=[0, 2]", "max_columns=3" } },
	/* 3, 5: what the guess is made of */
};

static struct csv_options *choose(const uint8_t *head)
{
	struct csv_options *o = NULL;

	CLAIM(csv_options_new(&o, NULL) == 0);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		const struct group *g = &groups[i];
		const char *text = g->options[head[g->byte] >> g->shift & ((1 << g->bits) - 1)];
		const char *equals = text ? strchr(text, '=') : NULL;

		/* A date format may be refused beside other options; then it is not set. */
		if (equals)
			(void)csv_options_set(o, span_of(text, (size_t)(equals - text)),
			                      span_str(equals + 1), NULL);
	}
	return o;
}

/* --- a sink whose areas end where they should ---------------------------------------------------- */

/* As a segment has it: from a multiple of 64 bytes up to one. */
static void *area(uint64_t size)
{
	size_t whole = size ? (size_t)((size + 63) / 64 * 64) : 64;
	void *p = NULL;

	/* not aligned_alloc(): the sanitizer is to see the very next byte */
	CLAIM(posix_memalign(&p, 64, whole) == 0);
	memset(p, 0xA5, whole); /* nobody may count on zeros */
	return p;
}

static void sink_init(struct table_sink *sink, const struct schema *s, uint64_t capacity)
{
	*sink = (struct table_sink){ .schema = s, .capacity = capacity };
	sink->columns = calloc(s->n_fields + 1, sizeof(*sink->columns));
	CLAIM(sink->columns != NULL);
	for (size_t i = 0; i < s->n_fields; i++) {
		struct column_sink *c = &sink->columns[i];
		const struct field *f = &s->fields[i];

		c->validity = area(capacity / 8 + 1);
		if (f->type == SHMPUB_TEXT && !f->is_dictionary)
			c->offsets = area((capacity + 1) * 8);
		else if (f->type == SHMPUB_BOOL && !f->is_dictionary)
			c->values = area(capacity / 8 + 1);
		else
			c->values = area(capacity * (f->is_dictionary ? 4 : 8));
		if (c->offsets && f->text_expected) {
			c->text = area(f->text_expected);
			c->text_room = f->text_expected;
		}
	}
}

static void sink_text(struct table_sink *sink)
{
	for (size_t i = 0; i < sink->schema->n_fields; i++) {
		struct column_sink *c = &sink->columns[i];

		if (c->offsets == NULL || c->is_text_done)
			continue;
		free(c->text);
		c->text = area(c->text_size);
	}
}

static void sink_free(struct table_sink *sink, size_t n)
{
	for (size_t i = 0; sink->columns && i < n; i++) {
		free(sink->columns[i].validity);
		free(sink->columns[i].values);
		free(sink->columns[i].offsets);
		free(sink->columns[i].text);
	}
	free(sink->columns);
	sink->columns = NULL;
}

/* --- what a reader counts on --------------------------------------------------------------------- */

static uint64_t add(uint64_t sum, const void *bytes, size_t size)
{
	return hash_bytes(span_of(bytes, size), sum);
}

/* Ascending from 0, and text that is UTF-8 cell by cell. */
static uint64_t check_text(const int64_t *offsets, const char *text, uint64_t n, uint64_t size)
{
	uint64_t sum = add(0, offsets, (n + 1) * 8);

	CLAIM(offsets[0] == 0 && (uint64_t)offsets[n] == size);
	for (uint64_t row = 0; row < n; row++) {
		struct span cell;

		CLAIM(offsets[row] <= offsets[row + 1] && (uint64_t)offsets[row + 1] <= size);
		cell = span_of(text + offsets[row], (size_t)(offsets[row + 1] - offsets[row]));
		CLAIM(utf8_valid_prefix(cell) == cell.size);
	}
	return add(sum, text, size);
}

static uint64_t check_dictionary(const struct shmpub_column *d)
{
	uint64_t sum = d->n_rows + (uint64_t)d->type * 7;

	CLAIM(d->null_count == 0 && d->validity == NULL);
	if (d->type == SHMPUB_TEXT)
		return sum +
		       check_text(d->offsets, d->text, d->n_rows, (uint64_t)d->offsets[d->n_rows]);
	return add(sum, d->values, d->type == SHMPUB_BOOL ? (d->n_rows + 7) / 8 : d->n_rows * 8);
}

static uint64_t check_codes(const struct column_sink *c, uint64_t n)
{
	uint64_t sum = check_dictionary(c->dictionary);
	int32_t code;

	CLAIM(c->code_size == code_size_for(c->dictionary->n_rows));
	for (uint64_t row = 0; row < n; row++) {
		const char *at = (const char *)c->values + row * (size_t)c->code_size;
		int16_t half;

		memcpy(&half, at, c->code_size == 1 ? 1 : 2);
		if (c->code_size == 4)
			memcpy(&code, at, 4);
		else
			code = c->code_size == 1 ? (int8_t)at[0] : half;
		if (bit_get(c->validity, row))
			CLAIM(code >= 0 && (uint64_t)code < c->dictionary->n_rows);
		else
			CLAIM(code == 0);
		sum = add(sum, &code, sizeof(code));
	}
	return sum;
}

static void check_null_slot(const struct column_sink *c, enum shmpub_type type, uint64_t row)
{
	double f;
	int64_t i;

	memcpy(&f, (const char *)c->values + row * 8, 8);
	memcpy(&i, &f, 8);
	CLAIM(type == SHMPUB_FLOAT64 || type == SHMPUB_TIMESTAMP);
	if (type == SHMPUB_FLOAT64)
		CLAIM(f != f);
	else
		CLAIM(i == INT64_MIN);
}

static uint64_t check_column(const struct column_sink *c, const struct field *f, uint64_t n)
{
	uint64_t n_nulls = 0, sum;
	bool is_wide = !f->is_dictionary && f->type != SHMPUB_TEXT && f->type != SHMPUB_BOOL;

	if (f->type == SHMPUB_NULL)
		return 1;
	for (uint64_t row = 0; row < n; row++) {
		if (bit_get(c->validity, row))
			continue;
		n_nulls++;
		if (is_wide)
			check_null_slot(c, f->type, row);
		if (c->offsets)
			CLAIM(c->offsets[row] == c->offsets[row + 1]);
	}
	CLAIM(n_nulls == c->null_count);
	sum = add(f->type * 31u + f->kind, c->validity, (n + 7) / 8);
	if (f->is_dictionary)
		return sum ^ check_codes(c, n);
	if (f->type == SHMPUB_TEXT)
		return sum ^ check_text(c->offsets, c->text, n, c->text_size);
	return add(sum, c->values, is_wide ? n * 8 : (n + 7) / 8);
}

/* A source of which each read gives a piece of some size, as a pipe does. */
struct pieces {
	struct span text;
	size_t at;
};

static int read_piece(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	struct pieces *p = self;
	size_t left = p->text.size - p->at;

	(void)err;
	*n = left < size ? left : size;
	if (*n > 7)
		*n -= p->at % 5;
	memcpy(to, p->text.data + p->at, *n);
	p->at += *n;
	return SHMPUB_OK;
}

static int rewind_pieces(void *self, struct shmpub_error *err)
{
	(void)err;
	((struct pieces *)self)->at = 0;
	return SHMPUB_OK;
}

/* --- one way to read it -------------------------------------------------------------------------- */

struct outcome {
	int result;
	uint64_t sum;
	struct schema schema;
	struct shmpub_error error;
};

static void run_in_turn(void *self, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
	(void)self;
	while (n-- > 0) /* the last first: no part may need what another has done */
		task(arg, n);
}

static void check_error(const struct outcome *o)
{
	const char *m = o->error.message;

	CLAIM(o->result == SHMPUB_ERR_CSV || o->result == SHMPUB_ERR_LIMIT ||
	      o->result == SHMPUB_ERR_INVALID);
	CLAIM(m[0] != '\0' && strpbrk(m, "\n\r\t\x1b") == NULL);
	CLAIM(strncmp(m, "the text changed", 16) != 0 && strncmp(m, "types did not", 13) != 0);
	CLAIM(utf8_valid_prefix(span_str(m)) == strlen(m));
}

static int fill(struct outcome *o, struct ingest *in)
{
	const struct schema *s = ingest_schema(in);
	struct table_sink sink = { .columns = NULL };
	size_t n = s->n_fields;
	int r;

	do {
		sink_free(&sink, n);
		sink_init(&sink, s, ingest_capacity(in));
		r = ingest_fill(in, &sink, &o->error);
		CLAIM(s == ingest_schema(in) && s->n_fields == n);
	} while (r == INGEST_RETYPE);
	if (r == 0)
		sink_text(&sink);
	if (r == 0) {
		CLAIM(sink.n_rows <= sink.capacity);
		o->sum = sink.n_rows + ingest_skipped_rows(in);
		for (size_t i = 0; i < n; i++)
			o->sum = o->sum * 31 +
			         check_column(&sink.columns[i], &s->fields[i], sink.n_rows);
		CLAIM(schema_copy(&o->schema, s, NULL) == 0);
	}
	sink_free(&sink, n);
	return r;
}

extern size_t rows_window_size; /* rows/rows.h, in this build */
static uint64_t window_seed;

/* From 64 bytes to more than the text has, another one each time. */
static size_t window_size(void)
{
	window_seed = window_seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (size_t)64 << (window_seed >> 33) % 9 | (window_seed >> 40 & 63);
}

static void read_text(struct outcome *o, struct span text, const struct csv_options *options,
                      const struct schema *guess, size_t n_threads)
{
	struct runner runner = { .run = run_in_turn, .n_threads = n_threads };
	struct pieces pieces = { .text = text };
	struct byte_source in_pieces = {
		.self = &pieces, .read = read_piece, .rewind = rewind_pieces, .size = text.size
	};
	struct byte_source source = n_threads > 1 ? in_pieces : byte_source_of(text);
	struct ingest *in;

	rows_window_size = window_size();
	*o = (struct outcome){ .schema = SCHEMA_NONE };
	o->result = ingest_open(&in, &source, options, guess, n_threads > 1 ? &runner : NULL,
	                        &o->error);
	if (o->result == 0) {
		o->result = fill(o, in);
		ingest_close(in);
	}
	if (o->result)
		check_error(o);
}

static void compare(const struct outcome *a, const struct outcome *b)
{
	bool is_same = a->result == b->result &&
	               (a->result == 0 || strcmp(a->error.message, b->error.message) == 0);

	if (!is_same)
		fprintf(stderr, "%d %s\n%d %s\n", a->result, a->result ? a->error.message : "",
		        b->result, b->result ? b->error.message : "");
	CLAIM(is_same);
	if (a->result)
		return;
	CLAIM(schema_equal(&a->schema, &b->schema));
	CLAIM(a->sum == b->sum);
}

/* The schema of a part of the text as the guess for all of it. */
static void read_with_guess(const struct outcome *first, struct span text,
                            const struct csv_options *options, unsigned part, size_t n_threads)
{
	struct outcome of_part, again;

	if (part == 4) {
		read_text(&again, text, options, &first->schema, n_threads);
	} else {
		read_text(&of_part, span_of(text.data, text.size * part / 4), options, NULL, 1);
		read_text(&again, text, options, &of_part.schema, n_threads);
		schema_free(&of_part.schema);
	}
	compare(first, &again);
	schema_free(&again.schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_options *options;
	struct outcome first;
	long live = mem_live();
	char *text;

	if (size < HEAD || size - HEAD > MOST)
		return 0;
	options = choose(data);
	window_seed = hash_bytes(span_of((const char *)data, size), 1);
	size -= HEAD;
	text = malloc(size + 1); /* just that size: one byte too many is seen */
	CLAIM(text != NULL);
	memcpy(text + 1, data + HEAD, size);
	read_text(&first, span_of(text + 1, size), options, NULL, 1);
	read_with_guess(&first, span_of(text + 1, size), options, 1 + (data[3] >> 5 & 3),
	                data[3] & 128 ? 1 : 3);
	schema_free(&first.schema);
	free(text);
	csv_options_free(options);
	CLAIM(mem_live() == live);
	return 0;
}
