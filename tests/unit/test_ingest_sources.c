/*
 * lib/ingest over sources that hurt: every call and every allocation fails in turn, with one thread
 * and with several, in memory, in pieces and decoded; sources change between passes, and text in
 * memory changes while it is read.
 */
#include "unit/heap_sink.h"
#include "unit/threads.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "options_text.h"

#define OUT_SIZE ((size_t)16 << 20)
/* Which call fails next: every one would take minutes under a sanitizer. */
#if defined(__SANITIZE_THREAD__)
#define STEP 23
#elif defined(__SANITIZE_ADDRESS__)
#define STEP 5
#else
#define STEP 1
#endif
#define THREADS 3

static char want[OUT_SIZE], got[OUT_SIZE];

static size_t helpers[] = { 0, 1, THREADS - 1 };
static const struct runner runners[] = {
	{ .run = run_threads, .self = &helpers[0], .n_threads = 1 },
	{ .run = run_threads, .self = &helpers[0], .n_threads = THREADS },
	{ .run = run_threads, .self = &helpers[1], .n_threads = THREADS },
	{ .run = run_threads, .self = &helpers[2], .n_threads = THREADS },
};

/* --- a source ------------------------------------------------------------------------------------ */

enum { BUSY = 41 }; /* an answer of the source's own */

struct pieces {
	struct span text,
	        later;   /* later: what it has from the second pass on; data NULL: the same */
	size_t at, most; /* bytes at once */
	long n_calls, fails_at; /* the call that fails; -1: none */
	int answer;
	unsigned n_rewinds;
};

static int enter(struct pieces *p, struct shmpub_error *err)
{
	if (p->n_calls++ != p->fails_at)
		return SHMPUB_OK;
	return p->answer > 0 ? p->answer : error_set(err, p->answer, "the source failed");
}

static int give(struct pieces *p, size_t at, char *to, size_t size, size_t *n)
{
	struct span text = p->later.data && p->n_rewinds > 1 ? p->later : p->text;
	size_t left = at < text.size ? text.size - at : 0;

	*n = left < size ? left : size;
	*n = *n < p->most ? *n : p->most;
	memcpy(to, text.data + (at < text.size ? at : 0), *n);
	return SHMPUB_OK;
}

static int read_piece(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	struct pieces *p = self;
	int r = enter(p, err);

	*n = 0;
	if (r)
		return r;
	r = give(p, p->at, to, size, n);
	p->at += *n;
	return r;
}

static int rewind_pieces(void *self, struct shmpub_error *err)
{
	struct pieces *p = self;

	p->at = 0;
	p->n_rewinds++;
	return enter(p, err);
}

static int peek_piece(void *self, uint64_t offset, char *to, size_t size, size_t *n,
                      struct shmpub_error *err)
{
	struct pieces *p = self;
	int r = enter(p, err);

	*n = 0;
	return r ? r : give(p, (size_t)offset, to, size, n);
}

static struct byte_source source_of(struct pieces *p)
{
	return (struct byte_source){ .self = p,
		                     .read = read_piece,
		                     .rewind = rewind_pieces,
		                     .peek = peek_piece,
		                     .size = p->text.size };
}

/* --- texts --------------------------------------------------------------------------------------- */

#define SIZE ((size_t)600 << 10) /* of some five windows: for several threads */

#define LONG_TEXT                                                                                  \
	"lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor "          \
	"incididunt ut labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud"
#define ROW "%u.25,\"word \"\"%u\"\" " LONG_TEXT "%s\",2024-03-01 10:%02u:00,%u,%s\n"

enum ending { WELL, TYPES, LONG_ROW, BAD_BYTE, OPEN_QUOTE, WIDE_TEXT };

static struct span text_of(struct buffer *b, enum ending ending)
{
	static const char *const ends[] = {
		[WELL] = "1.5,x,2024-01-01,3,\n",   [TYPES] = "x,2,3,y,z\n",
		[LONG_ROW] = "1,2,3,4,5,6,7,8,9\n", [BAD_BYTE] = "1,\xFF\xFE,2024-01-01,3,4\n",
		[OPEN_QUOTE] = "1,\"2,3\n",         [WIDE_TEXT] = "1,2,3,4,5\n",
	};

