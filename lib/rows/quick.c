#include "rows/quick.h"

#include "base/error.h"

/*
 * If all records of a window have the width of the table, its index can serve as the table of
 * cuts without a copy: the end of one record is the cut before the first field of the next
 * record, so that cells lie at a constant stride. Records of another shape are returned one by
 * one. If lines end in \r\n, the index has both bytes as ends, and the stride is one more,
 * because there is an empty field between \r and \n.
 *
 * The index does not tell which \r stand before a \n (then the next record begins one byte
 * later), nor which lines are blank. For these two questions the text is looked at.
 */

bool quick_is_possible(const struct row_shape *s)
{
	const struct csv_dialect *d = s->dialect;
	bool is_usual = d->delimiter != '\n' && d->delimiter != '\r' && d->delimiter != d->quote &&
	                d->quote != '\n' && d->quote != '\r' && d->quote != ' ' && d->quote != '\t';

	/*
	 * If there are more names than fields allowed, a record as wide as the table is too long.
	 */
	if (s->width < s->table_width && !s->drops_extra)
		return false;
	return is_usual && !d->is_whitespace && !(d->skips_spaces && d->delimiter == ' ');
}

/* Returns true if this cut is a \r with a \n after it. */
static bool is_crlf(const struct window *w, uint32_t cut)
{
	size_t at = w->base + cut;

	return at + 1 < w->text.size && w->text.data[at] == '\r' && w->text.data[at + 1] == '\n';
}

/* Returns true if the line before `from` ends in \r\n: then those of this window probably do. */
static bool is_after_crlf(const struct window *w)
{
	return w->base >= 2 && w->text.data[w->base - 2] == '\r' &&
	       w->text.data[w->base - 1] == '\n';
}

/*
 * Ends the last record of the source, which may lack a line end. Returns false if a quote is
 * open.
 */
static bool close_last(struct window *w, const struct csv_index_state *state)
{
	if (state->line)
		return true;
	if (state->quoted)
		return false;
	w->cuts[++w->n_ends] = (uint32_t)(w->text.size - w->base);
	w->records[w->n_records++] = (uint32_t)w->n_ends;
	return true;
}

/* If the text ends with \r, a \n may follow it: leaves the last record to the next window. */
static void hold_back_last(struct window *w)
{
	if (w->n_records > 0 && w->text.data[w->text.size - 1] == '\r' &&
	    w->base + w->cuts[w->records[w->n_records - 1]] + 1 == w->text.size)
		w->n_records--;
}

int quick_index(struct window *w, bool *is_odd, const struct row_shape *shape, bool is_last,
                struct shmpub_error *err)
{
	const struct csv_dialect *d = shape->dialect;
	struct span text = span_of(w->text.data + w->from, w->text.size - w->from);
	struct csv_index_state state = CSV_INDEX_START;
	struct csv_index index = { .odd_quote = CSV_INDEX_NONE };
	int r;

	*is_odd = true;
	w->is_ascii = false;
	w->base = w->from;
	w->n_ends_before = w->n_records_before = 0;
	if (d->has_comment && text.size && memchr(text.data, d->comment, text.size))
		return SHMPUB_OK;
	r = window_reserve_index(w, text.size, err);
	if (r)
		return r;
	w->dialect = (struct csv_index_dialect){ d->delimiter, d->quote, d->has_quote,
		                                 is_after_crlf(w) };
	w->cuts[0] = UINT32_MAX;
	index.ends = w->cuts + 1;
	index.records = w->records;
	csv_index_best()->index(&index, text, &w->dialect, &state);
	w->is_ascii = !index.has_non_ascii;
	if (index.odd_quote != CSV_INDEX_NONE)
		return SHMPUB_OK;
	w->n_ends = index.n_ends;
	w->n_records = index.n_records;
	w->has_cr = index.has_cr;
	if (is_last)
		*is_odd = !close_last(w, &state);
	else
		*is_odd = false;
	if (!is_last)
		hold_back_last(w);
	return SHMPUB_OK;
}

static bool is_blank(const struct window *w, char c)
{
	return (c == ' ' || c == '\t') && c != w->dialect.delimiter;
}

