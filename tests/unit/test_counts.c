/* lib/ingest/counts: counted on several threads, whatever they suppose, as by one. */
#include "unit/check.h"

#include "base/alloc.h"
#include "ingest/counts.h"

#define CHUNK 64u
#define SIZE_MAX_HERE 6000u

static uint64_t seed = 11;

static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((seed >> 33) % n);
}

static void run_in_turn(void *self, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
	(void)self;
	for (size_t i = n; i-- > 0;) /* the last range first: nobody may count on the one before */
		task(arg, i);
}

/* Quotes that open and close as they should, over chunks or not, unless `is_odd`. */
static size_t generate(char *out, bool has_quotes, bool is_odd)
{
	size_t size = 0, most = rnd(SIZE_MAX_HERE);
	unsigned length = 1 + rnd(has_quotes ? 300 : 40);

	size += (size_t)sprintf(out, "a,b\n");
	while (size + length + 16 < most) {
		unsigned n = rnd(length);
		bool is_quoted = has_quotes && rnd(2);

		if (is_quoted)
			out[size++] = '"';
		for (unsigned i = 0; i < n; i++)
			out[size++] = is_quoted ? "ab,\n\r \xE9"[rnd(7)] : "abc1\xE9"[rnd(5)];
		if (is_odd && rnd(30) == 0)
			out[size++] = '"';
		if (is_quoted && rnd(4) == 0) {
			memcpy(out + size, "\"\"", 2);
			size += 2;
		}
		if (is_quoted)
			out[size++] = '"';
		size += (size_t)sprintf(
		        out + size, "%s",
		        (const char *[]){ ",", "\n", "\r\n", "\r", "\n\n", "\n " }[rnd(6)]);
	}
	return size;
}

static void check_counts(const struct header *h, const struct counts *counts)
{
	struct csv_index_dialect d = { ',', '"', true, false };
	struct csv_index_state state = CSV_INDEX_START;
	struct csv_count want;
	int n_wrong = 0;

	for (size_t i = 0; i < counts->n; i++) {
		const struct counted_chunk *c = &counts->chunks[i];

		n_wrong += memcmp(&c->state, &state, sizeof(state)) != 0;
		want = (struct csv_count){ 0 };
		csv_index_best()->count(&want,
		                        span_of(h->rows.text.data + counts->at + i * CHUNK, CHUNK),
		                        &d, &state);
		n_wrong += want.n_records != c->count.n_records ||
		           want.n_empty != c->count.n_empty ||
		           want.n_blank_led != c->count.n_blank_led ||
		           want.has_cr != c->count.has_cr ||
		           want.has_odd_quote != c->count.has_odd_quote ||
		           want.has_non_ascii != c->count.has_non_ascii;
	}
	CHECK_INT("chunks", n_wrong, 0);
}

static void check_text(struct span text, const struct csv_options *options, size_t n_threads)
{
	struct runner runner = { run_in_turn, NULL, n_threads };
	struct csv_dialect dialect;
	struct header header;
	struct counts counts;

	csv_dialect_init(&dialect, options);
	CHECK_INT("header", header_read(&header, text, &dialect, options, NULL), SHMPUB_OK);
	CHECK_INT("counted", counts_init(&counts, &header, CHUNK, &runner, NULL), SHMPUB_OK);
	CHECK("all whole chunks, or none",
	      counts.n == 0 || counts.n == (text.size - header.rows.at) / CHUNK);
	CHECK("counted ahead where it is worth it",
	      counts.n > 0 || text.size - header.rows.at < 10 * CHUNK);
	check_counts(&header, &counts);
	counts_free(&counts);
	header_free(&header);
}

int main(void)
{
	static char text[SIZE_MAX_HERE + 400];
	struct csv_options *options;

	if (csv_options_new(&options, NULL))
		abort();
	for (int round = 0; round < 2000; round++) {
		size_t size = generate(text, round % 2, round % 8 == 7);

		check_text(span_of(text, size), options, 2 + rnd(4));
	}
	csv_options_free(options);
	CHECK_INT("nothing left", mem_live(), 0);
	return check_report();
}
