#include "ingest/part.h"

#include "base/alloc.h"
#include "base/error.h"
#include "ingest/again.h"

/*
 * What each column is taken for. Before the first fill that is a guess: the schema of
 * the last refresh, or what a sample says. The fill verifies it on every cell; for the
 * columns that it contradicts, all cells are looked at once more, and then it is known.
 *
 * A dtype that was asked for is tried as such first, then by what the cells are and a
 * cast that loses nothing, and is an error of the line that stands against it.
 */

#define SAMPLE_STRETCHES 5u
#define SAMPLE_ROWS 256u /* of each, at least, where there are so many */
#define SAMPLE_ROWS_MIN 16u
#define SAMPLE_CELLS 16384u /* of each, where there are very many columns */

static struct verdict asked_int(const struct evidence *e)
{
	struct verdict v = evidence_verdict(e);
	bool is_beyond = e->first_beyond < e->first_not_int && e->first_huge <= e->first_not_uint;

	if (!is_beyond && e->first_not_int != ROW_NONE &&
	    (v.reading == READ_FLOAT || v.reading == READ_BOOL))
		return verdict_of(v.reading, SHMPUB_INT64);
	return verdict_of(READ_INT, SHMPUB_INT64);
}

static struct verdict asked_float(const struct evidence *e)
{
	if (e->has_not_float && !e->has_not_bool)
		return verdict_of(READ_BOOL, SHMPUB_FLOAT64);
	return verdict_of(READ_FLOAT, SHMPUB_FLOAT64);
}

static struct verdict asked_bool(const struct evidence *e)
{
	struct verdict v = evidence_verdict(e);

	if (e->n_values && e->has_not_bool && (v.reading == READ_INT || v.reading == READ_FLOAT))
		return verdict_of(v.reading, SHMPUB_BOOL);
	return verdict_of(READ_BOOL, SHMPUB_BOOL);
}

/* The type that the words of a category will probably have; the finished dictionary knows. */
static struct verdict asked_category(const struct evidence *e)
{
	if (e->n_values == 0 || e->is_text)
		return verdict_of(READ_CATEGORY, SHMPUB_TEXT);
	if (!e->has_not_float)
		return verdict_of(READ_CATEGORY, numeric_verdict(&e->numbers, false).type);
	return verdict_of(READ_CATEGORY, e->has_not_bool ? SHMPUB_TEXT : SHMPUB_BOOL);
}

static struct verdict asked_timestamp(const struct column *c, const struct column_state *s)
{
	struct date_state dates = *s->dates;

	dates.has_not_date = false; /* then the fill refuses the cell that is none */
	dates.is_mixed = false;
	dates.least = dates.most = (struct timestamp){ .has_zone = dates.has_zone };
	if (!dates.has_value && s->n_nulls == 0)
		return verdict_of(READ_DATE, SHMPUB_TIMESTAMP);
	return dates_verdict(&dates, c, s->n_nulls);
}

static struct verdict inferred(const struct column *c, const struct evidence *e)
{
	return c->index_level >= 0 && !c->is_leading ? evidence_level_verdict(e, false)
	                                             : evidence_verdict(e);
}

static struct verdict decide(const struct column *c, const struct column_state *s)
{
	switch (c->dtype) {
	case CSV_DTYPE_INT64:
		return asked_int(&s->seen);
	case CSV_DTYPE_FLOAT64:
		return asked_float(&s->seen);
	case CSV_DTYPE_BOOL:
		return asked_bool(&s->seen);
	case CSV_DTYPE_STR:
		return verdict_of(READ_TEXT, SHMPUB_TEXT);
	case CSV_DTYPE_CATEGORY:
		return asked_category(&s->seen);
	case CSV_DTYPE_TIMESTAMP:
		return asked_timestamp(c, s);
	default:
		return column_is_date(c) ? dates_verdict(s->dates, c, s->n_nulls)
		                         : inferred(c, &s->seen);
	}
}

static void look_date(const struct column *c, struct column_state *s, struct span cell)
{
	struct date_state *d = s->dates;
	struct timestamp t;

	if (d->has_not_date)
		return;
	if (column_is_na(c, cell) || dates_is_null(c, cell)) {
		s->n_nulls++;
		return;
	}
	if ((!d->has_value && !dates_begin(d, c, cell)) ||
	    !dates_read(&t, d, c->is_form_given ? c->form : &d->form, cell)) {
		dates_refuse(d, c, cell);
		return;
	}
	dates_note(d, &t);
}

static void look(struct part *p, size_t column, const struct tile *t)
{
	const struct column *c = &p->in->columns.columns[column];
	struct column_state *s = &p->states[column];
	bool is_date = s->dates != NULL;
	struct span cell;
	char *room;

	for (size_t i = 0; i < t->n_rows; i++) {
		cell = part_cell(p, tile_raw(t, i, c->source));
		if (!part_is_bearable(p, tile_raw(t, i, c->source)))
			return;
		s->text_size += cell.size;
		if (is_date) {
			look_date(c, s, cell);
			continue;
		}
		room = part_room(p, cell.size + 1);
		if (room == NULL)
			return;
		evidence_add(&s->seen, c, &p->in->columns, cell, t->first_row + i, room);
	}
}

static size_t sample_rows(size_t n_columns)
{
	size_t n = SAMPLE_CELLS / (n_columns ? n_columns : 1);

	return n < SAMPLE_ROWS_MIN ? SAMPLE_ROWS_MIN : n < SAMPLE_ROWS ? n : SAMPLE_ROWS;
}

/* Here, and not by again.c; what a sample takes for dates the fill can verify. */
static bool is_looked_at(const struct column *c, bool is_sample)
{
	return !column_is_twofold(c) || (is_sample && column_may_be_dates_at_once(c));
}

