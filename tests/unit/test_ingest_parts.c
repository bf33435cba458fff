/*
 * lib/ingest over a source of several parts: which part each row is of, wherever windows and threads
 * begin, and quotes that a part does not close.
 */
#include "unit/heap_sink.h"
#include "unit/threads.h"

#include "base/buffer.h"
#include "unit/check.h"
#include "options_text.h"

#define OUT_SIZE ((size_t)32 << 20)
#define PARTS_MAX 2000u
#define THREADS 3

static char got[OUT_SIZE];

static size_t helpers = THREADS - 1;
static const struct runner runner = { .run = run_threads, .self = &helpers, .n_threads = THREADS };

/* --- a source of parts ---------------------------------------------------------------------------- */

struct source {
	struct buffer text, want; /* want: as heap_sink_print() shows it */
	size_t at, most;          /* bytes at once */
	struct byte_parts parts;
	uint64_t begin[PARTS_MAX], line[PARTS_MAX];
	struct span names[PARTS_MAX];
	char room[PARTS_MAX][8];
};

static struct source source;

/* The beginning of a part is set with the read of its first byte, as the daemon does it. */
static int read_source(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	struct source *s = self;
	size_t left = s->text.size - s->at;

	(void)err;
	*n = left < size ? left : size;
	*n = *n < s->most ? *n : s->most;
	memcpy(to, s->text.data + s->at, *n);
	s->at += *n;
	while (s->parts.n_begun < s->parts.n && s->begin[s->parts.n_begun] < s->at)
		s->parts.n_begun++;
	if (*n == 0)
		s->parts.n_begun = s->parts.n;
	return SHMPUB_OK;
}

static int rewind_source(void *self, struct shmpub_error *err)
{
	(void)err;
	((struct source *)self)->at = 0;
	return SHMPUB_OK;
}

static void add(struct buffer *b, const char *text)
{
	if (buffer_append(b, span_str(text), NULL))
		abort();
}

static unsigned seed;

static unsigned draw(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Rows of several shapes; `odd`: some that only the exact reader knows. */
static void add_row(struct source *s, size_t part, unsigned i, bool is_odd, const char *end)
{
	const char *name = s->room[part];

	switch (is_odd ? draw(6) : 0) {
	case 1:
		buffer_printf(&s->text, NULL, "%u,\"%s%s\"%s", i, name, end, end);
		buffer_printf(&s->want, NULL, " | %u %s%s #%zu=%s", i, name, end, part, name);
		break;
	case 2: /* a blank line first */
		buffer_printf(&s->text, NULL, "%s%u,%s%s", end, i, name, end);
		buffer_printf(&s->want, NULL, " | %u %s #%zu=%s", i, name, part, name);
		break;
	case 3: /* a quote in the middle means nothing */
		buffer_printf(&s->text, NULL, "%u,%s\"%s", i, name, end);
		buffer_printf(&s->want, NULL, " | %u %s\" #%zu=%s", i, name, part, name);
		break;
	default:
		buffer_printf(&s->text, NULL, "%u,%s%s", i, name, end);
		buffer_printf(&s->want, NULL, " | %u %s #%zu=%s", i, name, part, name);
	}
}

static void begin_part(struct source *s, size_t part)
{
	snprintf(s->room[part], sizeof(s->room[part]), "p%04u", (unsigned)part);
	s->names[part] = span_str(s->room[part]);
	s->begin[part] = s->text.size;
	s->line[part] = 1;
}

static void make_source(struct source *s, size_t n, unsigned rows_most, bool is_odd)
{
	unsigned i = 0;

	s->text.size = s->want.size = 0;
	s->at = 0;
	add(&s->text, "n,w\n");
	add(&s->want, rows_most > 0 ? "n:i w:s file:ks" : "n:n w:n file:ks");
	for (size_t part = 0; part < n; part++) {
		const char *end = is_odd && draw(3) == 0 ? "\r\n" : "\n";

		begin_part(s, part);
		for (unsigned k = draw(rows_most + 1); k > 0; k--)
			add_row(s, part, i++, is_odd, end);
	}
	s->parts = (struct byte_parts){ .n = n,
		                        .begin = s->begin,
		                        .line = s->line,
		                        .names = s->names,
		                        .column = span_str("file") };
}

static int ingest(struct source *s, const struct csv_options *o, const struct runner *threads,
                  struct shmpub_error *err)
{
	const struct byte_source bytes = { .self = s,
		                           .read = read_source,
		                           .rewind = rewind_source,
		                           .size = s->text.size,
		                           .parts = &s->parts };
	int n_rounds;

	s->at = s->parts.n_begun = 0;
	return heap_ingest_source(got, OUT_SIZE, &bytes, o, NULL, threads, &n_rounds, NULL, err);
}

/* --- which part ------------------------------------------------------------------------------------ */

static void test_rows(const char *label, size_t n, unsigned rows_most, bool is_odd)
{
	static const size_t pieces[] = { 1000, 4096, SIZE_MAX };
	struct csv_options *o;
	struct shmpub_error err = { .code = 0 };

	CHECK_INT(label, csv_options_new(&o, NULL), 0);
	make_source(&source, n, rows_most, is_odd);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		source.most = pieces[i];
		CHECK_INT(label, ingest(&source, o, NULL, &err), 0);
		CHECK(label, strlen(got) == source.want.size &&
		                     memcmp(got, source.want.data, source.want.size) == 0);
		CHECK_INT(label, ingest(&source, o, &runner, &err), 0);
		CHECK(label, strlen(got) == source.want.size &&
		                     memcmp(got, source.want.data, source.want.size) == 0);
	}
	csv_options_free(o);
}

