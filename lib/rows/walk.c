#include "rows/walk.h"

#include "base/error.h"
#include "base/utf8.h"
#include "rows/part_ends.h"
#include "rows/quick.h"
#include "rows/rows.h"

/*
 * Most windows are read by the index of their fields. The tokenizer reads a window instead if its
 * quotes are irregular, if it may have a comment, or if lines are skipped by their number. It goes
 * over such a window twice: here to count rows, and when the rows are filled (tile.c).
 *
 * The text of a window may end anywhere. A record that reaches the end of the text is not counted,
 * since more of it may follow, except at the end of the source.
 */

/* An index has four bytes for each byte of text: a hostile record must not make it huge. */
#define QUICK_MOST ((size_t)16 << 20)

/* The end of a record, and the counts up to there. */
struct place {
	size_t at;
	uint64_t n_rows, n_skipped, n_lines;
};

static void set_end(struct window *w, struct walk *walk, const struct place *end)
{
	w->to = end->at;
	w->n_rows = end->n_rows;
	w->n_skipped = end->n_skipped;
	walk->n_lines = end->n_lines;
}

static bool is_aligned(const struct window *w, const struct place *p)
{
	return (w->first_row + p->n_rows) % ROWS_ALIGNMENT == 0;
}

static int too_long(const struct window *w, struct walk *walk, size_t start, size_t n_fields,
                    struct shmpub_error *err)
{
	walk->error_at = w->offset + start;
	return error_set(err, SHMPUB_ERR_CSV, "%zu fields, expected %zu", n_fields,
	                 walk->shape->width);
}

static int open_quote(const struct window *w, struct walk *walk, size_t start,
                      struct shmpub_error *err)
{
	walk->error_at = w->offset + start;
	return csv_token_error(CSV_OPEN_QUOTE, err);
}

/* --- by the index ------------------------------------------------------------------------------- */

/*
 * Adds a run to *p. Sets *aligned to the last row of the run that ends at a multiple of
 * ROWS_ALIGNMENT.
 */
static void add_run(struct place *aligned, struct place *p, const struct window *w,
                    const struct quick_cursor *q, const struct quick_run *run)
{
	size_t extra;

	p->n_rows += run->n_rows;
	p->at = quick_next_at(q);
	extra = (size_t)((w->first_row + p->n_rows) % ROWS_ALIGNMENT);
	if (extra >= run->n_rows && extra > 0)
		return;
	*aligned = *p;
	if (extra > 0) {
		aligned->n_rows -= extra;
		aligned->at = quick_row_at(q, run, run->n_rows - extra);
	}
}

enum { WALK_ODD = 80 };

static int walk_quickly(struct window *w, struct walk *walk, struct shmpub_error *err)
{
	struct quick_cursor q = quick_begin(w, walk->shape);
	struct place p = { .at = w->from, .n_lines = walk->n_lines }, aligned = p;
	struct quick_record record;
	struct quick_run run;
	size_t start;

	while (!quick_is_over(&q)) {
		run = quick_next_run(&q, SIZE_MAX);
		if (run.n_rows > 0) {
			add_run(&aligned, &p, w, &q, &run);
			continue;
		}
		if (!quick_next_record(&record, &q))
			return WALK_ODD;
		if (!shape_is_too_long(walk->shape, record.n_fields))
			p.n_rows += record.n_fields > 0;
		else if (walk->shape->skips_bad_lines)
			p.n_skipped++;
		else
			return too_long(w, walk, record.start, record.n_fields, err);
		p.at = quick_next_at(&q);
		if (is_aligned(w, &p))
			aligned = p;
	}
	if (part_ends_in_field(&start, w, walk->parts, p.at))
		return open_quote(w, walk, start, err);
	if (walk->is_last)
		p.at = w->text.size;
	else if (part_ends_between(w, walk->parts, p.at, w->text.size))
		return open_quote(w, walk, p.at, err); /* no record ends in this text */
	walk->unread = p.at;
	set_end(w, walk, walk->is_aligned && !walk->is_last ? &aligned : &p);
	return SHMPUB_OK;
}

/* --- by the tokenizer --------------------------------------------------------------------------- */

static int token_error(const struct window *w, struct walk *walk, const struct csv_tokenizer *t,
                       enum csv_token_answer answer, struct shmpub_error *err)
{
	walk->error_at = w->offset + t->at;
	return csv_token_error(answer, err);
}

/*
 * Moves *p past lines that are no records, so that the next window need not read them again. But
 * the tokenizer looks for a \r in the two bytes before a line. If there is one, except in \r\n,
 * the result depends on where the tokenizer began to read, and *p stays.
 */
