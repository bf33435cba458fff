#include "ingest/again.h"

#include <math.h>
#include "base/error.h"
#include "columns/table.h"
#include "ingest/dates.h"
#include "ingest/second_look.h"
#include "value/format.h"

/*
 * All rows, twice: for what the cells are read as first, and for the dates or types of the
 * text that spells them again.
 */

/* --- what the text is ----------------------------------------------------------------------------- */

static size_t spell_float(char *out, const struct column *c, const struct columns *s,
                          struct span cell)
{
	int64_t i;
	double f = 0;

	if (c->are_whole && value_int_rules(&i, cell, &s->rules) == INT_SIGNED)
		f = (double)i;
	else
		(void)value_float_rules(&f, cell, &s->rules);
	return format_float64(out, f);
}

/* `out` has room for FORMAT_MAX bytes and for the cell. */
static size_t spell(char *out, const struct column *c, const struct columns *s, struct span cell)
{
	uint64_t u = 0;
	int64_t i = 0;
	bool b = false;

	switch (c->first) {
	case READ_INT:
		(void)value_int_rules(&i, cell, &s->rules);
		return format_int64(out, i);
	case READ_UINT:
		(void)value_uint_rules(&u, cell, &s->rules);
		return format_uint64(out, u);
	case READ_BOOL:
		(void)value_bool_rules(&b, cell, &s->rules);
		return format_bool(out, b);
	case READ_LONG:
		return value_python_int(out, cell);
	default:
		return spell_float(out, c, s, cell);
	}
}

/* `room` is not touched unless the text has to be made. */
static struct span text_in(char *room, const struct column *c, const struct columns *s,
                           struct span cell)
{
	if (c->first != READ_LITERAL && column_is_na(c, cell))
		return SPAN_NONE;
	if (!column_is_of_values(c) || c->first == READ_TEXT || c->first == READ_LITERAL)
		return cell;
	return span_of(room, spell(room, c, s, cell));
}

struct span again_cell(struct part *p, const struct column *c, struct span cell)
{
	char *room = column_is_of_values(c) ? part_room(p, cell.size + 1 + FORMAT_MAX) : NULL;

	return room || !column_is_of_values(c) ? text_in(room, c, &p->in->columns, cell)
	                                       : SPAN_NONE;
}

void again_note_large(struct part *p, size_t column, struct span cell, const char *at)
{
	const struct column *c = &p->in->columns.columns[column];
	bool is_long = c->infers_again ? c->first == READ_LONG : c->verdict.reading == READ_LONG;
	double f;

	if (c->index_level >= 0 && !c->is_leading && is_long &&
	    p->states[column].too_large == NULL && value_float(&f, cell) && isinf(f))
		p->states[column].too_large = at;
}

/* --- the first reading ------------------------------------------------------------------------------ */

/* What the values of a category are; NA beside integers makes floats of them afterwards. */
static enum reading first_of_category(const struct evidence *e, const struct columns *s)
{
	enum reading reading;

	if (s->has_number_options || e->has_not_float)
		return e->has_not_bool ? READ_TEXT : READ_BOOL;
	reading = numeric_verdict(&e->numbers, false).reading;
	if (e->n_nulls && (reading == READ_INT || reading == READ_UINT))
		return READ_FLOAT;
	return reading == READ_LONG && e->has_not_long ? READ_TEXT : reading;
}

static enum reading first_reading(const struct column *c, const struct evidence *e,
                                  const struct columns *s)
{
	switch (c->first_dtype) {
	case CSV_DTYPE_STR:
		return READ_TEXT;
	case CSV_DTYPE_INT64:
		return e->first_not_int == ROW_NONE ? READ_INT : READ_TEXT;
	case CSV_DTYPE_FLOAT64:
		return e->has_not_float ? READ_TEXT : READ_FLOAT;
	case CSV_DTYPE_BOOL:
		return e->has_not_bool ? READ_TEXT : READ_BOOL;
	case CSV_DTYPE_CATEGORY:
		return e->n_values ? first_of_category(e, s) : READ_TEXT;
	default:
		return e->n_values ? evidence_verdict(e).reading : READ_TEXT;
	}
}

/* --- all rows, twice ------------------------------------------------------------------------------------ */

struct look {
	struct column *c;
	struct column_state *s;
	struct second_look second;
	bool is_second;
	bool (*is_wrong)(const struct evidence *e, enum csv_dtype dtype); /* look for such a cell */
	size_t wrong_at; /* where it stands in the text */
};

