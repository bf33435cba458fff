#include "ingest/counts.h"

#include "base/alloc.h"
#include "base/error.h"

/*
 * Counting needs to know whether a chunk begins inside quotes, which only all quotes
 * before it tell. So each thread takes a range of chunks and supposes: outside, or, when
 * that soon meets a quote where none can open, inside. A range's true beginning is known
 * when the one before it is counted; where it was not as supposed, which takes a
 * text made for it, the range is counted again.
 */

#define RANGES_MAX 64u
#define RANGES_A_THREAD 4u /* a thread that is late takes fewer */
#ifdef SHMPUB_SMALL_STEPS  /* the fuzzers' build */
#define CHUNKS_WORTH_IT 1u
#else
#define CHUNKS_WORTH_IT 4u /* of a range: starting a thread costs as much as counting one */
#endif

struct range {
	size_t first, end; /* chunks */
	struct csv_index_state after;
};

struct counting {
	struct counts *counts;
	struct span text;
	struct csv_index_dialect dialect;
	const struct csv_index_kind *kind;
	struct range ranges[RANGES_MAX];
};

static struct span chunk_at(const struct counting *c, size_t i)
{
	return span_of(c->text.data + c->counts->at + i * c->counts->chunk_size,
	               c->counts->chunk_size);
}

/* The state behind a byte, were it known whether the text is then inside quotes. */
static struct csv_index_state state_behind(const struct counting *c, size_t at, bool is_quoted)
{
	char before = c->text.data[at - 1];
	bool is_line = before == '\n' || before == '\r';
	bool is_end = is_line || before == c->dialect.delimiter ||
	              (c->dialect.has_quote && before == c->dialect.quote);

	return (struct csv_index_state){
		.quoted = is_quoted ? UINT64_MAX : 0,
		.opener = !is_quoted && is_end,
		.cr = !is_quoted && before == '\r',
		.line = !is_quoted && is_line,
	};
}

static bool same_state(const struct csv_index_state *a, const struct csv_index_state *b)
{
	return a->quoted == b->quoted && a->opener == b->opener && a->cr == b->cr &&
	       a->line == b->line;
}

static void count_chunk(const struct counting *c, size_t i, struct csv_index_state *state)
{
	struct counted_chunk *chunk = &c->counts->chunks[i];

	*chunk = (struct counted_chunk){ .state = *state };
	c->kind->count(&chunk->count, chunk_at(c, i), &c->dialect, state);
}

/* From chunk i of a range to its end. */
static void count_from(struct counting *c, struct range *r, size_t i, struct csv_index_state state)
{
	for (; i < r->end; i++)
		count_chunk(c, i, &state);
	r->after = state;
}

static void count_range(void *arg, size_t i)
{
	struct counting *c = arg;
	struct range *r = &c->ranges[i];
	size_t at = c->counts->at + r->first * c->counts->chunk_size;
	struct csv_index_state state = CSV_INDEX_START;

	if (i > 0)
		state = state_behind(c, at, false);
	count_chunk(c, r->first, &state);
	if (i > 0 && c->counts->chunks[r->first].count.has_odd_quote)
		count_from(c, r, r->first, state_behind(c, at, true));
	else
		count_from(c, r, r->first + 1, state);
}

static void put_right(struct counting *c, size_t n_ranges)
{
	for (size_t i = 1; i < n_ranges; i++) {
		struct range *r = &c->ranges[i];

		if (!same_state(&c->counts->chunks[r->first].state, &c->ranges[i - 1].after))
			count_from(c, r, r->first, c->ranges[i - 1].after);
	}
}

static size_t count_ranges(const struct counts *c, const struct runner *runner)
{
	size_t n_threads = runner_threads(runner);
	size_t n = n_threads > 1 ? n_threads * RANGES_A_THREAD : 1;

	n = n < RANGES_MAX ? n : RANGES_MAX;
	return n < c->n / CHUNKS_WORTH_IT ? n : c->n / CHUNKS_WORTH_IT;
}

int counts_init(struct counts *out, const struct header *h, size_t chunk_size,
                const struct runner *runner, struct shmpub_error *err)
{
	const struct csv_dialect *d = h->rows.dialect;
	struct counts counts = { .at = h->rows.at,
		                 .chunk_size = chunk_size,
		                 .n = (h->rows.text.size - h->rows.at) / chunk_size };
	struct counting c = { .counts = &counts,
		              .text = h->rows.text,
		              .dialect = { d->delimiter, d->quote, d->has_quote, false },
		              .kind = csv_index_best() };
	size_t n_ranges = count_ranges(&counts, runner);

	*out = COUNTS_NONE;
	if (n_ranges < 2)
		return SHMPUB_OK;
	counts.chunks = mem_alloc(counts.n * sizeof(*counts.chunks));
	if (counts.chunks == NULL)
		return error_nomem(err, counts.n * sizeof(*counts.chunks));
	for (size_t i = 0; i < n_ranges; i++)
		c.ranges[i] = (struct range){ .first = counts.n * i / n_ranges,
			                      .end = counts.n * (i + 1) / n_ranges };
	runner->run(runner->self, n_ranges, count_range, &c);
	put_right(&c, n_ranges);
	*out = counts;
	return SHMPUB_OK;
}

void counts_free(struct counts *c)
{
	mem_free(c->chunks);
	*c = COUNTS_NONE;
}
