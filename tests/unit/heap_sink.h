/*
 * A sink in heap memory, for tests of what fills one: no segment, no Arrow. It also prints
 * the table, so that a test's expectation is one line of text.
 */
#ifndef SHMPUB_TESTS_HEAP_SINK_H
#define SHMPUB_TESTS_HEAP_SINK_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/compiler.h"
#include "columns/sink.h"
#include "columns/table.h"
#include "ingest/ingest.h"
#include "platform/platform.h"

struct heap_sink {
	struct table_sink sink;
};

static inline void *heap_area(size_t size)
{
	void *p = block_new(64, (size + 127) / 64 * 64);

	memset(p, 0xA5, (size + 127) / 64 * 64); /* nobody may count on zeros */
	return p;
}

static inline void heap_sink_init(struct heap_sink *h, const struct schema *s, uint64_t capacity)
{
	h->sink = (struct table_sink){ .schema = s, .capacity = capacity };
	h->sink.columns = calloc(s->n_fields ? s->n_fields : 1, sizeof(*h->sink.columns));
	for (size_t i = 0; i < s->n_fields; i++) {
		struct column_sink *c = &h->sink.columns[i];
		const struct field *f = &s->fields[i];
		bool is_text = f->type == SHMPUB_TEXT && !f->is_dictionary;

		c->validity = heap_area(capacity / 8 + 1);
		if (is_text)
			c->offsets = heap_area((capacity + 1) * 8);
		else
			c->values = heap_area(capacity * 8);
		if (is_text && f->text_expected) {
			c->text = heap_area(f->text_expected);
			c->text_room = f->text_expected;
		}
	}
}

static inline void heap_sink_text(struct heap_sink *h)
{
	for (size_t i = 0; i < h->sink.schema->n_fields; i++) {
		struct column_sink *c = &h->sink.columns[i];

		if (c->offsets == NULL || c->is_text_done)
			continue;
		block_free(c->text);
		c->text = heap_area(c->text_size);
	}
}

static inline void heap_sink_free(struct heap_sink *h)
{
	for (size_t i = 0; h->sink.columns && i < h->sink.schema->n_fields; i++) {
		block_free(h->sink.columns[i].validity);
		block_free(h->sink.columns[i].values);
		block_free(h->sink.columns[i].offsets);
		block_free(h->sink.columns[i].text);
	}
	free(h->sink.columns);
	h->sink.columns = NULL;
}

struct printer {
	char *out;
	size_t size, room;
};

static inline void print(struct printer *p, const char *format, ...) PRINTF_LIKE(2, 3);
static inline void print(struct printer *p, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(p->out + p->size, p->room - p->size, format, args);
	va_end(args);
	p->size += (size_t)n < p->room - p->size ? (size_t)n : p->room - p->size - 1;
}

static inline void print_value(struct printer *p, enum shmpub_type type, const void *values,
                               const int64_t *offsets, const char *text, uint64_t row)
{
	switch (type) {
	case SHMPUB_BOOL:
		print(p, "%c", bit_get(values, row) ? 'T' : 'F');
		break;
	case SHMPUB_UINT64:
		print(p, "%" PRIu64, ((const uint64_t *)values)[row]);
		break;
	case SHMPUB_FLOAT64:
		print(p, "%.17g", ((const double *)values)[row]);
		break;
	case SHMPUB_TEXT:
		print(p, "%.*s", (int)(offsets[row + 1] - offsets[row]), text + offsets[row]);
		break;
	default:
		print(p, "%" PRId64, ((const int64_t *)values)[row]);
	}
}

static inline void print_cell(struct printer *p, const struct heap_sink *h, size_t i, uint64_t row)
{
	const struct column_sink *c = &h->sink.columns[i];
	const struct shmpub_column *d = c->dictionary;
	uint32_t code = 0;

	if (h->sink.schema->fields[i].type == SHMPUB_NULL || !bit_get(c->validity, row)) {
		print(p, "-");
		return;
	}
	if (!h->sink.schema->fields[i].is_dictionary) {
		print_value(p, h->sink.schema->fields[i].type, c->values, c->offsets, c->text, row);
		return;
	}
	memcpy(&code, (const char *)c->values + row * (size_t)c->code_size, (size_t)c->code_size);
	print(p, "#%u=", code);
	print_value(p, d->type, d->values, d->offsets, d->text, code);
}

/* `name:type ... | cells of row 0 | ...`; a column's type is i u f b s t n, k: dictionary, ^: index, !: objects. */
static inline void heap_sink_print(const struct heap_sink *h, char *out, size_t room)
{
	struct printer p = { out, 0, room };
	const struct schema *s = h->sink.schema;

	out[0] = '\0';
	for (size_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];

		print(&p, "%s%.*s:%s%s%c%s", i ? " " : "", (int)f->name.size,
		      f->name.size ? f->name.data : "", f->index_level >= 0 ? "^" : "",
		      f->is_dictionary ? "k" : "", "nbiufts"[f->type], f -> kind ? "!" : "");
	}
	for (uint64_t row = 0; row < h->sink.n_rows; row++) {
		print(&p, " |");
		for (size_t i = 0; i < s->n_fields; i++) {
			print(&p, " ");
			print_cell(&p, h, i, row);
		}
	}
}

/* The whole way; *n_rounds: how often it was filled; *learnt: the schema for the next time, or NULL. */
static inline int heap_ingest_source(char *out, size_t room, const struct byte_source *source,
                                     const struct csv_options *options, const struct schema *guess,
                                     const struct runner *runner, int *n_rounds,
                                     struct schema *learnt, struct shmpub_error *err)
{
	struct heap_sink h = { .sink = { .columns = NULL } };
	struct ingest *in;
	int r = ingest_open(&in, source, options, guess, runner, err);

	*n_rounds = 0;
	out[0] = '\0';
	if (r)
		return r;
	do {
		heap_sink_free(&h);
		heap_sink_init(&h, ingest_schema(in), ingest_capacity(in));
		r = ingest_fill(in, &h.sink, err);
		if (r == INGEST_RETYPE) {
			struct table_sink old = h.sink;

			/* the sink's schema has changed under it: free by what was there */
			for (size_t i = 0; i < old.schema->n_fields; i++) {
				block_free(old.columns[i].validity);
				block_free(old.columns[i].values);
				block_free(old.columns[i].offsets);
				block_free(old.columns[i].text);
			}
			free(old.columns);
			h.sink.columns = NULL;
		}
		++*n_rounds;
	} while (r == INGEST_RETYPE);
	if (r == 0)
		heap_sink_text(&h);
	if (r == 0)
		heap_sink_print(&h, out, room);
	if (r == 0 && learnt)
		r = schema_copy(learnt, ingest_schema(in), err);
	heap_sink_free(&h);
	ingest_close(in);
	return r;
}

/* The same of text in memory. */
static inline int heap_ingest(char *out, size_t room, struct span text,
                              const struct csv_options *options, const struct schema *guess,
                              const struct runner *runner, int *n_rounds, struct schema *learnt,
                              struct shmpub_error *err)
{
	struct byte_source source = byte_source_of(text);

	return heap_ingest_source(out, room, &source, options, guess, runner, n_rounds, learnt,
	                          err);
}

#endif
