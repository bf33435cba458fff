#include "ingest/tile.h"

#include "base/alloc.h"
#include "base/error.h"
#include "ingest/counts.h"
#include "ingest/text_check.h"

/*
 * Rows are cut into stretches of some 256 KB, each beginning at a multiple of eight rows, so
 * that two threads never share a byte of bits.
 *
 * An ordinary stretch is not taken apart here: its records are counted, which is several
 * times faster than finding their fields, and only the window behind it is looked at
 * closely, for the record that the next stretch begins with. Where counting would not
 * be exact (blank lines behind \r, lines of blanks) the quick reader goes over the
 * records, and where quotes are not regular the tokenizer does.
 */

#define STRETCH_MAX (1024u * 1024 * 1024)
#ifdef SHMPUB_SMALL_STEPS /* the fuzzers' build: seams in texts of a few hundred bytes */
#define STRETCH_SIZE 128u
#define SEAM_SIZE 64u
#else
#define STRETCH_SIZE (256u * 1024)
#define SEAM_SIZE (4u * 1024)
#endif

struct walk { /* where the stretch to come begins */
	struct marks *m;
	const struct header *h;
	bool skips_bad_lines;
	struct csv_tokenizer t;
	struct quick_reader quick;
	bool is_ascii; /* the stretch that was passed, for certain */
	struct counts counts;
	/* Rows that end before a chunk's beginning, t.at being the first mark behind it. */
	size_t chunk;
	uint64_t n_rows_before;
};

int row_too_long(const struct header *h, size_t start, size_t n_fields, struct shmpub_error *err)
{
	return error_set_line(err, SHMPUB_ERR_CSV, csv_line_at(h->rows.text, start),
	                      "%zu fields, expected %zu", n_fields, h->width);
}

static int put_mark(struct walk *w, struct shmpub_error *err)
{
	struct marks *m = w->m;
	size_t room = m->room ? m->room * 2 : 16;
	struct mark *marks;

	if (m->n == m->room) {
		marks = mem_resize(m->marks, room * sizeof(*marks));
		if (marks == NULL)
			return error_nomem(err, room * sizeof(*marks));
		m->marks = marks;
		m->room = room;
	}
	m->marks[m->n++] = (struct mark){ .at = w->t.at,
		                          .row = m->n_rows,
		                          .n_lines = w->t.n_lines };
	return SHMPUB_OK;
}

/* Whether the row to come should begin a stretch. */
static bool is_due(const struct marks *m, size_t at)
{
	size_t size = at - m->marks[m->n - 1].at;

	return (size >= STRETCH_SIZE && m->n_rows % ROWS_APART == 0) || size >= STRETCH_MAX;
}

/* --- the exact way ------------------------------------------------------------------------------ */

static int pass_exactly(struct walk *w, struct shmpub_error *err)
{
	struct marks *m = w->m;
	uint32_t cut;
	struct csv_record record = { .cuts = &cut };
	enum csv_token_answer answer;

	m->marks[m->n - 1].is_exact = true;
	do {
		record.base = w->t.at;
		answer = csv_tokenize(&w->t, &record);
		if (answer == CSV_END)
			return SHMPUB_OK;
		if (answer != CSV_RECORD)
			return header_token_error(&w->t, answer, err);
		if (record.n_fields <= w->h->width || w->h->drops_extra) {
			m->n_rows++;
		} else {
			if (!w->skips_bad_lines)
				return row_too_long(w->h, record.start, record.n_fields, err);
			m->n_skipped++;
		}
	} while (!is_due(m, w->t.at));
	return SHMPUB_OK;
}

/* --- the quick way, record by record ------------------------------------------------------------ */

/* QUICK_ODD: nothing was passed. */
static int pass_records(struct walk *w, struct shmpub_error *err)
{
	struct marks *m = w->m;
	struct quick_record one;
	struct quick_run run;
	uint64_t n_before = m->n_rows, n_skipped = 0;
	int r = SHMPUB_OK;

	quick_seek(&w->quick, w->h, w->t.at, w->t.text.size);
	do {
		r = quick_next_run(&run, &w->quick, ROWS_APART - m->n_rows % ROWS_APART, err);
		if (r)
			break;
		m->n_rows += run.n_rows;
		if (run.n_rows == 0) {
			r = quick_one(&one, &w->quick);
			if (r == SHMPUB_OK && one.n_fields > w->h->width && w->skips_bad_lines &&
			    !w->h->drops_extra)
				n_skipped++;
			else
				m->n_rows += r == SHMPUB_OK && one.n_fields > 0;
		}
	} while (r == SHMPUB_OK && !is_due(m, quick_at(&w->quick)));
	if (r == QUICK_ODD)
		m->n_rows = n_before;
	else
		m->n_skipped += n_skipped;
	if (r == QUICK_END)
		w->t.at = w->t.text.size;
	else if (r == SHMPUB_OK)
		w->t.at = quick_at(&w->quick);
	return r == QUICK_END ? SHMPUB_OK : r;
}