	b->size = 0;
	if (buffer_append(b, span_str("a,b,c,d,e\n"), NULL))
		abort();
	for (unsigned i = 0; b->size < SIZE; i++) {
		const char *more = ending == WIDE_TEXT && b->size > SIZE / 2 ? LONG_TEXT : "";

		if (buffer_printf(b, NULL, ROW, i, i * 7919 % 999, more, i % 60, i % 11,
		                  i % 3 ? "7" : ""))
			abort();
	}
	if (buffer_append(b, span_str(ends[ending]), NULL))
		abort();
	return buffer_span(b);
}

static const struct {
	const char *label, *options;
	enum ending ending;
} cases[] = {
	{ "well", "", WELL },
	{ "types", "", TYPES },
	{ "more text", "", WIDE_TEXT },
	{ "decoded", "encoding=latin-1", TYPES },
	{ "dates", "parse_dates=c", WELL },
	{ "a level", "index_col=d", TYPES },
	{ "a level of dates", "index_col=c\nparse_dates=c", WELL },
	{ "categories", "dtype=category", WELL },
	{ "the widest", "usecols=0, 7\nheader=none\nskiprows=1", LONG_ROW },
	{ "a long row", "", LONG_ROW },
	{ "a long row, decoded", "encoding=cp1252", LONG_ROW },
	{ "no character", "encoding=ascii", BAD_BYTE },
	{ "no UTF-8", "", BAD_BYTE },
	{ "a cell that does not fit", "dtype.a=float64", TYPES },
	{ "an open quote", "", OPEN_QUOTE },
};

static int ingest(char *out, const struct byte_source *source, const struct csv_options *o,
                  const struct runner *runner)
{
	struct shmpub_error err = { .code = 0 };
	int n_rounds, r;

	r = heap_ingest_source(out, OUT_SIZE, source, o, NULL, runner, &n_rounds, NULL, &err);
	if (r < 0)
		snprintf(out, OUT_SIZE, "%s", err.message);
	return r;
}

/* Every call fails in turn: the source's answer, and nothing lost. */
static void check_failing(const char *label, struct span text, const struct csv_options *o,
                          const struct runner *runner, int answer, int result)
{
	long n = 0, live = mem_live();
	int r = answer;

	for (; r == answer && n < 10000; n += STEP) {
		struct pieces p = { .text = text, .most = SIZE, .fails_at = n, .answer = answer };
		struct byte_source source = source_of(&p);

		r = ingest(got, &source, o, runner);
		CHECK_INT(label, mem_live(), live);
		if (r == result && n < p.n_calls) {
			/* Only the count of lines may go without an answer: then no line is told. */
			CHECK(label, result < 0 && answer < 0);
			CHECK(label, strncmp(got, "line ", 5) != 0);
			r = answer;
		}
	}
	CHECK_INT(label, r, result);
	CHECK_STR(label, got, want);
	CHECK(label, n > 5);
}

static void check_no_memory(const char *label, struct span text, const struct csv_options *o,
                            const struct runner *runner, int result)
{
	long live = mem_live();
	int r = SHMPUB_ERR_NOMEM;

	/* The first ones all; of the later ones some, others in every case. */
	for (long n = 0; r == SHMPUB_ERR_NOMEM;
	     n += n < 60 ? STEP : STEP * (1 + n / 60 + (long)text.size % 5)) {
		struct pieces p = { .text = text, .most = 1 << 16, .fails_at = -1 };
		struct byte_source source = source_of(&p);

		mem_fail_after(n);
		r = ingest(got, &source, o, runner);
		mem_fail_after(-1);
		CHECK_INT(label, mem_live(), live);
	}
	CHECK_INT(label, r, result);
	CHECK_STR(label, got, want);
}

static void test_failures(void)
{
	struct buffer b = BUFFER_NONE;

	for (size_t i = 0; i < ARRAY_LEN(cases); i += 1 + STEP / 4) {
		struct csv_options *o = options_of(cases[i].options);
		struct span text = text_of(&b, cases[i].ending);
		struct byte_source whole = byte_source_of(text);
		int r = ingest(want, &whole, o, NULL);

		for (size_t k = 0; k < ARRAY_LEN(runners); k++) {
			CHECK_INT(cases[i].label, ingest(got, &whole, o, &runners[k]), r);
			CHECK_STR(cases[i].label, got, want);
			if (k % 3 != 0)
				continue;
			check_failing(cases[i].label, text, o, &runners[k],
			              k ? BUSY : SHMPUB_ERR_SYS, r);
			check_no_memory(cases[i].label, text, o, &runners[k], r);
		}
		csv_options_free(o);
	}
	buffer_free(&b);
}

