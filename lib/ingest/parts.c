#include "ingest/part.h"

#include "base/alloc.h"
#include "base/error.h"
#include "ingest/again.h"

/*
 * The rows are split into parts at marks that stand at multiples of eight rows, some for
 * each thread: one that is late takes fewer. A part goes over its stretches tile by tile,
 * and over a tile column by column, so that the text is in the nearest caches while it is
 * taken apart.
 */

#define PARTS_A_THREAD 4u
#define STATES_MAX                                                                                 \
	262144u /* of all parts: where there are very many columns each is for a thread */

void parts_free(struct ingest *in)
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
	for (size_t k = 0; r == SHMPUB_OK && k < in->columns.n; k++)
		p->states[k].is_direct = in->n_parts == 1 && sink->columns[k].text_room > 0;
	return r ? r : tile_reader_init(&p->reader, &in->header, in->options->skips_bad_lines, err);
}

size_t parts_count(const struct ingest *in)
{
	size_t n_threads = runner_threads(in->runner);
	size_t n = n_threads * PARTS_A_THREAD;

	if (n_threads == 1)
		return 1;
	for (size_t k = 0; k < in->columns.n; k++) {
		if (in->columns.columns[k].verdict.reading == READ_CATEGORY)
			return 1;
	}
	if (n > STATES_MAX / (in->columns.n + 1))
		n = STATES_MAX / (in->columns.n + 1);
	if (n < n_threads)
		n = n_threads;
	return n <= in->marks.n ? n : in->marks.n ? in->marks.n : 1;
}

int parts_new(struct ingest *in, struct table_sink *sink, struct shmpub_error *err)
{
	size_t n = parts_count(in), at = 0;
	int r = SHMPUB_OK;

	parts_free(in);
	in->parts = mem_zalloc(n, sizeof(*in->parts));
	in->dictionaries = mem_zalloc(in->columns.n + 1, sizeof(*in->dictionaries));
	if (in->parts == NULL || in->dictionaries == NULL)
		return error_nomem(err, n * sizeof(*in->parts));
	in->n_parts = n;
	for (size_t i = 0; i < n && r == SHMPUB_OK; i++) {
		struct part *p = &in->parts[i];

		p->first_mark = at;
		at = in->marks.n * (i + 1) / n;
		while (at < in->marks.n && in->marks.marks[at].row % ROWS_APART != 0)
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
		[READ_DATE] = fill_date,   [READ_ANEW] = fill_text,
	};
	static const enum shmpub_type types[] = {
		[READ_INT] = SHMPUB_INT64,
		[READ_UINT] = SHMPUB_UINT64,
		[READ_FLOAT] = SHMPUB_FLOAT64,
		[READ_BOOL] = SHMPUB_BOOL,
	};

	if (c->route == ROUTE_MISSING)
		return fill_missing;
	if (c->infers_again && c->verdict.reading <= READ_BOOL)
		return fill_again;
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
	tile_reader_deinit(&p->reader); /* its buffers serve the parts to come */
}

static void run(struct ingest *in, void (*task)(void *arg, size_t i))
{
	if (in->n_parts > 1)
		in->runner->run(in->runner->self, in->n_parts, task, in);
	else
		task(in, 0);
}

/* pandas finds out what is no record before it looks at any cell. */
static int find_error(const struct ingest *in, const struct part *p, struct shmpub_error *err)
{
	struct shmpub_error error = p->error;
	int r = p->result;

	if (r == SHMPUB_ERR_CSV && tile_find_error(&in->header, in->options->skips_bad_lines,
	                                           &in->marks, &error) != SHMPUB_ERR_CSV)
		error = p->error;
	if (err)
		*err = error;
	return r;
}

static int result(const struct ingest *in, struct shmpub_error *err)
{
	for (size_t i = 0; i < in->n_parts; i++) {
		if (in->parts[i].result)
			return find_error(in, &in->parts[i], err);
	}
	return SHMPUB_OK;
}

int parts_fill(struct ingest *in, struct shmpub_error *err)
{
	run(in, fill_part);
	return result(in, err);
}

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

int parts_copy_text(struct ingest *in, struct table_sink *sink, struct shmpub_error *err)
{
	for (size_t i = 0; i < in->n_parts; i++)
		in->parts[i].sink = sink;
	run(in, copy_part);
	return result(in, err);
}