/* --- the quick way, by counting ----------------------------------------------------------------- */

enum { PASS_NOT_COUNTED = 60 };

/* Counts that leave no doubt how many rows there are. */
static bool is_clear(const struct csv_count *c)
{
	return !c->has_odd_quote && c->n_blank_led == 0 && (c->n_empty == 0 || !c->has_cr);
}

/*
 * From `from` on, in a state that counting has led to, the start of the first record whose
 * number is a multiple of eight: 0 when the text ends first or this is no clear case.
 */
static size_t find_seam(struct walk *w, size_t from, struct csv_index_state state, uint64_t *n_rows)
{
	uint32_t ends[SEAM_SIZE + CSV_INDEX_BLOCK], records[SEAM_SIZE + CSV_INDEX_BLOCK];
	const struct quick_reader *q = &w->quick;
	struct csv_index_state again = state;
	struct csv_count count = { 0 };
	struct span text = w->t.text, window;
	size_t at;

	for (; from < text.size && from - w->t.at < STRETCH_MAX; from += window.size) {
		struct csv_index index = { .ends = ends,
			                   .records = records,
			                   .odd_quote = CSV_INDEX_NONE };

		window = span_of(text.data + from,
		                 text.size - from < SEAM_SIZE ? text.size - from : SEAM_SIZE);
		q->kind->count(&count, window, &q->dialect, &again);
		if (!is_clear(&count) || count.n_empty)
			return 0;
		w->is_ascii &= !count.has_non_ascii;
		q->kind->index(&index, window, &q->dialect, &state);
		for (size_t i = 0; i < index.n_records; i++) {
			if (++*n_rows % ROWS_APART)
				continue;
			at = from + ends[records[i] - 1];
			if (text.data[at] == '\r' && at + 1 < text.size &&
			    text.data[at + 1] == '\n')
				at++;
			return at + 1;
		}
	}
	return 0;
}

/* A mark at the first seam behind `from`, where counting has come to so many rows in that state. */
static int pass_to_seam(struct walk *w, size_t from, struct csv_index_state state, uint64_t n_rows)
{
	size_t seam = find_seam(w, from, state, &n_rows);

	if (seam == 0)
		return PASS_NOT_COUNTED;
	w->m->n_rows = n_rows;
	w->t.at = seam;
	return SHMPUB_OK;
}

/* PASS_NOT_COUNTED: nothing was passed. */
static int pass_counted(struct walk *w)
{
	struct quick_reader *q = &w->quick;
	struct span text = w->t.text;
	size_t left = text.size - w->t.at, size = left < STRETCH_SIZE ? left : STRETCH_SIZE;
	struct csv_count count = { 0 };
	uint64_t n_rows;

	quick_seek(q, w->h, w->t.at, text.size);
	q->kind->count(&count, span_of(text.data + w->t.at, size), &q->dialect, &q->state);
	if (!is_clear(&count))
		return PASS_NOT_COUNTED;
	n_rows = w->m->n_rows + count.n_records;
	w->is_ascii = !count.has_non_ascii;
	if (size < left)
		return pass_to_seam(w, w->t.at + size, q->state, n_rows);
	if (q->state.quoted)
		return PASS_NOT_COUNTED;
	w->m->n_rows = n_rows + !q->state.line;
	w->t.at = text.size;
	return SHMPUB_OK;
}

/*
 * The same where it was counted ahead: from the mark behind one chunk's beginning to the
 * mark behind that of a later one. Until counting ahead meets what is no clear case.
 */
static int pass_counted_ahead(struct walk *w)
{
	const struct counted_chunk *c;
	int r = PASS_NOT_COUNTED;

	w->is_ascii = true;
	while (r == PASS_NOT_COUNTED && w->chunk + 1 < w->counts.n) {
		c = &w->counts.chunks[w->chunk];
		if (!is_clear(&c->count))
			break;
		w->is_ascii &= !c->count.has_non_ascii;
		w->n_rows_before += c->count.n_records;
		c = &w->counts.chunks[++w->chunk];
		if (w->counts.at + w->chunk * STRETCH_SIZE <= w->t.at)
			continue; /* rows so long that the last mark stands behind it */
		r = pass_to_seam(w, w->counts.at + w->chunk * STRETCH_SIZE, c->state,
		                 w->n_rows_before);
		if (r == PASS_NOT_COUNTED)
			break;
	}
	if (r == PASS_NOT_COUNTED)
		counts_free(&w->counts); /* from here on one after the other */
	return r;
}