/* Rows of the stretch behind marks[i]: all, or of a sample the first of them. */
static int look_stretch(struct part *p, const bool *flags, size_t i, bool is_sample)
{
	const size_t n_rows = is_sample ? sample_rows(p->in->columns.n) : SIZE_MAX;
	struct tile tile;
	int r = SHMPUB_OK;

	tile_reader_seek(&p->reader, &p->in->marks, i);
	for (size_t n = 0; n < n_rows && r == SHMPUB_OK && p->result == SHMPUB_OK;) {
		r = tile_reader_next(&p->reader, &tile, &p->error);
		if (r || tile.n_rows == 0)
			break;
		if (tile.n_rows > n_rows - n)
			tile.n_rows = n_rows - n;
		n += tile.n_rows;
		p->looked_size += tile_size(&tile, p->in->header.table_width);
		for (size_t k = 0; k < p->in->columns.n; k++) {
			if (flags[k] && is_looked_at(&p->in->columns.columns[k], is_sample))
				look(p, k, &tile);
		}
	}
	return r ? r : p->result;
}

static int look_all(struct part *p, const bool *flags, bool is_sample)
{
	size_t n = p->in->marks.n, step = 1;
	struct shmpub_error first;
	int r = SHMPUB_OK;

	if (is_sample && n > SAMPLE_STRETCHES)
		step = (n - 1) / (SAMPLE_STRETCHES - 1);
	for (size_t i = 0; i < n && r == SHMPUB_OK; i += step)
		r = look_stretch(p, flags, i, is_sample);
	/* A sample may have met a record that is wrong behind others. */
	if (r == SHMPUB_ERR_CSV && tile_find_error(&p->in->header, p->in->options->skips_bad_lines,
	                                           &p->in->marks, &first) == r)
		p->error = first;
	return r;
}

/*
 * By the share that the column has of what was looked at, and a little more: all columns
 * together are then given not much more than the source has.
 */
static uint64_t expected_text(const struct part *p, const struct column_state *s)
{
	double share = p->looked_size ? (double)s->text_size / (double)p->looked_size : 0;

	return (uint64_t)(share * (double)p->in->text.size * 1.0625);
}

static void take(const struct part *p, struct column *c, const struct column_state *s)
{
	c->verdict = decide(c, s);
	c->text_expected = expected_text(p, s);
	if (s->dates && !c->is_form_given)
		*c->form = s->dates->form;
}

/* Whether pandas fails over it depends on every cell before. */
static bool has_unknown_zone(const struct column *c, const struct column_state *s)
{
	return column_is_date(c) && s->dates && s->dates->has_unknown_zone;
}

/* Once its cells, or a sample of them, have been looked at. */
static int settle_column(struct part *p, size_t k, bool is_sample)
{
	struct column *c = &p->in->columns.columns[k];

	if (is_looked_at(c, is_sample) && !has_unknown_zone(c, &p->states[k])) {
		take(p, c, &p->states[k]);
		if (!column_is_twofold(c) || c->verdict.reading == READ_DATE)
			return SHMPUB_OK;
	}
	if (p->states[k].dates)
		*p->states[k].dates = DATE_STATE_NONE;
	p->states[k].n_nulls = 0;
	return again_settle(p, k);
}

int settle_examine(struct ingest *in, const bool *flags, bool is_sample, struct shmpub_error *err)
{
	struct part p = { .in = in };
	int r;

	r = part_init_states(&p, &p.error);
	if (r == SHMPUB_OK)
		r = tile_reader_init(&p.reader, &in->header, in->options->skips_bad_lines,
		                     &p.error);
	if (r == SHMPUB_OK)
		r = look_all(&p, flags, is_sample);
	for (size_t k = 0; k < in->columns.n && r == SHMPUB_OK; k++) {
		if (!flags[k])
			continue;
		r = settle_column(&p, k, is_sample);
		in->is_strict[k] = !is_sample && in->columns.columns[k].dtype != CSV_DTYPE_AUTO;
	}
	if (r && err)
		*err = p.error;
	tile_reader_deinit(&p.reader);
	buffer_free(&p.unescaped);
	buffer_free(&p.work);
	part_free_states(&p);
	return r;
}

bool settle_holds(const struct column *c, const struct column_state *s, uint64_t n_rows)
{
	const struct evidence *e = &s->seen;

	if (s->is_broken)
		return false;
	if (c->verdict.reading == READ_DATE && !column_is_of_values(c))
		return dates_hold(s->dates, c, s->n_nulls);
	if (column_is_twofold(c) || c->route == ROUTE_MISSING)
		return true; /* known before any cell was filled */
	if (c->dtype != CSV_DTYPE_AUTO || column_is_date(c))
		return true;
	switch (c->verdict.reading) {
	case READ_INT:
		return true;
	case READ_UINT:
		return e->has_unsigned && e->first_beyond < e->first_not_int;
	case READ_FLOAT:
		return e->first_beyond >= e->first_not_int &&
		       (e->first_not_int != ROW_NONE || e->n_nulls > 0);
	case READ_BOOL:
		if (s->n_nulls == n_rows)
			return false;
		if (c->verdict.type == SHMPUB_FLOAT64)
			return s->n_nulls > 0;
		return (c->verdict.kind == SHMPUB_KIND_BOOL) == (s->n_nulls > 0) &&
		       (e->n_values == 0 || evidence_verdict(e).reading == READ_BOOL);
	default:
		return inferred(c, e).reading == c->verdict.reading;
	}
}

bool settle_misread(struct column *c, const struct column_state *s)
{
	if (!s->has_inexact || c->are_floats || s->seen.first_not_int == ROW_NONE)
		return false;
	c->are_floats = true;
	return true;
}
