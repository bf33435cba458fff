/*
 * Tests lib/fill with several threads, under the thread sanitizer as well: the table must be the
 * one that a single thread makes, whether or not text has room, guesses are right, and cells are
 * valid.
 */
#include "unit/heap_sink.h"
#include "unit/threads.h"
#include "unit/check.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/hash.h"

#define THREADS (HELPERS_MAX + 1)
#define OUT_SIZE ((size_t)16 << 20)

static void add_rows(struct buffer *b, unsigned from, unsigned to, const char *format)
{
	for (unsigned i = from; i < to; i++) {
		if (buffer_printf(b, NULL, format, i * 7919, i % 97, i % 60, i % 11, i, i))
			abort();
	}
}

#define ROW "%u.5,\"word %u of\",2024-03-01 10:%02u:00,%u,,\"a \"\"%u\"\" text\n\" tail%u\n"
#define NUMBERS "%u,%u,%u,%u,%u,%u\n"

/* A source that cannot be seen as a whole: its windows are read ahead. */
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

/* Prints the table, or the error. With one thread the text is read where it lies. */
static int read_text(char *out, struct span text, struct csv_options *o, const struct schema *guess,
                     size_t n_threads, struct schema *learnt)
{
	size_t n_helpers = HELPERS_MAX;
	struct runner runner = { .run = run_threads, .self = &n_helpers, .n_threads = n_threads };
	struct shmpub_error err = { .code = 0 };
	int n_passes;
	struct pieces pieces = { .text = text };
	struct byte_source source = {
		.self = &pieces, .read = read_piece, .rewind = rewind_pieces, .size = text.size
	};
	int r;

	if (n_threads == 1)
		source = byte_source_of(text);
	r = heap_ingest_source(out, OUT_SIZE, &source, o, guess, &runner, &n_passes, learnt, &err);

	if (r)
		snprintf(out, OUT_SIZE, "%s", err.message);
	return r;
}

static void check_text(const char *label, struct span text, const char *key, const char *value)
{
	struct schema learnt = SCHEMA_NONE;
	struct csv_options *o;
	char *want = malloc(OUT_SIZE), *got = malloc(OUT_SIZE);
	int r;

	if (csv_options_new(&o, NULL) || !want || !got)
		abort();
	if (key && csv_options_set(o, span_str(key), span_str(value), NULL))
		abort();
	r = read_text(want, text, o, NULL, 1, &learnt);
	CHECK_INT(label, read_text(got, text, o, NULL, THREADS, NULL), r);
	CHECK(label, strcmp(want, got) == 0);
	if (r == SHMPUB_OK) {
		CHECK_INT(label, read_text(got, text, o, &learnt, THREADS, NULL), r);
		CHECK(label, strcmp(want, got) == 0);
		for (size_t i = 0; i < learnt.n_fields; i++) /* no text will fit */
			learnt.fields[i].text_expected /= 3;
		CHECK_INT(label, read_text(got, text, o, &learnt, THREADS, NULL), r);
		CHECK(label, strcmp(want, got) == 0);
		learnt.source_rows /= 2; /* nor will the rows */
		CHECK_INT(label, read_text(got, text, o, &learnt, THREADS, NULL), r);
		CHECK(label, strcmp(want, got) == 0);
	}
	schema_free(&learnt);
	csv_options_free(o);
	free(want);
	free(got);
}

/* A byte that is not UTF-8, in a window that the index reads and in one with a comment. */
static void check_bad_text(const struct buffer *good)
{
	struct buffer b = BUFFER_NONE;

	if (buffer_append(&b, buffer_span(good), NULL))
		abort();
	b.data[b.size / 2] = '\xFF';
	b.data[b.size / 2 + 2000] = '#';
	check_text("a byte that is not UTF-8", buffer_span(&b), NULL, NULL);
	check_text("beside comments", buffer_span(&b), "comment", "hash");
	buffer_free(&b);
}

int main(void)
{
	struct buffer b = BUFFER_NONE;

	if (buffer_printf(&b, NULL, "a,b,c,d,e,f\n"))
		abort();
	add_rows(&b, 0, 30000, ROW);
	check_text("mixed", buffer_span(&b), NULL, NULL);
	check_text("dates", buffer_span(&b), "parse_dates", "c");
	check_text("a level", buffer_span(&b), "index_col", "d");
	check_text("categories", buffer_span(&b), "dtype", "category");
	check_bad_text(&b);
	add_rows(&b, 0, 3, "%u,x,2024-03-01,%u,%u,%u,%u,%u\n");
	check_text("a record that is none", buffer_span(&b), NULL, NULL);
	b.size = 0;
	if (buffer_printf(&b, NULL, "a,b,c,d,e,f\n"))
		abort();
	add_rows(&b, 0, 40000, NUMBERS);
	check_text("numbers", buffer_span(&b), NULL, NULL);
	add_rows(&b, 0, 1, "%u.5,x%u,%u,,%u,%u%u\n");
	check_text("other types at the end", buffer_span(&b), NULL, NULL);
	add_rows(&b, 0, 40000, NUMBERS);
	check_text("a cell that is no integer", buffer_span(&b), "dtype.b", "int64");
	buffer_free(&b);
	CHECK_INT("nothing lost", mem_live(), 0);
	return check_report();
}