/* --- all of it ---------------------------------------------------------------------------------- */

/* No line to come is skipped for its number. */
static bool is_behind_skipped(const struct walk *w)
{
	const struct csv_items *list = w->t.skip_list;

	return w->t.n_lines >= w->t.skip_first &&
	       (list == NULL || list->n == 0 || w->t.n_lines > list->items[list->n - 1].position);
}

/* PASS_NOT_COUNTED or QUICK_ODD: nothing was passed. */
static int pass_quickly(struct walk *w, struct shmpub_error *err)
{
	int r = PASS_NOT_COUNTED;

	if (w->counts.n)
		r = pass_counted_ahead(w);
	if (r == PASS_NOT_COUNTED && !w->skips_bad_lines) /* counting cannot tell which are bad */
		r = pass_counted(w);
	w->is_ascii &= r == SHMPUB_OK;
	return r == PASS_NOT_COUNTED ? pass_records(w, err) : r;
}

/* Where comments are possible, a byte that might begin one sends its stretch the exact way. */
static bool may_have_comment(const struct walk *w, size_t from)
{
	const struct csv_dialect *d = w->t.dialect;

	return d->has_comment && memchr(w->t.text.data + from, d->comment, w->t.at - from) != NULL;
}

static int pass_stretch(struct walk *w, bool is_quick, struct shmpub_error *err)
{
	uint64_t n_rows = w->m->n_rows, n_skipped = w->m->n_skipped;
	size_t from = w->t.at;
	int r = QUICK_ODD;

	w->is_ascii = false;
	if (is_quick && is_behind_skipped(w))
		r = pass_quickly(w, err);
	if (r != QUICK_ODD && may_have_comment(w, from)) {
		w->t.at = from;
		w->m->n_rows = n_rows;
		w->m->n_skipped = n_skipped;
		r = QUICK_ODD;
	}
	if (r == QUICK_ODD) {
		w->is_ascii = false;
		r = pass_exactly(w, err);
	}
	if (r == SHMPUB_OK && !w->is_ascii && !text_is_valid(w->t.text, from, w->t.at)) {
		w->m->marks[w->m->n - 1].has_bad_text = true;
		w->m->has_bad_text = true;
	}
	return r;
}

/*
 * Counting does not see records that are too long; so what is wrong may stand behind one,
 * which pandas meets first. Then that is the error.
 */
static int find_first_error(const struct walk *w, int result, struct shmpub_error *err)
{
	struct marks passed = *w->m;
	struct shmpub_error first;
	int r;

	passed.n--; /* the last one is where it stopped */
	r = tile_find_error(w->h, w->skips_bad_lines, &passed, &first);
	if (r == SHMPUB_ERR_CSV && err)
		*err = first;
	return r == SHMPUB_ERR_CSV ? r : result;
}

static int pass_all(struct walk *w, const struct runner *runner, struct shmpub_error *err)
{
	bool is_quick = quick_is_possible(w->h), is_ahead;
	int r = put_mark(w, err);

	quick_seek(&w->quick, w->h, w->t.at, w->t.text.size);
	/* What a comment holds would be counted as well, and which records are bad not. */
	is_ahead = is_quick && is_behind_skipped(w) && !w->skips_bad_lines &&
	           !w->t.dialect->has_comment;
	if (r == SHMPUB_OK && is_ahead)
		r = counts_init(&w->counts, w->h, STRETCH_SIZE, runner, err);
	while (r == SHMPUB_OK && w->t.at < w->t.text.size) {
		r = pass_stretch(w, is_quick, err);
		if (r == SHMPUB_OK)
			r = put_mark(w, err);
	}
	if (r == SHMPUB_OK && w->m->n == 1)
		r = put_mark(w, err);
	return r == SHMPUB_ERR_CSV ? find_first_error(w, r, err) : r;
}

int marks_init(struct marks *out, const struct header *h, bool skips_bad_lines,
               const struct runner *runner, struct shmpub_error *err)
{
	struct marks m = MARKS_NONE;
	struct walk w = { .m = &m,
		          .h = h,
		          .skips_bad_lines = skips_bad_lines,
		          .t = h->rows,
		          .quick = QUICK_READER_NONE };
	int r = pass_all(&w, runner, err);

	quick_free(&w.quick);
	counts_free(&w.counts);
	if (r) {
		marks_free(&m);
		return r;
	}
	m.n--; /* the last one only ends the text */
	*out = m;
	return SHMPUB_OK;
}

void marks_free(struct marks *m)
{
	mem_free(m->marks);
	*m = MARKS_NONE;
}
