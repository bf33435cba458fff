#include "ingest/quick.h"

#include "base/alloc.h"
#include "base/error.h"

/*
 * The index is made a window at a time. Where every record of it has the width of the
 * table, the index *is* the table of cuts: the end of one record is the cut before the
 * next one's first field, so cells lie at a constant stride with nothing copied. Records
 * of another shape are given out singly. Where lines end in \r\n, both are ends, and the
 * stride has one more place for the nothing between them.
 *
 * A record that has far more fields than the table is not gathered here, because nobody
 * has bounded how many: the exact way counts fields without keeping them.
 *
 * Two things are known of the text and not of the index: which \r stand before a \n (the
 * next record begins one byte later), and which lines hold nothing but blanks.
 */

#ifdef SHMPUB_SMALL_STEPS /* the fuzzers' build */
#define WINDOW 128u
#else
#define WINDOW (32u * 1024)
#endif
#define WINDOW_MAX (4 * WINDOW)
#define OFFSET_MAX (UINT32_MAX - 2 * WINDOW_MAX) /* offsets are 32 bits wide */

/*
 * As much as the nearest caches hold, but where records have very many fields enough for
 * a dozen of them: going over a tile column by column has a price per column.
 */
static size_t window_size(const struct header *h)
{
	size_t some_records = 128 * h->table_width / CSV_INDEX_BLOCK * CSV_INDEX_BLOCK;

	if (some_records < WINDOW)
		return WINDOW;
	return some_records < WINDOW_MAX ? some_records : WINDOW_MAX;
}

bool quick_is_possible(const struct header *h)
{
	const struct csv_dialect *d = h->rows.dialect;
	bool is_usual = d->delimiter != '\n' && d->delimiter != '\r' && d->delimiter != d->quote &&
	                d->quote != '\n' && d->quote != '\r' && d->quote != ' ' && d->quote != '\t';

	/* With more names than a record may have fields, one of as many fields is no regular one. */
	if (h->width < h->table_width && !h->drops_extra)
		return false;
	return is_usual && !d->is_whitespace && !(d->skips_spaces && d->delimiter == ' ');
}

/* Then this line probably ends in the same way. */
static bool is_behind_crlf(struct span text, size_t at)
{
	return at >= 2 && text.data[at - 2] == '\r' && text.data[at - 1] == '\n';
}

void quick_seek(struct quick_reader *q, const struct header *h, size_t at, size_t end)
{
	const struct csv_dialect *d = h->rows.dialect;

	q->kind = csv_index_best();
	q->text = h->rows.text;
	q->dialect = (struct csv_index_dialect){ d->delimiter, d->quote, d->has_quote,
		                                 is_behind_crlf(q->text, at) };
	q->state = CSV_INDEX_START;
	q->owes_lf = false;
	q->window = window_size(h);
	q->width = h->table_width;
	q->most = h->table_width + q->window;
	q->base = q->at = at;
	q->end = end;
	q->n_ends = q->n_records = q->given_ends = q->given_records = 0;
	q->has_cr = false;
	if (q->cuts)
		q->cuts[0] = UINT32_MAX;
}

void quick_free(struct quick_reader *q)
{
	mem_free(q->cuts);
	mem_free(q->records);
	*q = QUICK_READER_NONE;
}

/* Keep the ends of the record that is not whole yet, and have room for a window's more. */
static int make_room(struct quick_reader *q, struct shmpub_error *err)
{
	size_t kept = q->n_ends - q->given_ends;
	size_t room = kept + q->window + CSV_INDEX_BLOCK;
	uint32_t *cuts;

	if (q->records == NULL) {
		q->records = mem_alloc((q->window + CSV_INDEX_BLOCK) * sizeof(*q->records));
		if (q->records == NULL)
			return error_nomem(err, q->window * sizeof(*q->records));
	}
	if (room > q->room) {
		room *= 2;
		cuts = mem_resize(q->cuts, (room + 1) * sizeof(*cuts));
		if (cuts == NULL)
			return error_nomem(err, room * sizeof(*cuts));
		if (q->cuts == NULL)
			cuts[0] = UINT32_MAX;
		q->cuts = cuts;
		q->room = room;
	}
	memmove(q->cuts, q->cuts + q->given_ends, (kept + 1) * sizeof(*q->cuts));
	q->n_ends = kept;
	q->given_ends = 0;
	q->n_records = q->given_records = 0;
	return SHMPUB_OK;
}

/* The last record may have no line end: it ends with the text. */
static int close_last(struct quick_reader *q)
{
	if (q->end != q->text.size || q->state.line)
		return SHMPUB_OK;
	if (q->state.quoted)
		return QUICK_ODD;
	q->cuts[++q->n_ends] = (uint32_t)(q->end - q->base);
	q->records[q->n_records++] = (uint32_t)q->n_ends;
	return SHMPUB_OK;
}

