#include "types/again.h"

#include <math.h>
#include "base/error.h"
#include "types/second_look.h"
#include "value/format.h"

/*
 * Goes over all rows twice: once to find out what the cells are first read as, and once more over
 * the text that spells these values, to find out whether it is dates or of which type it is.
 */

/* --- the text that spells a value ----------------------------------------------------------------- */

static size_t spell_float(char *out, const struct column_type *y, const struct columns *s,
                          struct span cell)
{
	int64_t i;
	double f = 0;

	if (y->are_whole && value_int_rules(&i, cell, &s->rules) == INT_SIGNED)
		f = (double)i;
	else
		(void)value_float_rules(&f, cell, &s->rules);
	return format_float64(out, f);
}

/* Writes the value of the cell as pandas spells it. `out` needs FORMAT_MAX + cell.size bytes. */
static size_t spell(char *out, const struct column_type *y, const struct columns *s,
                    struct span cell)
{
	uint64_t u = 0;
	int64_t i = 0;
	bool b = false;

	switch (y->first) {
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
		return spell_float(out, y, s, cell);
	}
}

/* Returns the text that the second reading sees; `room` is for text that differs from the cell. */
static struct span text_in(char *room, const struct column_type *y, const struct columns *s,
                           struct span cell)
{
	if (y->first != READ_LITERAL && column_is_na(y->plan, cell))
		return SPAN_NONE;
	if (!column_is_of_values(y->plan) || y->first == READ_TEXT || y->first == READ_LITERAL)
		return cell;
	return span_of(room, spell(room, y, s, cell));
}

struct span again_cell(struct cells *cells, const struct column_type *y, const struct columns *plan,
                       struct span cell)
{
	bool is_made = column_is_of_values(y->plan);
	char *room = is_made ? cells_room(cells, cell.size + 1 + FORMAT_MAX) : NULL;

	return room || !is_made ? text_in(room, y, plan, cell) : SPAN_NONE;
}

void again_note_large(struct column_notes *notes, const struct column_type *y, struct span cell,
                      uint64_t offset)
{
	const struct column *c = y->plan;
	bool is_long = (c->infers_again ? y->first : y->verdict.reading) == READ_LONG;
	double f;

	if (c->index_level >= 0 && !c->is_leading && is_long && offset < notes->too_large &&
	    value_float(&f, cell) && isinf(f))
		notes->too_large = offset;
}

/* --- the first reading ------------------------------------------------------------------------------ */

/* Returns how pandas reads the values of a category. If there is NA, integers become floats. */
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

/* --- both readings of all rows --------------------------------------------------------------------- */

struct look {
	struct column_type *y;
	struct column_notes *s;
	const struct columns *plan;
	struct rows *rows;
	struct cells *cells;
	struct second_look second;
	bool is_second; /* the second reading */
	/* If set, the look ends at the first cell that this is true of. */
	bool (*is_wrong)(const struct evidence *e, enum csv_dtype dtype);
	uint64_t wrong_at; /* the offset in the source of the cell that ended the look */
};

/* Returns true if the look ends at this cell. */
static bool look_at_cell(struct look *l, struct span cell, uint64_t row)
{
	const struct column *c = l->y->plan;
	size_t size = cell.size + 1 + FORMAT_MAX;
	/* For the text that spells the cell, and for second_look_add() after it. */
	char *room = cells_room(l->cells, 2 * size);

	if (room == NULL)
		return false;
	if (!l->is_second) {
		struct evidence one = EVIDENCE_NONE;

		evidence_add(l->is_wrong ? &one : &l->s->seen, c, l->plan, cell, row, room);
		return l->is_wrong && l->is_wrong(&one, c->first_dtype);
	}
	cell = text_in(room, l->y, l->plan, cell);
	l->s->text_size += cell.size;
	if (column_is_date(c))
		notes_add_date(l->s, c, cell, row);
	l->second.has_null |= cell.data == NULL;
	if (c->infers_again && cell.data)
		second_look_add(&l->second, l->y, l->plan, cell, room + size);
	return l->s->dates && l->s->dates->zone_has_other_case;
}

enum { LOOK_FOUND = 90 };

static int look_at_tile(void *arg, const struct tile *t)
{
	struct look *l = arg;

	for (size_t i = 0; i < t->n_rows && l->cells->result == SHMPUB_OK; i++) {
		struct span raw = tile_raw(t, i, l->y->plan->source);

		if (!look_at_cell(l, cells_text(l->cells, raw), t->first_row + i))
			continue;
		l->wrong_at = tile_offset(t, i, l->y->plan->source);
		return LOOK_FOUND;
	}
	return l->cells->result;
}

