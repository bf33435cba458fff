#include "rows/rejects.h"

#include "rows/rows.h"

/* The number of the line at an offset of the source, counted window by window. */
struct line_count {
	uint64_t line;
	uint64_t at; /* offset in the source up to which lines are counted */
	bool is_cr;  /* the byte before is \r, which ends a line unless \n follows */
	const struct byte_parts *parts; /* NULL: none */
	size_t n_parts;                 /* so many begin at `at` or before */
	uint64_t part_begin; /* the line of the source with which the last of them begins */
};

/* Only where all bytes of the window were read: it is known which parts begin in it. */
static void enter_parts(struct line_count *c)
{
	while (c->parts != NULL && c->n_parts < c->parts->n_begun &&
	       c->parts->begin[c->n_parts] == c->at) {
		c->part_begin = c->line + c->is_cr;
		c->n_parts++;
	}
}

static void count_to(struct line_count *c, const struct window *w, uint64_t offset)
{
	for (; c->at < offset; c->at++) {
		char byte = w->text.data[c->at - w->offset];

		enter_parts(c);
		c->line += (c->is_cr && byte != '\n') || byte == '\n';
		c->is_cr = byte == '\r';
	}
}

static struct span without_line_end(struct span record)
{
	if (record.size > 0 && record.data[record.size - 1] == '\n')
		record.size--;
	if (record.size > 0 && record.data[record.size - 1] == '\r')
		record.size--;
	return record;
}

static int take_record(const struct row_shape *shape, struct line_count *lines,
                       const struct window *w, const struct csv_record *record, size_t end,
                       int (*take)(void *arg, const struct reject *reject), void *arg)
{
	struct reject reject = { .n_fields = record->n_fields, .n_expected = shape->width };

	count_to(lines, w, w->offset + record->start);
	enter_parts(lines);
	reject.line = lines->line + lines->is_cr;
	if (lines->n_parts > 0) {
		reject.part = lines->parts->names[lines->n_parts - 1];
		reject.part_line = lines->parts->line[lines->n_parts - 1] + reject.line -
		                   lines->part_begin;
	}
	reject.text = without_line_end(span_of(w->text.data + record->start, end - record->start));
	return take(arg, &reject);
}

static int each_in_window(const struct row_shape *shape, struct line_count *lines,
                          const struct window *w,
                          int (*take)(void *arg, const struct reject *reject), void *arg)
{
	struct csv_tokenizer t = { .dialect = shape->dialect,
		                   .text = w->text,
		                   .at = w->from,
		                   .n_lines = w->n_lines,
		                   .skip_first = shape->skip_first,
		                   .skip_list = shape->skip_list };
	uint64_t n_left = w->n_skipped;
	uint32_t cut;
	struct csv_record record = { .cuts = &cut };
	int e = SHMPUB_OK;

	while (n_left > 0 && t.at < w->to && e == SHMPUB_OK) {
		record.base = t.at;
		if (csv_tokenize(&t, &record) != CSV_RECORD)
			break; /* the text changed while it was read, which is noticed elsewhere */
		if (!shape_is_too_long(shape, record.n_fields))
			continue;
		n_left--;
		e = take_record(shape, lines, w, &record, t.at, take, arg);
	}
	return e;
}

int rows_each_reject(struct rows *r, int (*take)(void *arg, const struct reject *reject), void *arg,
                     struct shmpub_error *err)
{
	struct line_count lines = { .line = 1, .parts = r->source->parts };
	struct window w = WINDOW_NONE;
	int e = rows_rewind(r, err);

	while (e == SHMPUB_OK) {
		e = rows_next(&w, r, err);
		if (e == SHMPUB_OK)
			e = each_in_window(&r->shape, &lines, &w, take, arg);
		if (e == SHMPUB_OK)
			count_to(&lines, &w, w.offset + w.to);
	}
	window_free(&w);
	return e == ROWS_END ? SHMPUB_OK : e;
}