static int index_window(struct quick_reader *q)
{
	size_t left = q->end - q->at, size = left < q->window ? left : q->window;
	struct csv_index index = { .base = (uint32_t)(q->at - q->base),
		                   .ends = q->cuts + 1,
		                   .n_ends = q->n_ends,
		                   .records = q->records,
		                   .odd_quote = CSV_INDEX_NONE };

	q->kind->index(&index, span_of(q->text.data + q->at, size), &q->dialect, &q->state);
	if (index.odd_quote != CSV_INDEX_NONE || q->at - q->base >= OFFSET_MAX)
		return QUICK_ODD;
	q->at += size;
	q->n_ends = index.n_ends;
	q->n_records = index.n_records;
	q->has_cr |= index.has_cr;
	return q->at == q->end ? close_last(q) : SHMPUB_OK;
}

/* Index windows until a record is whole. */
static int refill(struct quick_reader *q, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	while (r == SHMPUB_OK && q->given_records == q->n_records) {
		if (q->at == q->end)
			return QUICK_END;
		if (q->n_ends - q->given_ends > q->most)
			return QUICK_ODD;
		r = make_room(q, err);
		if (r == SHMPUB_OK)
			r = index_window(q);
		if (q->owes_lf && q->n_ends > q->given_ends) {
			q->given_ends++;
			q->owes_lf = false;
		}
	}
	return r;
}

/* Whether the end at this cut is a \r whose \n follows. */
static bool is_crlf(const struct quick_reader *q, uint32_t cut)
{
	const char *end = q->text.data + q->base + cut;

	return q->base + cut + 1 < q->end && end[0] == '\r' && end[1] == '\n';
}

static bool is_blank(const struct quick_reader *q, char c)
{
	return (c == ' ' || c == '\t') && c != q->dialect.delimiter;
}

/* A record of one field: whether its line is empty or may be blank is to be looked at. */
static bool is_suspect(const struct quick_reader *q, const uint32_t *cut)
{
	const char *line = q->text.data + q->base;

	return cut[0] + 1 == cut[1] || is_blank(q, line[cut[0] + 1]);
}

/* Whether record n of those at hand has its fields, and its two ends if lines have two, where a run has them. */
static bool is_regular(const struct quick_reader *q, size_t n, size_t stride)
{
	const size_t width = q->width;
	const uint32_t *cut = q->cuts + q->given_ends + n * stride;

	if (q->records[q->given_records + n] != q->given_ends + n * stride + width ||
	    (width == 1 && is_suspect(q, cut)))
		return false;
	return stride == width ||
	       (q->given_ends + (n + 1) * stride <= q->n_ends && is_crlf(q, cut[width]));
}

int quick_next_run(struct quick_run *run, struct quick_reader *q, size_t most,
                   struct shmpub_error *err)
{
	size_t n = 0, left, stride = q->width + q->dialect.keeps_lf;
	int r;

	r = refill(q, err);
	if (r)
		return r;
	left = q->n_records - q->given_records;
	most = most < left ? most : left;
	if (q->has_cr && !q->dialect.keeps_lf)
		most = 0;
	while (n < most && is_regular(q, n, stride))
		n++;
	*run = (struct quick_run){ q->cuts + q->given_ends, stride, n };
	q->given_records += n;
	q->given_ends += n * stride;
	return SHMPUB_OK;
}

/* The cut before the next record: the end before it, or the \n behind that end. */
static uint32_t cut_before(const struct quick_reader *q)
{
	uint32_t cut = q->cuts[q->given_ends];

	return cut != UINT32_MAX && is_crlf(q, cut) ? cut + 1 : cut;
}

static bool is_blank_line(const struct quick_reader *q, size_t from, size_t to)
{
	while (from < to && is_blank(q, q->text.data[from]))
		from++;
	return from >= to;
}

/* A delimiter right behind the \r of a blank line: pandas swallows it. */
static bool is_swallowing(const struct quick_reader *q, uint32_t end)
{
	size_t at = q->base + end;

	return at + 1 < q->end && q->text.data[at] == '\r' &&
	       q->text.data[at + 1] == q->dialect.delimiter;
}

int quick_one(struct quick_record *out, struct quick_reader *q)
{
	size_t end = q->records[q->given_records++];
	struct quick_record one = {
		.before = cut_before(q),
		.ends = q->cuts + 1 + q->given_ends,
		.n_fields = end - q->given_ends,
	};

	one.start = q->base + (uint32_t)(one.before + 1);
	q->given_ends = end;
	if (q->dialect.keeps_lf && is_crlf(q, q->cuts[end])) {
		q->owes_lf = end == q->n_ends;
		q->given_ends += !q->owes_lf;
	}
	if (one.n_fields == 1 && is_blank_line(q, one.start, q->base + one.ends[0])) {
		one.n_fields = 0;
		if (is_swallowing(q, one.ends[0]))
			return QUICK_ODD;
	}
	*out = one;
	return SHMPUB_OK;
}

size_t quick_at(const struct quick_reader *q)
{
	size_t at = q->base + (uint32_t)(cut_before(q) + 1);

	return at < q->text.size ? at : q->text.size;
}
