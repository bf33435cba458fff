/* Random CSV texts for the tests of lib/rows, and a source that returns them in pieces. */
#ifndef SHMPUB_TESTS_UNIT_ROW_TEXTS_H
#define SHMPUB_TESTS_UNIT_ROW_TEXTS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/byte_source.h"

static uint64_t seed = 7;

static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((seed >> 33) % n);
}

/*
 * What a generated text may have. Each trait is often off, so that the quick reader is used as
 * well.
 */
struct traits {
	unsigned columns, rows;
	bool quotes, odd_quotes, blank_lines, blanks, short_rows, long_fields, final_newline;
	bool long_rows, comments;
	unsigned line_end; /* 0: \n, 1: \r\n, 2: \r, 3: any */
};

static void add(struct buffer *b, const char *s)
{
	if (buffer_append(b, span_str(s), NULL))
		abort();
}

static void add_line_end(struct buffer *b, const struct traits *t)
{
	static const char *const ends[] = { "\n", "\r\n", "\r" };

	add(b, ends[t->line_end == 3 ? rnd(3) : t->line_end]);
}

static void add_field(struct buffer *b, const struct traits *t)
{
	static const char *const plain[] = { "a", "1.5", "", "-17", "word", "2024-01-01" };
	static const char *const quoted[] = { "\"x\"",          "\"a,b\"",
		                              "\"\"",           "\"say \"\"hi\"\"\"",
		                              "\"two\nlines\"", "\"two\r\nlines\"",
		                              "\"q\"tail" };
	static const char *const odd[] = { "5\" pipe", "x\"y\"z", "\"q\"tail\"", " \"led\"" };
	static const char *const blank[] = { " ", "\t", "  x", " \t " };

	if (t->odd_quotes && rnd(400) == 0)
		add(b, odd[rnd(4)]);
	else if (t->quotes && rnd(4) == 0)
		add(b, quoted[rnd(7)]);
	else if (t->blanks && rnd(5) == 0)
		add(b, blank[rnd(4)]);
	else
		add(b, plain[rnd(6)]);
	for (unsigned i = 0; t->long_fields && i < rnd(40); i++)
		add(b, "0123456789abcdef0123456789abcdef");
}

static void generate(struct buffer *b, const struct traits *t)
{
	b->size = 0;
	for (unsigned c = 0; c < t->columns; c++)
		add(b, c ? ",h" : "h");
	add_line_end(b, t);
	for (unsigned i = 0; i < t->rows; i++) {
		unsigned n = t->short_rows && rnd(6) == 0 ? 1 + rnd(t->columns) : t->columns;

		if (t->blank_lines && rnd(7) == 0) {
			add(b, t->blanks && rnd(2) ? "  " : "");
			add_line_end(b, t);
		}
		if (t->comments && rnd(3000) == 0)
			add(b, rnd(2) ? "# a line, \"of comment\n" : "x,#");
		if (t->long_rows && rnd(50) == 0)
			n += 1 + rnd(3);
		for (unsigned c = 0; c < n; c++) {
			add(b, c ? "," : "");
			add_field(b, t);
		}
		if (i + 1 < t->rows || t->final_newline)
			add_line_end(b, t);
	}
}

/* A source that returns its bytes in pieces of random sizes, as a pipe does. */
struct pieces {
	struct span text;
	size_t at;
};

static int read_piece(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	struct pieces *p = self;
	size_t left = p->text.size - p->at, most = 1 + rnd(1 << rnd(20));

	(void)err;
	*n = left < size ? left : size;
	*n = *n < most ? *n : most;
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

#endif