static void skip_lines(struct place *p, const struct window *w, const struct csv_tokenizer *t)
{
	const char *line = w->text.data + t->line_at;

	if (t->line_at < p->at + LOOK_BACK ||
	    (line[-1] != '\n' && (line[-1] == '\r' || line[-2] == '\r')))
		return;
	p->at = t->line_at;
	p->n_lines = t->line_number;
}

static int add_record(struct place *p, const struct window *w, struct walk *walk,
                      const struct csv_record *record, struct shmpub_error *err)
{
	walk->widest = record->n_fields > walk->widest ? record->n_fields : walk->widest;
	if (!shape_is_too_long(walk->shape, record->n_fields))
		p->n_rows++;
	else if (walk->shape->skips_bad_lines)
		p->n_skipped++;
	else
		return too_long(w, walk, record->start, record->n_fields, err);
	return SHMPUB_OK;
}

static int walk_exactly(struct window *w, struct walk *walk, struct shmpub_error *err)
{
	struct csv_tokenizer t = { .dialect = walk->shape->dialect,
		                   .text = w->text,
		                   .at = w->from,
		                   .n_lines = walk->n_lines,
		                   .skip_first = walk->shape->skip_first,
		                   .skip_list = walk->shape->skip_list };
	struct place p = { .at = w->from, .n_lines = walk->n_lines }, aligned = p;
	uint32_t cut;
	struct csv_record record = { .cuts = &cut };
	enum csv_token_answer answer;
	int r;

	w->is_exact = true;
	w->base = w->from;
	for (;;) {
		t.line_at = 0;
		record.base = t.at;
		answer = csv_tokenize(&t, &record);
		if (answer != CSV_END &&
		    part_ends_between(w, walk->parts, record.start,
		                      answer == CSV_RECORD ? t.at : w->text.size))
			return open_quote(w, walk, record.start, err);
		if (!walk->is_last && (answer != CSV_RECORD || t.at >= w->text.size))
			break;
		if (answer == CSV_END)
			break;
		if (answer != CSV_RECORD)
			return token_error(w, walk, &t, answer, err);
		r = add_record(&p, w, walk, &record, err);
		if (r)
			return r;
		p.at = t.at;
		p.n_lines = t.n_lines;
		if (is_aligned(w, &p))
			aligned = p;
	}
	if (walk->is_last) {
		p.at = w->text.size;
		p.n_lines = t.n_lines;
	} else if (answer == CSV_END) {
		skip_lines(&p, w, &t);
		if (is_aligned(w, &p))
			aligned = p;
	}
	walk->unread = answer == CSV_END ? p.at : record.start;
	set_end(w, walk, walk->is_aligned && !walk->is_last ? &aligned : &p);
	return SHMPUB_OK;
}

/* --- either of them ----------------------------------------------------------------------------- */

/* Returns true if no later line is skipped because of its number. */
static bool is_after_skipped(const struct row_shape *s, uint64_t n_lines)
{
	const struct csv_items *list = s->skip_list;

	return n_lines >= s->skip_first &&
	       (list == NULL || list->n == 0 || n_lines > list->items[list->n - 1].position);
}

/* An index that was made before it was known where the rows begin may serve. */
static int index_window(struct window *w, bool *is_odd, const struct walk *walk,
                        struct shmpub_error *err)
{
	if (w->ahead.has_index && quick_find(w, walk->shape, w->from)) {
		*is_odd = false;
		return SHMPUB_OK;
	}
	return quick_index(w, is_odd, walk->shape, walk->is_last, err);
}

int walk_records(struct window *w, struct walk *walk, struct shmpub_error *err)
{
	bool is_odd = true;
	int r = SHMPUB_OK;

	w->to = w->from;
	w->n_rows = w->n_skipped = 0;
	w->n_lines = walk->n_lines;
	w->is_exact = w->has_bad_text = false;
	if (walk->is_quick && w->text.size - w->from <= QUICK_MOST &&
	    is_after_skipped(walk->shape, walk->n_lines))
		r = index_window(w, &is_odd, walk, err);
	else
		w->is_ascii = false;
	if (r == SHMPUB_OK)
		r = is_odd ? WALK_ODD : walk_quickly(w, walk, err);
	return r == WALK_ODD ? walk_exactly(w, walk, err) : r;
}

void walk_check_text(struct window *w)
{
	size_t size = w->to - w->from;

	w->has_bad_text = !w->is_ascii &&
	                  utf8_valid_prefix(span_of(w->text.data + w->from, size)) != size;
}

int walk_window(struct window *w, struct walk *walk, struct shmpub_error *err)
{
	int r = walk_records(w, walk, err);

	if (r == SHMPUB_OK)
		walk_check_text(w);
	return r;
}