/* --- sources that change ------------------------------------------------------------------------- */

/* Between two passes: whoever gives the bytes says so at their end; the engine only has to live. */
static void test_changed_between_passes(void)
{
	static const char *const later[] = { "",           "a\n",
		                             "\n\n\n",     "a,b,c,d,e\n1,2,3,4,5\n",
		                             "x,\"y\n\n",  "1,2,3,4,5,6,7",
		                             "\xFF\xFE\n", "a,b,c,d,e\n1" };
	struct buffer b = BUFFER_NONE, other = BUFFER_NONE;
	long live = mem_live();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct csv_options *o = options_of(cases[i].options);
		struct span text = text_of(&b, cases[i].ending);

		live = mem_live();
		for (size_t k = 0; k <= ARRAY_LEN(later); k++) {
			struct pieces p = { .text = text, .most = SIZE, .fails_at = -1 };
			struct byte_source source = source_of(&p);

			p.later = k < ARRAY_LEN(later) ? span_str(later[k])
			                               : text_of(&other, WIDE_TEXT);
			live += k == ARRAY_LEN(later) && i == 0;
			ingest(got, &source, o, &runners[k % ARRAY_LEN(runners)]);
			CHECK_INT(cases[i].label, mem_live(), live);
		}
		csv_options_free(o);
	}
	buffer_free(&b);
	buffer_free(&other);
}

/* One whose size is a lie, also where all of it lies in memory. */
static void test_wrong_size(void)
{
	static const uint64_t sizes[] = { 0, 1, SIZE * 2, SIZE * 10 };
	struct csv_options *o = options_of("");
	struct buffer b = BUFFER_NONE;
	struct span text = text_of(&b, WELL);
	struct byte_source whole = byte_source_of(text);

	CHECK_INT("right", ingest(want, &whole, o, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct pieces p = { .text = text, .most = 1000, .fails_at = -1 };
		struct byte_source source = source_of(&p);

		source.size = whole.size = sizes[i];
		for (size_t k = 0; k < ARRAY_LEN(runners); k++) {
			CHECK_INT("in memory", ingest(got, &whole, o, &runners[k]), 0);
			CHECK("in memory", strcmp(got, want) == 0);
			CHECK_INT("in pieces", ingest(got, &source, o, &runners[k]), 0);
			CHECK("in pieces", strcmp(got, want) == 0);
		}
	}
	buffer_free(&b);
	csv_options_free(o);
}

#ifndef __SANITIZE_THREAD__ /* a race is what it is */
#define SPOILED 3000

struct spoiler {
	volatile char *text;
	uint64_t is_over;
};

/* One byte after another is something else for a moment. */
static void spoil(void *arg)
{
	static const char bytes[] = ",\n\"\r 1x#\xFF";
	struct spoiler *s = arg;
	uint64_t x = 1;

	while (!load_relaxed_u64(&s->is_over)) {
		volatile char *at;
		char before;

		x = x * 6364136223846793005u + 1442695040888963407u;
		at = s->text + (x >> 33) % SPOILED;
		before = *at;
		*at = bytes[(x >> 20) % (sizeof(bytes) - 1)];
		for (unsigned i = 0; i < 200; i++)
			atomic_relax();
		*at = before;
	}
}

/* By somebody else, against all promises: whatever comes of it, no byte outside is touched. */
static void test_changed_in_memory(void)
{
	static const char *const options[] = { "",
		                               "comment=hash",
		                               "index_col=0\nusecols=0, 1",
		                               "delimiter=whitespace\nskiprows=[1, 3]",
		                               "dtype=str",
		                               "encoding=latin-1",
		                               "dtype=category" };
	long live = mem_live();

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		struct csv_options *o = options_of(options[i]);
		char *text = malloc(SPOILED);
		struct spoiler s = { .text = text };
		struct byte_source source = byte_source_of(span_of(text, SPOILED));
		struct shm_thread *thread;

		memset(text, ',', 1000);
		for (size_t k = 1000; k < SPOILED; k++)
			text[k] = "\n1,\"x y\",3"[k % 10];
		if (shm_thread_start(&thread, spoil, &s, NULL))
			abort();
		for (int k = 0; k < 40; k++)
			(void)ingest(got, &source, o, NULL);
		store_relaxed_u64(&s.is_over, 1);
		shm_thread_join(thread);
		free(text);
		csv_options_free(o);
	}
	CHECK_INT("nothing lost", mem_live(), live);
}
#endif