static void look_date(struct look *l, struct span cell)
{
	struct date_state *d = l->s->dates;
	struct timestamp t;

	if (d->has_not_date)
		return;
	if (cell.data == NULL || dates_is_null(l->c, cell))
		l->s->n_nulls++;
	else if ((!d->has_value && !dates_begin(d, l->c, cell)) ||
	         !dates_read(&t, d, l->c->is_form_given ? l->c->form : &d->form, cell))
		dates_refuse(d, l->c, cell);
	else
		dates_note(d, &t);
}

/* True: nobody need look further. */
static bool look_cell(struct part *p, struct look *l, struct span cell, uint64_t row)
{
	size_t size = cell.size + 1 + FORMAT_MAX;
	char *room = part_room(p, 2 * size); /* for the text, and for what is made of that */

	if (room == NULL)
		return false;
	if (!l->is_second) {
		struct evidence one = EVIDENCE_NONE;

		evidence_add(l->is_wrong ? &one : &l->s->seen, l->c, &p->in->columns, cell, row,
		             room);
		return l->is_wrong && l->is_wrong(&one, l->c->first_dtype);
	}
	cell = text_in(room, l->c, &p->in->columns, cell);
	if (column_is_date(l->c))
		look_date(l, cell);
	l->second.has_null |= cell.data == NULL;
	if (l->c->infers_again && cell.data)
		second_look_add(&l->second, l->c, &p->in->columns, cell, room + size);
	return l->s->dates && l->s->dates->has_unknown_zone;
}

static int look_at_all(struct part *p, struct look *l)
{
	const struct marks *marks = &p->in->marks;
	struct tile t;
	int r = SHMPUB_OK;

	for (size_t m = 0; m < marks->n && r == SHMPUB_OK; m++) {
		tile_reader_seek(&p->reader, marks, m);
		while (r == SHMPUB_OK && p->result == SHMPUB_OK) {
			r = tile_reader_next(&p->reader, &t, &p->error);
			if (r || t.n_rows == 0)
				break;
			for (size_t i = 0; i < t.n_rows && p->result == SHMPUB_OK; i++) {
				struct span raw = tile_raw(&t, i, l->c->source);

				if (!look_cell(p, l, part_cell(p, raw), t.first_row + i))
					continue;
				l->wrong_at = (size_t)(raw.data - p->in->text.data);
				return SHMPUB_OK;
			}
		}
	}
	return r ? r : p->result;
}

static bool is_not_of_dtype(const struct evidence *e, enum csv_dtype dtype)
{
	return dtype == CSV_DTYPE_INT64     ? e->first_not_int != ROW_NONE
	       : dtype == CSV_DTYPE_FLOAT64 ? e->has_not_float
	                                    : e->has_not_bool;
}

static bool is_missing(const struct evidence *e, enum csv_dtype dtype)
{
	(void)dtype;
	return e->n_nulls > 0;
}

static bool is_beyond(const struct evidence *e, enum csv_dtype dtype)
{
	(void)dtype;
	return e->first_beyond != ROW_NONE;
}

static int wrong_cell(struct part *p, const struct look *l, const char *what)
{
	return error_set_line(&p->error, SHMPUB_ERR_CSV, csv_line_at(p->in->text, l->wrong_at),
	                      "column \"%.*s\"%s", span_shown(l->c->name, 100), l->c->name.data,
	                      what);
}

/* pandas refuses integers and bools with NA, and integers that do not fit, before it looks at dates. */
static int check_first(struct part *p, struct look *l)
{
	const struct column *c = l->c;
	const struct evidence *e = &l->s->seen;
	bool is_int = c->first_dtype == CSV_DTYPE_INT64 && c->first == READ_INT;
	bool is_bool = c->first_dtype == CSV_DTYPE_BOOL && c->first == READ_BOOL;
	bool may_be_text = c->first_dtype == CSV_DTYPE_AUTO || c->first_dtype == CSV_DTYPE_STR ||
	                   c->first_dtype == CSV_DTYPE_CATEGORY || c->request.is_unconverted;
	int r;

	if (c->first == READ_TEXT && !may_be_text)
		l->is_wrong = is_not_of_dtype;
	else if ((is_int || is_bool) && e->n_nulls)
		l->is_wrong = is_missing;
	else if (is_int && e->first_beyond != ROW_NONE)
		l->is_wrong = is_beyond;
	else
		return SHMPUB_OK;
	r = look_at_all(p, l);
	if (r)
		return r;
	if (l->is_wrong == is_not_of_dtype)
		return wrong_cell(p, l, ": the cell is not of the dtype that it is to have");
	return wrong_cell(p, l,
	                  l->is_wrong == is_beyond ? " is to be int64, the cell is beyond it"
	                  : is_int                 ? " is to be int64, the cell is missing"
	                                           : " is to be bool, the cell is missing");
}

static struct verdict decide(const struct look *l)
{
	struct verdict v = verdict_of(READ_TEXT, SHMPUB_TEXT);