/* --- quotes that stay open ------------------------------------------------------------------------ */

/* Part `part` ends inside quotes; a later one may close them. */
static void test_open_quote(const char *label, size_t part, const char *option, const char *value,
                            const char *closing)
{
	struct shmpub_error err = { .code = 0 };
	struct csv_options *o;
	size_t lines = 1;

	CHECK_INT(label, csv_options_new(&o, NULL), 0);
	if (option != NULL)
		CHECK_INT(label, csv_options_set(o, span_str(option), span_str(value), NULL), 0);
	source.text.size = source.want.size = 0;
	add(&source.text, "n,w\n");
	for (size_t k = 0; k < 60; k++) {
		begin_part(&source, k);
		for (unsigned i = 0; i < 900; i++)
			add_row(&source, k, i, false, "\n");
		lines += k < part ? 900 : k == part ? 901 : 0;
		if (k == part)
			add(&source.text, "1,\"open\n");
		else if (k == part + 1)
			add(&source.text, closing);
	}
	source.parts = (struct byte_parts){
		.n = 60, .begin = source.begin, .line = source.line, .names = source.names
	};
	source.most = 4096;
	CHECK_INT(label, ingest(&source, o, NULL, &err), SHMPUB_ERR_CSV);
	CHECK_INT(label, err.line, lines);
	CHECK_INT(label, ingest(&source, o, &runner, &err), SHMPUB_ERR_CSV);
	CHECK_INT(label, err.line, lines);
	csv_options_free(o);
}

int main(void)
{
	seed = 1;
	test_rows("few large parts", 5, 60000, false);
	test_rows("many small parts", 1999, 60, false);
	test_rows("parts with one row or none", 1500, 1, false);
	test_rows("odd rows", 300, 200, true);
	test_rows("odd rows, small parts", 1999, 3, true);
	test_rows("no rows", 10, 0, false);
	for (size_t part = 0; part < 59; part += 7) {
		test_open_quote("never closed", part, NULL, NULL, "");
		test_open_quote("closed by the next part", part, NULL, NULL, "1,\"x\"\n");
		test_open_quote("bad lines are skipped", part, "on_bad_lines", "skip", "1,\"x\"\n");
		test_open_quote("by the exact reader", part, "comment", "%", "1,\"x\"\n%\n");
	}
	buffer_free(&source.text);
	buffer_free(&source.want);
	return check_report();
}