/* Returns true if a record of one field may be a blank line: it is empty or begins with a blank. */
static bool may_be_blank(const struct window *w, const uint32_t *cut)
{
	const char *text = w->text.data + w->base;

	return cut[0] + 1 == cut[1] || is_blank(w, text[cut[0] + 1]);
}

/*
 * Returns true if the record n places on has the width of the table and, with \r\n, both line
 * ends.
 */
static bool is_regular(const struct quick_cursor *q, size_t n, size_t stride)
{
	const struct window *w = q->window;
	const uint32_t *cut = w->cuts + q->n_ends + n * stride;

	if (w->records[q->n_records + n] != q->n_ends + n * stride + q->width ||
	    (q->width == 1 && may_be_blank(w, cut)))
		return false;
	return stride == q->width ||
	       (q->n_ends + (n + 1) * stride <= w->n_ends && is_crlf(w, cut[q->width]));
}

struct quick_run quick_next_run(struct quick_cursor *q, size_t most)
{
	const struct window *w = q->window;
	size_t left = w->n_records - q->n_records, stride = q->width + w->dialect.keeps_lf;
	struct quick_run run = { w->cuts + q->n_ends, stride, 0 };
	size_t n = 0;

	most = most < left ? most : left;
	if (w->has_cr && !w->dialect.keeps_lf)
		most = 0;
	while (n < most && is_regular(q, n, stride))
		n++;
	run.n_rows = n;
	q->n_records += n;
	q->n_ends += n * stride;
	return run;
}

/* Returns the cut before a record: the end of the record before, or the \n after that end. */
static uint32_t cut_before(const struct window *w, uint32_t cut)
{
	return cut != UINT32_MAX && is_crlf(w, cut) ? cut + 1 : cut;
}

static bool is_blank_line(const struct window *w, size_t from, size_t to)
{
	while (from < to && is_blank(w, w->text.data[from]))
		from++;
	return from >= to;
}

/* Returns true for a delimiter after the \r of a blank line: pandas swallows that delimiter. */
static bool is_swallowing(const struct window *w, uint32_t end)
{
	size_t at = w->base + end;

	return at + 1 < w->text.size && w->text.data[at] == '\r' &&
	       w->text.data[at + 1] == w->dialect.delimiter;
}

bool quick_next_record(struct quick_record *out, struct quick_cursor *q)
{
	const struct window *w = q->window;
	size_t end = w->records[q->n_records++];
	struct quick_record record = {
		.before = cut_before(w, w->cuts[q->n_ends]),
		.ends = w->cuts + 1 + q->n_ends,
		.n_fields = end - q->n_ends,
	};

	record.start = w->base + (uint32_t)(record.before + 1);
	q->n_ends = end;
	if (w->dialect.keeps_lf && is_crlf(w, w->cuts[end]))
		q->n_ends++;
	if (record.n_fields == 1 && is_blank_line(w, record.start, w->base + record.ends[0])) {
		record.n_fields = 0;
		if (is_swallowing(w, record.ends[0]))
			return false;
	}
	*out = record;
	return true;
}

size_t quick_next_at(const struct quick_cursor *q)
{
	const struct window *w = q->window;
	size_t at = w->base + (uint32_t)(cut_before(w, w->cuts[q->n_ends]) + 1);

	return at < w->text.size ? at : w->text.size;
}

size_t quick_row_at(const struct quick_cursor *q, const struct quick_run *run, size_t i)
{
	const struct window *w = q->window;

	return w->base + (uint32_t)(cut_before(w, run->cuts[i * run->stride]) + 1);
}

bool quick_find(struct window *w, const struct row_shape *shape, size_t at)
{
	struct quick_cursor q = { .window = w, .width = shape->table_width };
	struct quick_record record;

	while (quick_next_at(&q) < at && !quick_is_over(&q)) {
		if (!quick_next_record(&record, &q))
			return false;
	}
	w->n_ends_before = q.n_ends;
	w->n_records_before = q.n_records;
	return quick_next_at(&q) == at;
}