/* --- long things --------------------------------------------------------------------------------- */

/* Rows of which eight are longer than a window of several threads may be. */
static void test_long_rows(void)
{
	struct csv_options *o = options_of("");
	struct buffer b = BUFFER_NONE;
	size_t row = (size_t)9 << 20;
	struct byte_source whole;
	struct shmpub_error err = { .code = 0 };
	char out[400];
	int n_rounds;

	if (buffer_append(&b, span_str("a,b\n"), NULL))
		abort();
	for (unsigned i = 0; i < 9; i++) {
		if (buffer_printf(&b, NULL, "%u,", i) || buffer_reserve(&b, row, NULL))
			abort();
		memset(b.data + b.size, 'x', row);
		b.size += row;
		b.data[b.size - 1] = '\n';
	}
	whole = byte_source_of(buffer_span(&b));
	for (size_t k = 0; k < ARRAY_LEN(runners); k += 3) {
		CHECK_INT("long rows",
		          heap_ingest_source(out, sizeof(out), &whole, o, NULL, &runners[k],
		                             &n_rounds, NULL, &err),
		          0);
		CHECK("long rows", strncmp(out, "a:i b:s | 0 xxxxx", 17) == 0);
	}
	buffer_free(&b);
	csv_options_free(o);
}

/* Short rows before a very long one: no room for millions of them. */
static void test_rows_expected(void)
{
	struct csv_options *o = options_of("");
	struct buffer b = BUFFER_NONE;
	size_t long_row = (size_t)8 << 20;

	if (buffer_append(&b, span_str("a,b\n1,2\n3,4\n"), NULL) ||
	    buffer_reserve(&b, long_row, NULL))
		abort();
	memset(b.data + b.size, '7', long_row);
	b.size += long_row;
	for (size_t k = 0; k < 2; k++) {
		struct pieces p = { .text = buffer_span(&b), .most = 1 << 16, .fails_at = -1 };
		struct byte_source source = k ? source_of(&p) : byte_source_of(p.text);
		struct ingest *in;

		CHECK_INT("open", ingest_open(&in, &source, o, NULL, NULL, NULL), 0);
		CHECK("rows", ingest_capacity(in) < 10000);
		ingest_close(in);
	}
	buffer_free(&b);
	csv_options_free(o);
}

/* Lines that are no rows, more than any window: they take no room. */
static void test_lines_without_rows(void)
{
	static const char *const lines[] = { "# comment\r\n", "# \"comment\n", "\r\n", "\n",
		                             "#\r" };
	struct csv_options *o = options_of("comment=hash");

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct buffer b = BUFFER_NONE;
		struct pieces p = { .most = 1 << 20, .fails_at = -1 };
		struct byte_source source = source_of(&p);

		if (buffer_append(&b, span_str("a,b\n1,2\n"), NULL))
			abort();
		while (b.size < (size_t)1 << 20) {
			if (buffer_append(&b, span_str(lines[i]), NULL))
				abort();
		}
		if (buffer_append(&b, span_str("3,x\n"), NULL))
			abort();
		p.text = buffer_span(&b);
		for (size_t k = 0; k < ARRAY_LEN(runners); k += 3) {
			CHECK_INT(lines[i], ingest(got, &source, o, &runners[k]), 0);
			CHECK_STR(lines[i], got, "a:i b:s | 1 2 | 3 x");
		}
		buffer_free(&b);
	}
	csv_options_free(o);
}

int main(void)
{
	test_wrong_size();
	test_lines_without_rows();
	test_long_rows();
	test_rows_expected();
#ifndef __SANITIZE_THREAD__
	test_changed_in_memory();
#endif
	test_changed_between_passes();
	test_failures();
	CHECK_INT("nothing lost", mem_live(), 0);
	return check_report();
}