	if (l->c->route == ROUTE_COMPARED)
		return evidence_level_verdict(&l->s->seen, l->second.has_null_number);
	if (column_is_date(l->c))
		v = dates_verdict(l->s->dates, l->c, l->s->n_nulls);
	else if (!l->c->infers_again && l->c->route != ROUTE_TEXT_OF_VALUES &&
	         l->s->seen.n_values == 0) /* objects that are NaN */
		return (struct verdict){ .reading = READ_BOOL,
			                 .type = SHMPUB_BOOL,
			                 .kind = SHMPUB_KIND_BOOL };
	if (v.reading == READ_TEXT && l->c->infers_again)
		v = second_look_verdict(&l->second);
	if (v.reading == READ_TEXT && l->c->first == READ_LITERAL)
		v.reading = READ_LITERAL;
	else if (v.reading == READ_TEXT && column_is_of_values(l->c) && l->c->first != READ_TEXT)
		v.reading = READ_ANEW;
	return v;
}

int again_settle(struct part *p, size_t column)
{
	struct look l = { .c = &p->in->columns.columns[column], .s = &p->states[column] };
	int r = SHMPUB_OK;

	l.c->first = READ_TEXT;
	if (column_is_of_values(l.c)) {
		r = look_at_all(p, &l);
		if (r == SHMPUB_OK) {
			l.c->first = first_reading(l.c, &l.s->seen, &p->in->columns);
			l.c->are_whole = l.s->seen.first_not_int == ROW_NONE &&
			                 l.c->first_dtype != CSV_DTYPE_FLOAT64;
			r = check_first(p, &l);
		}
	}
	l.is_second = true;
	if (r == SHMPUB_OK)
		r = look_at_all(p, &l);
	if (r)
		return r;
	if (l.s->dates && l.s->dates->has_unknown_zone)
		return wrong_cell(p, &l, ": the zone is UTC's, but in other letters");
	l.c->verdict = decide(&l);
	if (l.s->dates && !l.c->is_form_given)
		*l.c->form = l.s->dates->form;
	return SHMPUB_OK;
}

/* --- filling -------------------------------------------------------------------------------------------- */

static bool put(struct column_sink *sink, uint64_t row, const struct column *c,
                const struct columns *s, struct span cell)
{
	bool b;

	switch (c->verdict.reading) {
	case READ_INT:
		return value_int((int64_t *)sink->values + row, cell) == INT_SIGNED;
	case READ_UINT:
		return value_uint((uint64_t *)sink->values + row, cell) == UINT_VALUE;
	case READ_FLOAT:
		return value_float_again((double *)sink->values + row, cell);
	default:
		if (!second_look_bool(&b, s, cell))
			return false;
		if (c->verdict.type == SHMPUB_FLOAT64)
			((double *)sink->values)[row] = b;
		else /* pandas puts NaN among bools, which is true */
			bit_put(sink->values, row,
			        b || (c->route == ROUTE_COMPARED &&
			              second_look_is_null_number(c, 0)));
		return true;
	}
}

static bool is_null(const struct column *c, struct span cell)
{
	bool is_float_of_bool = c->verdict.reading == READ_BOOL &&
	                        c->verdict.type == SHMPUB_FLOAT64;
	double f;

	if (is_float_of_bool && cell.data)
		return second_look_is_null_number(c, span_is(cell, "True"));
	return cell.data == NULL ||
	       (c->verdict.reading == READ_FLOAT && value_float_again(&f, cell) &&
	        second_look_is_null(c, cell, f));
}

void fill_again(struct part *p, size_t column, const struct tile *t)
{
	const struct column *c = &p->in->columns.columns[column];
	struct column_sink *sink = &p->sink->columns[column];

	for (size_t i = 0; i < t->n_rows; i++) {
		uint64_t row = t->first_row + i;
		struct span cell = again_cell(p, c, part_cell(p, tile_raw(t, i, c->source)));

		if (is_null(c, cell)) {
			p->states[column].n_nulls++;
			bit_put(sink->validity, row, false);
			if (c->verdict.type == SHMPUB_FLOAT64)
				((double *)sink->values)[row] = NAN;
			continue;
		}
		again_note_large(p, column, cell, tile_raw(t, i, c->source).data);
		if (!put(sink, row, c, &p->in->columns, cell)) {
			part_refuse(p, column, t, i);
			return;
		}
	}
}

void fill_missing(struct part *p, size_t column, const struct tile *t)
{
	for (size_t i = 0; i < t->n_rows; i++)
		bit_put(p->sink->columns[column].validity, t->first_row + i, false);
	p->states[column].n_nulls += t->n_rows;
}