/* Looks at all rows, or up to the cell that ends the look. */
static int look_at_rows(struct look *l)
{
	int r = rows_each(l->rows, look_at_tile, l, &l->cells->error);

	return r == LOOK_FOUND ? SHMPUB_OK : r;
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

static int wrong_cell(struct look *l, const char *what)
{
	l->rows->error_at = l->wrong_at;
	return error_set(&l->cells->error, SHMPUB_ERR_CSV, "column \"%.*s\"%s",
	                 span_shown(l->y->plan->name, 100), l->y->plan->name.data, what);
}

/*
 * pandas fails over integers and bools with NA, and over integers beyond the dtype, before it makes
 * dates. Returns this error, with the first such cell as its place.
 */
static int check_first(struct look *l)
{
	const struct column *c = l->y->plan;
	const struct evidence *e = &l->s->seen;
	bool is_int = c->first_dtype == CSV_DTYPE_INT64 && l->y->first == READ_INT;
	bool is_bool = c->first_dtype == CSV_DTYPE_BOOL && l->y->first == READ_BOOL;
	bool may_be_text = c->first_dtype == CSV_DTYPE_AUTO || c->first_dtype == CSV_DTYPE_STR ||
	                   c->first_dtype == CSV_DTYPE_CATEGORY || c->request.is_unconverted;
	int r;

	if (l->y->first == READ_TEXT && !may_be_text)
		l->is_wrong = is_not_of_dtype;
	else if ((is_int || is_bool) && e->n_nulls)
		l->is_wrong = is_missing;
	else if (is_int && e->first_beyond != ROW_NONE)
		l->is_wrong = is_beyond;
	else
		return SHMPUB_OK;
	r = look_at_rows(l);
	if (r)
		return r;
	if (l->is_wrong == is_not_of_dtype)
		return wrong_cell(l, ": the cell is not of the dtype that it is to have");
	return wrong_cell(l, l->is_wrong == is_beyond ? " is to be int64, the cell is beyond it"
	                     : is_int                 ? " is to be int64, the cell is missing"
	                                              : " is to be bool, the cell is missing");
}

static struct verdict decide(const struct look *l)
{
	const struct column *c = l->y->plan;
	struct verdict v = verdict_of(READ_TEXT, SHMPUB_TEXT);

	if (c->route == ROUTE_COMPARED)
		return evidence_level_verdict(&l->s->seen, l->second.has_null_number);
	if (column_is_date(c))
		v = dates_verdict(l->s->dates, c, l->s->n_nulls);
	else if (!c->infers_again && c->route != ROUTE_TEXT_OF_VALUES && l->s->seen.n_values == 0)
		return verdict_of_nan();
	if (v.reading == READ_TEXT && c->infers_again)
		v = second_look_verdict(&l->second);
	if (v.reading == READ_TEXT && l->y->first == READ_LITERAL)
		v.reading = READ_LITERAL;
	else if (v.reading == READ_TEXT && column_is_of_values(c) && l->y->first != READ_TEXT)
		v.reading = READ_ANEW;
	return v;
}

int again_find_type(struct column_type *y, struct column_notes *notes, const struct columns *plan,
                    struct rows *rows, struct cells *cells)
{
	struct look l = { .y = y, .s = notes, .plan = plan, .rows = rows, .cells = cells };
	int r = SHMPUB_OK;

	y->first = READ_TEXT;
	if (column_is_of_values(y->plan)) {
		r = look_at_rows(&l);
		if (r == SHMPUB_OK) {
			y->first = first_reading(y->plan, &l.s->seen, plan);
			y->are_whole = l.s->seen.first_not_int == ROW_NONE &&
			               y->plan->first_dtype != CSV_DTYPE_FLOAT64;
			r = check_first(&l);
		}
	}
	l.is_second = true;
	notes->text_size = 0;
	if (r == SHMPUB_OK)
		r = look_at_rows(&l);
	if (r)
		return r;
	if (l.s->dates && l.s->dates->zone_has_other_case)
		return wrong_cell(&l, ": the zone is UTC's, but in other letters");
	y->verdict = decide(&l);
	y->text_expected = notes->text_size;
	if (l.s->dates && !y->plan->given_form)
		*y->form = l.s->dates->form;
	return SHMPUB_OK;
}
