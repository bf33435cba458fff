#include "ingest/part.h"

#include "base/alloc.h"
#include "base/error.h"
#include "columns/table.h"
#include "csv/encoding.h"
#include "ingest/text_check.h"

/*
 * The way from bytes to columns: header, columns, marks and a guess at the types when it
 * is opened; then rounds of filling, each of which either proves every type or finds
 * all that do not hold, until one holds; then text.
 *
 * The rows are split into parts at marks that stand at multiples of 64 rows, one part a
 * thread; what the parts have learnt is joined in order.
 */

#define ROUNDS_MAX 4

static struct span without_bom(struct span text)
{
	if (text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
		return span_of(text.data + 3, text.size - 3);
	return text;
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

/* Types before the first fill: of the guess where it fits, else of a sample. */
static int guess_types(struct ingest *in, const struct schema *guess, struct shmpub_error *err)
{
	bool *flags = mem_zalloc(in->columns.n + 1, sizeof(*flags));
	int r;

	if (flags == NULL)
		return error_nomem(err, in->columns.n * sizeof(*flags));
	if (guess && in->marks.n_rows > 0) /* no rows contradict nothing, and have no types */
		columns_guess(&in->columns, guess);
	for (size_t k = 0; k < in->columns.n; k++)
		flags[k] = in->columns.columns[k].verdict.reading == READ_NOTHING;
	r = settle_examine(in, flags, true, err);
	mem_free(flags);
	return r;
}

static int prepare(struct ingest *in, const struct schema *guess, struct shmpub_error *err)
{
	int r;

	csv_dialect_init(&in->dialect, in->options);
	r = header_read(&in->header, in->text, &in->dialect, in->options, err);
	if (r == SHMPUB_OK) /* marks_init looks at the rest */
		r = text_check(in->text, 0, in->header.rows.at, err);
	if (r == SHMPUB_OK)
		r = columns_init(&in->columns, &in->header, in->options, err);
	if (r == SHMPUB_OK)
		r = marks_init(&in->marks, &in->header, in->options->skips_bad_lines, err);
	if (r)
		return r;
	in->is_strict = mem_zalloc(in->columns.n + 1, sizeof(*in->is_strict));
	if (in->is_strict == NULL)
		return error_nomem(err, in->columns.n + 1);
	r = guess_types(in, guess, err);
	return r ? r : columns_schema(&in->schema, &in->columns, err);
}

int ingest_open(struct ingest **out, struct span text, const struct csv_options *options,
                const struct schema *guess, const struct ingest_runner *runner,
                struct shmpub_error *err)
{
	struct ingest *in = mem_zalloc(1, sizeof(*in));
	int r;

	if (in == NULL)
		return error_nomem(err, sizeof(*in));
	in->options = options;
	in->runner = runner;
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

/* --- parts ------------------------------------------------------------------------------------ */

static void free_parts(struct ingest *in)
{
	for (size_t i = 0; i < in->n_parts; i++) {
		struct part *p = &in->parts[i];

		part_free_states(p);
		tile_reader_deinit(&p->reader);
		buffer_free(&p->unescaped);
		buffer_free(&p->work);
	}
	for (size_t k = 0; in->dictionaries && k < in->columns.n; k++)
		dictionary_column_free(&in->dictionaries[k]);
	mem_free(in->parts);
	mem_free(in->dictionaries);
	in->parts = NULL;
	in->dictionaries = NULL;
	in->n_parts = 0;
}

static int init_part(struct part *p, struct ingest *in, struct table_sink *sink,
                     struct shmpub_error *err)
{
	int r;

	p->in = in;
	p->sink = sink;
	r = part_init_states(p, err);
	return r ? r : tile_reader_init(&p->reader, &in->header, in->options->skips_bad_lines, err);
}

static size_t count_parts(const struct ingest *in)
{
	size_t n = in->runner ? in->runner->n_threads : 1;

	for (size_t k = 0; k < in->columns.n; k++) {
		if (in->columns.columns[k].verdict.reading == READ_CATEGORY)
			return 1;
	}
	return n < 1 ? 1 : n > in->marks.n ? (in->marks.n ? in->marks.n : 1) : n;
}

static int make_parts(struct ingest *in, struct table_sink *sink, struct shmpub_error *err)
{
	size_t n = count_parts(in), at = 0;
	int r = SHMPUB_OK;

	free_parts(in);
	in->parts = mem_zalloc(n, sizeof(*in->parts));
	in->dictionaries = mem_zalloc(in->columns.n + 1, sizeof(*in->dictionaries));
	if (in->parts == NULL || in->dictionaries == NULL)
		return error_nomem(err, n * sizeof(*in->parts));
	in->n_parts = n;
	for (size_t i = 0; i < n && r == SHMPUB_OK; i++) {
		struct part *p = &in->parts[i];

		p->first_mark = at;
		at = in->marks.n * (i + 1) / n;
		while (at < in->marks.n && in->marks.marks[at].row % 64 != 0)
			at++;
		if (at < p->first_mark)
			at = p->first_mark;
		p->end_mark = at;
		r = init_part(p, in, sink, err);
	}
	return r;
}

static fill_fn *fill_of(const struct column *c)
{
	static fill_fn *const fills[] = {
		[READ_INT] = fill_int,     [READ_UINT] = fill_uint,
		[READ_FLOAT] = fill_float, [READ_BOOL] = fill_bool,
		[READ_TEXT] = fill_text,   [READ_LITERAL] = fill_text,
		[READ_LONG] = fill_text,   [READ_CATEGORY] = fill_category,
		[READ_DATE] = fill_date,
	};
	static const enum shmpub_type types[] = {
		[READ_INT] = SHMPUB_INT64,
		[READ_UINT] = SHMPUB_UINT64,
		[READ_FLOAT] = SHMPUB_FLOAT64,
		[READ_BOOL] = SHMPUB_BOOL,
	};

	if (c->verdict.reading <= READ_BOOL && types[c->verdict.reading] != c->verdict.type)
		return fill_cast;
	return fills[c->verdict.reading];
}

/* Bits of the part's rows: all valid, all false, until a cell says otherwise. */
static void clear_bits(struct part *p)
{
	const struct mark *marks = p->in->marks.marks;
	uint64_t from = marks[p->first_mark].row / 8;
	uint64_t size = (marks[p->end_mark].row + 7) / 8 - from;

	for (size_t k = 0; k < p->in->columns.n; k++) {
		struct column_sink *sink = &p->sink->columns[k];
		const struct verdict *v = &p->in->columns.columns[k].verdict;

		if (v->reading == READ_NOTHING || size == 0)
			continue;
		memset(sink->validity + from, 0xFF, size);
		if (v->type == SHMPUB_BOOL && v->reading != READ_CATEGORY)
			memset((uint8_t *)sink->values + from, 0, size);
	}
}

static void fill_tile(struct part *p, const struct tile *t)
{
	for (size_t k = 0; k < p->in->columns.n; k++) {
		fill_fn *fill = fill_of(&p->in->columns.columns[k]);

		if (fill && !p->states[k].is_broken)
			fill(p, k, t);
		p->states[k].is_broken |= fill == NULL;
	}
}

static void fill_part(void *arg, size_t i)
{
	struct part *p = &((struct ingest *)arg)->parts[i];
	struct tile tile;

	clear_bits(p);
	for (size_t m = p->first_mark; m < p->end_mark && p->result == SHMPUB_OK; m++) {
		tile_reader_seek(&p->reader, &p->in->marks, m);
		while (p->result == SHMPUB_OK) {
			p->result = tile_reader_next(&p->reader, &tile, &p->error);
			if (p->result || tile.n_rows == 0)
				break;
			fill_tile(p, &tile);
		}
	}
}

static void run_parts(struct ingest *in, void (*task)(void *arg, size_t i))
{
	if (in->n_parts > 1)
		in->runner->run(in->runner->self, in->n_parts, task, in);
	else
		task(in, 0);
}

static int parts_result(const struct ingest *in, struct shmpub_error *err)
{
	for (size_t i = 0; i < in->n_parts; i++) {
		if (in->parts[i].result) {
			if (err)
				*err = in->parts[i].error;
			return in->parts[i].result;
		}
	}
	return SHMPUB_OK;
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

static int verify(struct ingest *in, struct shmpub_error *err)
{
	bool *flags = mem_zalloc(in->columns.n + 1, sizeof(*flags));
	bool is_any = false;
	int r = SHMPUB_OK, d;

	if (flags == NULL)
		return error_nomem(err, in->columns.n);
	for (size_t k = 0; k < in->columns.n && r >= 0; k++) {
		join_column(in, k);
		flags[k] = in->marks.n_rows > 0 &&
		           !settle_holds(&in->columns.columns[k], &in->parts[0].states[k],
		                         in->marks.n_rows);
		is_any |= flags[k];
		d = finish_dictionary(in, k, err);
		if (d == SHMPUB_OK &&
		    settle_misread(&in->columns.columns[k], &in->parts[0].states[k]))
			d = INGEST_RETYPE;
		r = d ? d : r;
	}
	if (is_any && r >= 0) {
		d = settle_flagged(in, flags, err);
		r = d ? d : r;
	}
	mem_free(flags);
	return r;
}

static int retype(struct ingest *in, struct shmpub_error *err)
{
	struct schema schema;
	int r;

	if (++in->n_rounds > ROUNDS_MAX)
		return error_set(err, SHMPUB_ERR_CSV, "types did not settle in %d rounds",
		                 ROUNDS_MAX);
	r = columns_schema(&schema, &in->columns, err);
	if (r)
		return r;
	schema_free(&in->schema);
	in->schema = schema;
	return INGEST_RETYPE;
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
	int r = make_parts(in, sink, err);

	if (r)
		return r;
	run_parts(in, fill_part);
	r = parts_result(in, err);
	if (r == SHMPUB_OK)
		r = verify(in, err);
	if (r == INGEST_RETYPE)
		return retype(in, err);
	if (r == SHMPUB_OK)
		report(in, sink);
	return r;
}

/* --- round 2 ---------------------------------------------------------------------------------- */

static void copy_part(void *arg, size_t i)
{
	struct ingest *in = arg;
	struct part *p = &in->parts[i];
	uint64_t *begins = mem_zalloc(in->columns.n + 1, sizeof(*begins));

	if (begins == NULL) {
		p->result = error_nomem(&p->error, in->columns.n * sizeof(*begins));
		return;
	}
	for (size_t k = 0; k < in->columns.n; k++) {
		for (size_t before = 0; before < i; before++)
			begins[k] += in->parts[before].states[k].text_size;
	}
	part_copy_text(p, begins);
	mem_free(begins);
}

/*
 * The sorted dictionary's codes, in as few bytes as they need. Ascending, so that a code
 * is read before anything is written over it; by bytes, because the widths share memory.
 */
static void narrow_codes(struct column_sink *sink, const uint32_t *map, uint64_t n_rows)
{
	char *codes = sink->values;
	uint32_t code;
	uint16_t half;

	sink->code_size = dictionary_code_size(sink->dictionary->n_rows);
	for (uint64_t row = 0; row < n_rows; row++) {
		memcpy(&code, codes + row * 4, 4);
		code = bit_get(sink->validity, row) ? map[code] : 0;
		half = (uint16_t)code;
		if (sink->code_size == 1)
			codes[row] = (char)code;
		else if (sink->code_size == 2)
			memcpy(codes + row * 2, &half, 2);
		else
			memcpy(codes + row * 4, &code, 4);
	}
}

int ingest_fill_text(struct ingest *in, struct table_sink *sink, struct shmpub_error *err)
{
	for (size_t i = 0; i < in->n_parts; i++)
		in->parts[i].sink = sink;
	run_parts(in, copy_part);
	for (size_t k = 0; k < in->columns.n; k++) {
		const struct verdict *v = &in->columns.columns[k].verdict;

		if (v->reading == READ_CATEGORY)
			narrow_codes(&sink->columns[k], in->dictionaries[k].map, sink->n_rows);
		else if (v->type == SHMPUB_TEXT)
			sink->columns[k].offsets[sink->n_rows] =
			        (int64_t)sink->columns[k].text_size;
	}
	return parts_result(in, err);
}

void ingest_close(struct ingest *in)
{
	if (in == NULL)
		return;
	free_parts(in);
	schema_free(&in->schema);
	marks_free(&in->marks);
	columns_free(&in->columns);
	header_free(&in->header);
	buffer_free(&in->decoded);
	mem_free(in->is_strict);
	mem_free(in);
}
