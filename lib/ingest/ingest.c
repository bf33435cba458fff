#include "ingest/part.h"

#include "base/alloc.h"
#include "base/error.h"
#include "columns/codes.h"
#include "columns/table.h"
#include "csv/encoding.h"
#include "ingest/text_check.h"

/*
 * The way from bytes to columns: header, columns, marks and a guess at the types when it
 * is opened; then rounds of filling, each of which either proves every type or finds
 * all that do not hold, until one holds; then text.
 */

#define ROUNDS_MAX 5
#ifdef SHMPUB_SMALL_STEPS /* the fuzzers' build: text that does not fit */
#define TEXT_SPARE 0
#else
#define TEXT_SPARE 256
#endif

static struct span without_bom(struct span text)
{
	if (text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
		return span_of(text.data + 3, text.size - 3);
	return text;
}

#define READ_AT_ONCE ((size_t)1 << 20)

static int read_source(struct ingest *in, struct span *text, const struct byte_source *source,
                       struct shmpub_error *err)
{
	size_t n = 1;
	int r = SHMPUB_OK;

	*text = source->whole;
	in->source_size = text->size;
	if (text->data)
		return SHMPUB_OK;
	while (r == SHMPUB_OK && n > 0) {
		r = buffer_reserve(&in->read, READ_AT_ONCE, err);
		if (r == SHMPUB_OK)
			r = source->read(source->self, in->read.data + in->read.size, READ_AT_ONCE,
			                 &n, err);
		in->read.size += r == SHMPUB_OK ? n : 0;
	}
	*text = buffer_span(&in->read);
	in->source_size = text->size;
	return r;
}

/* The text, as UTF-8 and without the mark that only says so. */
static int set_text(struct ingest *in, struct span text, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	if (in->options->encoding != CSV_UTF8) {
		r = csv_decode(&in->decoded, text, in->options->encoding, err);
		text = buffer_span(&in->decoded);
	}
	in->text = without_bom(text);
	return r;
}

/* As much text as the last refresh had, by the sizes of the sources, and a little more. */
static void scale_text(struct ingest *in, uint64_t source_size)
{
	double scale = source_size ? (double)in->text.size / (double)source_size : 0;

	for (size_t k = 0; k < in->columns.n; k++) {
		struct column *c = &in->columns.columns[k];

		if (c->text_expected)
			c->text_expected = (uint64_t)((double)c->text_expected * scale * 1.03) +
			                   TEXT_SPARE;
	}
}

/*
 * No more than there is. Several threads could not tell where the text of each begins: they
 * count first.
 */
static void bound_text(struct ingest *in)
{
	for (size_t k = 0; k < in->columns.n; k++) {
		struct column *c = &in->columns.columns[k];

		if (c->text_expected > in->text.size + TEXT_SPARE)
			c->text_expected = in->text.size + TEXT_SPARE;
		if (parts_count(in) > 1)
			c->text_expected = 0;
	}
}

/* Types before the first fill: of the guess where it fits, else of a sample. */
static int guess_types(struct ingest *in, const struct schema *guess, struct shmpub_error *err)
{
	bool *flags = mem_zalloc(in->columns.n + 1, sizeof(*flags));
	int r;

	if (flags == NULL)
		return error_nomem(err, in->columns.n * sizeof(*flags));
	if (guess && in->marks.n_rows > 0) { /* no rows contradict nothing, and have no types */
		columns_guess(&in->columns, guess);
		scale_text(in, guess->source_size);
	}
	for (size_t k = 0; k < in->columns.n; k++)
		flags[k] = in->columns.columns[k].verdict.reading == READ_NOTHING;
	r = settle_examine(in, flags, true, err);
	bound_text(in);
	mem_free(flags);
	return r;
}

static int settle_schema(struct ingest *in, struct shmpub_error *err)
{
	struct schema schema;
	int r = columns_schema(&schema, &in->columns, err);

	if (r)
		return r;
	schema.source_size = in->text.size;
	schema_free(&in->schema);
	in->schema = schema;
	return SHMPUB_OK;
}

static int prepare(struct ingest *in, const struct schema *guess, struct shmpub_error *err)
{
	int r;

	csv_dialect_init(&in->dialect, in->options);
	r = header_read(&in->header, in->text, &in->dialect, in->options, err);
	if (r == SHMPUB_OK)
		r = header_tell_line(&in->header,
		                     columns_init(&in->columns, &in->header, in->options, err),
		                     err);
	if (r == SHMPUB_OK)
		r = marks_init(&in->marks, &in->header, in->options->skips_bad_lines, in->runner,
		               err);
	if (r == SHMPUB_OK && in->marks.has_bad_text)
		r = text_check_cells(in, err);
	if (r)
		return r;
	if (in->columns.has_no_field)
		in->marks.n = in->marks.n_rows = 0;
	in->is_strict = mem_zalloc(in->columns.n + 1, sizeof(*in->is_strict));
	if (in->is_strict == NULL)
		return error_nomem(err, in->columns.n + 1);
	r = guess_types(in, guess, err);
	return r ? r : settle_schema(in, err);
}

int ingest_open(struct ingest **out, const struct byte_source *source,
                const struct csv_options *options, const struct schema *guess,
                const struct runner *runner, struct shmpub_error *err)
{
	struct ingest *in = mem_zalloc(1, sizeof(*in));
	struct span text;
	int r;

	if (in == NULL)
		return error_nomem(err, sizeof(*in));
	in->options = options;
	in->runner = runner;
	r = read_source(in, &text, source, err);
	if (r == SHMPUB_OK)
		r = set_text(in, text.data ? text : span_str(""), err);
	if (r == SHMPUB_OK)
		r = prepare(in, guess, err);
	if (r) {
		ingest_close(in);
		return r;
	}
	*out = in;
	return SHMPUB_OK;
}

const struct schema *ingest_schema(const struct ingest *in)
{
	return &in->schema;
}

uint64_t ingest_capacity(const struct ingest *in)
{
	return in->marks.n_rows;
}

uint64_t ingest_skipped_rows(const struct ingest *in)
{
	return in->marks.n_skipped;
}

uint64_t ingest_source_size(const struct ingest *in)
{
	return in->source_size;
}

/* --- round 1 ---------------------------------------------------------------------------------- */

/* Everything all parts have learnt of a column, in the first part's state. */
static void join_column(struct ingest *in, size_t k)
{
	struct column_state *s = &in->parts[0].states[k], *o;

	for (size_t i = 1; i < in->n_parts; i++) {
		o = &in->parts[i].states[k];
		s->n_nulls += o->n_nulls;
		s->is_broken |= o->is_broken;
		s->too_large = s->too_large ? s->too_large : o->too_large;
		s->has_minus_zero |= o->has_minus_zero;
		s->has_inexact |= o->has_inexact;
		s->has_null_number |= o->has_null_number;
		evidence_join(&s->seen, &o->seen);
		if (s->dates)
			dates_join(s->dates, o->dates, &in->columns.columns[k]);
	}
}

/* Categories: sorted words, and the type they turned out to have. */
static int finish_dictionary(struct ingest *in, size_t k, struct shmpub_error *err)
{
	struct dictionary_column *d = &in->dictionaries[k];
	struct column *c = &in->columns.columns[k];
	int r;

	if (c->verdict.reading != READ_CATEGORY)
		return SHMPUB_OK;
	r = dictionary_finish(d, &in->parts[0].states[k].dictionary, &in->columns, err);
	if (r == SHMPUB_OK && d->column.type != c->verdict.type) {
		c->verdict.type = d->column.type;
		r = INGEST_RETYPE;
	}
	return r;
}

static bool is_same(const struct verdict *a, const struct verdict *b)
{
	return a->reading == b->reading && a->type == b->type && a->kind == b->kind &&
	       a->unit == b->unit && a->has_zone == b->has_zone && a->offset_s == b->offset_s;
}

/* Looks at the flagged columns in full; INGEST_RETYPE when one is something else or was left unfilled. */
static int settle_flagged(struct ingest *in, const bool *flags, struct shmpub_error *err)
{
	struct verdict *before = mem_zalloc(in->columns.n + 1, sizeof(*before));
	int r;

	if (before == NULL)
		return error_nomem(err, in->columns.n * sizeof(*before));
	for (size_t k = 0; k < in->columns.n; k++)
		before[k] = in->columns.columns[k].verdict;
	r = settle_examine(in, flags, false, err);
	for (size_t k = 0; k < in->columns.n && r == SHMPUB_OK; k++) {
		if (flags[k] && (in->parts[0].states[k].is_broken ||
		                 !is_same(&before[k], &in->columns.columns[k].verdict)))
			r = INGEST_RETYPE;
	}
	mem_free(before);
	return r;
}

/* Integers that no level can have, in columns that are what they were taken for. */
static int check_large(const struct ingest *in, struct shmpub_error *err)
{
	for (size_t k = 0; k < in->columns.n; k++) {
		const char *at = in->parts[0].states[k].too_large;

		if (at)
			return error_set_line(err, SHMPUB_ERR_CSV,
			                      csv_line_at(in->text, (size_t)(at - in->text.data)),
			                      "an integer of the index is too large");
	}
	return SHMPUB_OK;
}

static int verify(struct ingest *in, struct shmpub_error *err)
{
	bool *flags = mem_zalloc(in->columns.n + 1, sizeof(*flags));
	bool is_any = false;
	int r = SHMPUB_OK, d;

	if (flags == NULL)
		return error_nomem(err, in->columns.n);
	for (size_t k = 0; k < in->columns.n && r >= 0; k++) {
		const struct column_state *s = &in->parts[0].states[k];

		join_column(in, k);
		flags[k] = in->marks.n_rows > 0 && !s->is_out_of_room &&
		           !settle_holds(&in->columns.columns[k], s, in->marks.n_rows);
		is_any |= flags[k];
		d = finish_dictionary(in, k, err);
		if (d == SHMPUB_OK &&
		    (s->is_out_of_room || settle_misread(&in->columns.columns[k], s)))
			d = INGEST_RETYPE;
		r = d ? d : r;
	}
	if (is_any && r >= 0) {
		d = settle_flagged(in, flags, err);
		r = d ? d : r;
	}
	mem_free(flags);
	return r ? r : check_large(in, err);
}

static int retype(struct ingest *in, struct shmpub_error *err)
{
	int r;

	if (++in->n_rounds > ROUNDS_MAX)
		return error_set(err, SHMPUB_ERR_CSV, "types did not settle in %d rounds",
		                 ROUNDS_MAX);
	for (size_t k = 0; k < in->columns.n; k++) {
		if (in->parts[0].states[k].is_out_of_room)
			in->columns.columns[k].text_expected = 0;
	}
	bound_text(in);
	r = settle_schema(in, err);
	return r ? r : INGEST_RETYPE;
}

/* The last 32-byte copy may have spilled past text_size: zero the spill. */
static void clear_spill(const struct column_sink *c)
{
	uint64_t left = c->text_room - c->text_size;

	memset(c->text + c->text_size, 0, left < DIRECT_BEYOND ? left : DIRECT_BEYOND);
}

static void report(struct ingest *in, struct table_sink *sink)
{
	uint64_t n = in->marks.n_rows;

	sink->n_rows = n;
	for (size_t k = 0; k < in->columns.n; k++) {
		struct column_sink *c = &sink->columns[k];
		const struct verdict *v = &in->columns.columns[k].verdict;
		uint8_t mask = (uint8_t)((1u << (n % 8)) - 1);

		if (v->reading == READ_FLOAT && v->type == SHMPUB_FLOAT64)
			settle_integers(&in->columns.columns[k], &in->parts[0].states[k], c, n);
		c->null_count = in->parts[0].states[k].n_nulls;
		c->text_size = 0;
		for (size_t i = 0; i < in->n_parts; i++)
			c->text_size += in->parts[i].states[k].text_size;
		c->is_text_done = in->parts[0].states[k].is_direct;
		if (c->is_text_done)
			clear_spill(c);
		in->schema.fields[k].text_expected = c->text_size;
		if (v->reading == READ_CATEGORY)
			c->dictionary = &in->dictionaries[k].column;
		if (n % 8 == 0 || v->reading == READ_NOTHING)
			continue;
		c->validity[n / 8] &= mask;
		if (v->type == SHMPUB_BOOL && v->reading != READ_CATEGORY)
			((uint8_t *)c->values)[n / 8] &= mask;
	}
}

int ingest_fill(struct ingest *in, struct table_sink *sink, struct shmpub_error *err)
{
	int r = parts_new(in, sink, err);

	if (r == SHMPUB_OK)
		r = parts_fill(in, err);
	if (r == SHMPUB_OK)
		r = verify(in, err);
	if (r == INGEST_RETYPE)
		return retype(in, err);
	if (r == SHMPUB_OK)
		report(in, sink);
	return r;
}

/* --- round 2 ---------------------------------------------------------------------------------- */

/*
 * The sorted dictionary's codes, in as few bytes as they need. Ascending, so that a code
 * is read before anything is written over it; by bytes, because the widths share memory.
 */
static void narrow_codes(struct column_sink *sink, const uint32_t *map, uint64_t n_rows)
{
	sink->code_size = code_size_for(sink->dictionary->n_rows);
	for (uint64_t row = 0; row < n_rows; row++) {
		uint32_t code = code_get(sink->values, 4, row);

		code = bit_get(sink->validity, row) ? map[code] : 0;
		code_put(sink->values, sink->code_size, row, code);
	}
}

int ingest_fill_text(struct ingest *in, struct table_sink *sink, struct shmpub_error *err)
{
	int r = parts_copy_text(in, sink, err);

	for (size_t k = 0; k < in->columns.n; k++) {
		const struct verdict *v = &in->columns.columns[k].verdict;

		if (v->reading == READ_CATEGORY)
			narrow_codes(&sink->columns[k], in->dictionaries[k].map, sink->n_rows);
		else if (v->type == SHMPUB_TEXT)
			sink->columns[k].offsets[sink->n_rows] =
			        (int64_t)sink->columns[k].text_size;
	}
	return r;
}

void ingest_close(struct ingest *in)
{
	if (in == NULL)
		return;
	parts_free(in);
	schema_free(&in->schema);
	marks_free(&in->marks);
	columns_free(&in->columns);
	header_free(&in->header);
	buffer_free(&in->decoded);
	buffer_free(&in->read);
	mem_free(in->is_strict);
	mem_free(in);
}
