#include "fill/fill.h"

#include <math.h>
#include "columns/table.h"
#include "rows/trim.h"

/*
 * Writes numbers and bools straight into the sink. Every cell is verified: the first one that does
 * not fit the verdict breaks the column. Evidence for a narrower type is noted until a cell has
 * shown that no narrower type is possible.
 *
 * A cell is compared with NA words only after it proved to be no number; but if an NA word is a
 * number itself, before.
 */

static bool is_na_before_reading(const struct column *c, struct span cell)
{
	return c->na->has_numbers && column_is_na(c, cell);
}

static void put_null(struct column_notes *s, struct column_sink *out, uint64_t row)
{
	s->n_nulls++;
	bit_put(out->validity, row, false);
}

/* A batch takes empty cells as null only if they are NA; without a validity it stops at them. */
static struct batch_empty empty_of(const struct column *c, uint8_t *validity)
{
	return (struct batch_empty){ .validity = c->na->has_empty ? validity : NULL };
}

void fill_int(struct filler *f, size_t column, const struct tile *t)
{
	const struct column *c = &f->plan->columns[column];
	int64_t *out = (int64_t *)f->sink->columns[column].values + t->first_row;
	const struct value_rules *rules = &f->plan->rules;
	bool is_plain = !f->plan->has_number_options, is_batch = c->has_plain_numbers;
	enum int_answer answer;
	struct trimmed trimmed;
	struct cell_run run;
	struct span cell;
	size_t n;

	trim_begin(&trimmed, true);
	for (size_t i = 0; i < t->n_rows; i++) {
		for (n = 1; is_batch && n && i < t->n_rows; i += n) {
			run = trim_run(&trimmed, &n, f->cells.dialect, t, i, c->source);
			n = batch_int(&out[i], &run, n);
		}
		if (i == t->n_rows)
			break;
		cell = cells_text(&f->cells, tile_raw(t, i, c->source));
		answer = is_plain ? value_int(&out[i], cell)
		                  : value_int_rules(&out[i], cell, rules);
		if (answer != INT_SIGNED || is_na_before_reading(c, cell)) {
			fill_refuse(f, column, t, i);
			return;
		}
	}
	f->notes[column].seen.n_values += t->n_rows;
}

static void note_integer(struct column_notes *s, enum int_answer answer, uint64_t row)
{
	if (answer == INT_NONE && row < s->seen.first_not_int)
		s->seen.first_not_int = row;
	else if (answer != INT_NONE && answer != INT_SIGNED && row < s->seen.first_beyond)
		s->seen.first_beyond = row;
}

void fill_uint(struct filler *f, size_t column, const struct tile *t)
{
	const struct column *c = &f->plan->columns[column];
	uint64_t *out = (uint64_t *)f->sink->columns[column].values + t->first_row;
	const struct value_rules *rules = &f->plan->rules;
	struct column_notes *s = &f->notes[column];
	struct span cell;
	int64_t i64;

	for (size_t i = 0; i < t->n_rows; i++) {
		cell = cells_text(&f->cells, tile_raw(t, i, c->source));
		if (value_uint_rules(&out[i], cell, rules) != UINT_VALUE ||
		    is_na_before_reading(c, cell)) {
			fill_refuse(f, column, t, i);
			return;
		}
		note_integer(s, value_int_rules(&i64, cell, rules), t->first_row + i);
		s->seen.has_unsigned |= out[i] > INT64_MAX;
	}
	s->seen.n_values += t->n_rows;
}

/*
 * pandas rounds some floats inexactly: those with a thousands separator, and those after a plus
 * sign between blanks. It does not so with integers that are stored as floats only because a cell
 * is missing. The values differ from 1e15 on, and only the whole column shows which of the two it
 * is.
 */
static void read_inexactly(double *out, struct column_notes *s, const struct filler *f,
                           const struct column_type *y, struct span cell)
{
	double inexact;

	if (fabs(*out) < 1e15 || !value_float_rules(&inexact, cell, &f->plan->rules) ||
	    inexact == *out)
		return;
	if (y->are_floats || y->plan->dtype == CSV_DTYPE_FLOAT64)
		*out = inexact;
	else
		s->has_inexact = true;
}

/* For a column that has shown nothing but integers. Returns false if the cell is none. */
static bool read_as_integer(double *out, struct column_notes *s, const struct filler *f,
                            struct span cell, uint64_t row)
{
	int64_t v;

	switch (value_int_rules(&v, cell, &f->plan->rules)) {
	case INT_SIGNED:
		*out = (double)v;
		if (v == 0 && memchr(cell.data, '-', cell.size)) {
			*out = -0.0; /* fill_settle_integers() makes it 0 if all are integers */
			s->has_minus_zero = true;
		}
		return true;
	case INT_NONE:
		s->seen.first_not_int = row;
		return false;
	default:
		if (row < s->seen.first_beyond)
			s->seen.first_beyond = row;
		return false;
	}
}

/* Returns false if the cell is neither a number nor NA. */
static bool read_float(double *out, struct filler *f, const struct column_type *y,
                       struct column_notes *s, struct column_sink *sink, struct span cell,
                       uint64_t row)
{
	const struct columns *all = f->plan;
	const struct column *c = y->plan;
	bool is_number = false, is_null = false, is_plain = !all->has_number_options;

	if (is_na_before_reading(c, cell)) {
		s->seen.n_nulls++;
	} else {
		if (s->seen.first_not_int == ROW_NONE && !column_is_na(c, cell))
			is_number = read_as_integer(out, s, f, cell, row);
		if (is_number)
			read_inexactly(out, s, f, y, cell);
		else
			is_number = is_plain ? value_float(out, cell)
			                     : value_float_rules(out, cell, &all->rules);
		if (is_number && column_is_na_number(c, *out) && c->dtype == CSV_DTYPE_AUTO &&
		    s->seen.first_not_int == ROW_NONE)
			s->has_null_number = true;
		else if (is_number && column_is_na_number(c, *out))
			is_null = true;
		if (is_number && !is_null)
			return true;
		if (!is_number && !column_is_na(c, cell))
			return false;
		s->seen.n_nulls += !is_number;
	}
	*out = NAN;
	put_null(s, sink, row);
	return true;
}

/*
 * Parses a batch of numbers and, where empty cells are NA, of empty cells. As long as the column
 * has shown nothing but integers, it takes only integers, so that the first other number is
 * noted.
 */
static size_t take_numbers(double *out, struct column_notes *s, const struct cell_run *run,
                           size_t n, struct batch_empty *empty)
{
	uint64_t n_before = empty->n;
	size_t taken = s->seen.first_not_int == ROW_NONE ? batch_whole(out, run, n, empty)
	                                                 : batch_float(out, run, n, empty);

	s->n_nulls += empty->n - n_before;
	s->seen.n_nulls += empty->n - n_before;
	return taken;
}

void fill_float(struct filler *f, size_t column, const struct tile *t)
{
	const struct column_type *y = &f->types[column];
	const struct column *c = y->plan;
	struct column_sink *sink = &f->sink->columns[column];
	double *out = (double *)sink->values + t->first_row;
	struct column_notes *s = &f->notes[column];
	bool is_batch = c->has_plain_numbers;
	struct batch_empty empty = empty_of(c, sink->validity);
	struct trimmed trimmed;
	struct cell_run run;
	struct span cell;
	size_t n;

	trim_begin(&trimmed, true);
	if (c->na->has_empty)
		trimmed.na = &c->na->words;
	for (size_t i = 0; i < t->n_rows; i++) {
		for (n = 1; is_batch && n && i < t->n_rows; i += n) {
			run = trim_run(&trimmed, &n, f->cells.dialect, t, i, c->source);
			empty.row = t->first_row + i;
			n = take_numbers(&out[i], s, &run, n, &empty);
		}
		if (i == t->n_rows)
			break;
		cell = cells_text(&f->cells, tile_raw(t, i, c->source));
		if (is_batch && column_is_na(c, cell)) { /* with is_batch no NA word is a number */
			s->seen.n_nulls++;
			put_null(s, sink, t->first_row + i);
			out[i] = NAN;
			continue;
		}
		if (!read_float(&out[i], f, y, s, sink, cell, t->first_row + i)) {
			fill_refuse(f, column, t, i);
			return;
		}
	}
	s->seen.n_values += t->n_rows;
}

/*
 * Integers before the first float of a column were read as integers. If the whole column is
 * integers and NA, this is what pandas does: -0 is 0, and a cell is NA only if it equals an NA
 * word. If the column has floats, these cells are NA by their value as well.
 */
void fill_settle_integers(const struct column_type *y, struct column_notes *s,
                          struct column_sink *sink, uint64_t n_rows)
{
	const struct column *c = y->plan;
	double *values = sink->values;
	bool are_integers = s->seen.first_not_int == ROW_NONE && c->dtype == CSV_DTYPE_AUTO;

	for (uint64_t i = 0; are_integers && s->has_minus_zero && i < n_rows; i++)
		values[i] += 0.0;
	for (uint64_t i = 0; !are_integers && s->has_null_number && i < n_rows; i++) {
		if (!bit_get(sink->validity, i) || !column_is_na_number(c, values[i]))
			continue;
		values[i] = NAN;
		put_null(s, sink, i);
	}
}

static uint32_t four_letters(const char *p)
{
	uint32_t word;

	memcpy(&word, p, 4);
	return word | UINT32_C(0x20202020); /* lower case; no other byte becomes a letter */
}

/*
 * Returns 1 for "true" and 0 for "false" in any mixture of cases, else -1: most columns of bools
 * have just these words. Has no branch between the two, because their order is random.
 */
static inline int common_word(struct span cell)
{
	unsigned is_true, is_false;
	uint32_t letters;

	if (cell.size < 4)
		return -1;
	letters = four_letters(cell.data);
	is_true = (letters == four_letters("true")) & (cell.size == 4);
	is_false = (letters == four_letters("fals")) & (cell.size == 5) &
	           ((cell.data[cell.size - 1] | 0x20) == 'e');
	return (int)(is_true - (~(is_true | is_false) & 1));
}

/* Reads common words and empty cells of a run, writes them eight to a byte, returns how many. */
static size_t take_bools(uint8_t *bits, uint64_t row, const struct cell_run *run, size_t most,
                         struct batch_empty *empty)
{
	unsigned byte = 0;
	size_t n = 0;
	int v;

	for (; n < most; n++, row++) {
		struct span cell = cell_run_at(run, n);

		v = common_word(cell);
		if (v < 0) {
			if (!batch_take_empty(empty, cell, n))
				break;
			v = 0;
		}
		byte |= (unsigned)v << (row & 7);
		if ((row & 7) == 7) {
			bits[row >> 3] = (uint8_t)(bits[row >> 3] | byte);
			byte = 0;
		}
	}
	if (byte)
		bits[row >> 3] = (uint8_t)(bits[row >> 3] | byte);
	return n;
}

/* What a cell of a column of bools is; also the number of its word in struct recent_words. */
enum bool_answer { BOOL_FALSE, BOOL_TRUE, BOOL_NULL, BOOL_REFUSED };

static enum bool_answer read_bool(const struct filler *f, const struct column *c, struct span cell)
{
	bool v = false, is_bool = value_bool_rules(&v, cell, &f->plan->rules);

	/* A word for a bool may be a word for NA as well: then it is NA. */
	if (is_bool && !(f->plan->has_bool_words && column_is_na(c, cell)) &&
	    !is_na_before_reading(c, cell))
		return v ? BOOL_TRUE : BOOL_FALSE;
	return c->dtype != CSV_DTYPE_BOOL && column_is_na(c, cell) ? BOOL_NULL : BOOL_REFUSED;
}

/* Reads a cell into the sink. Returns false if the filler has failed or the column is broken. */
static bool put_bool(struct filler *f, size_t column, const struct tile *t, size_t i)
{
	const struct column *c = &f->plan->columns[column];
	const struct span cell = cells_text(&f->cells, tile_raw(t, i, c->source));
	const enum bool_answer answer = read_bool(f, c, cell);
	struct column_sink *sink = &f->sink->columns[column];
	struct column_notes *s = &f->notes[column];
	char *room;

	/* A word may be a number as well: evidence decides then. */
	if (f->plan->has_bool_words && (answer > BOOL_TRUE || !evidence_is_settled(&s->seen))) {
		room = cells_room(&f->cells, cell.size + 1);
		if (room == NULL)
			return false;
		evidence_add(&s->seen, c, f->plan, cell, t->first_row + i, room);
	}
	if (answer == BOOL_REFUSED) {
		fill_refuse(f, column, t, i);
		return false;
	}
	if (answer == BOOL_NULL)
		put_null(s, sink, t->first_row + i);
	bit_put(sink->values, t->first_row + i, answer == BOOL_TRUE);
	return true;
}

/*
 * Fills a column with own words for bools, when a cell that is one adds no evidence: what a word
 * is, is looked up among recent words.
 */
static void fill_own_words(struct filler *f, size_t column, const struct tile *t)
{
	const struct column *c = &f->plan->columns[column];
	struct column_sink *sink = &f->sink->columns[column];
	struct column_notes *s = &f->notes[column];
	struct recent_words recent = { .words = { { 0 } } };

	for (size_t i = 0; i < t->n_rows; i++) {
		const struct span cell = cells_text(&f->cells, tile_raw(t, i, c->source));
		const bool is_short = fill_is_recent_size(f, t, cell);
		uint32_t answer;

		if (!is_short || !recent_find(&answer, &recent, cell)) {
			if (!put_bool(f, column, t, i))
				return;
			if (is_short)
				recent_add(&recent, cell, read_bool(f, c, cell));
			continue;
		}
		if (answer == BOOL_NULL) {
			s->seen.n_nulls++;
			put_null(s, sink, t->first_row + i);
		}
		bit_put(sink->values, t->first_row + i, answer == BOOL_TRUE);
	}
}

void fill_bool(struct filler *f, size_t column, const struct tile *t)
{
	const struct column *c = &f->plan->columns[column];
	struct column_sink *sink = &f->sink->columns[column];
	struct column_notes *s = &f->notes[column];
	bool has_words = f->plan->has_bool_words;
	bool is_plain = !has_words && !c->na->has_numbers && f->plan->has_plain_quotes;
	struct batch_empty empty = empty_of(c, c->dtype == CSV_DTYPE_BOOL ? NULL : sink->validity);
	struct trimmed trimmed;
	struct cell_run run;
	size_t n;

	if (has_words && evidence_is_settled(&s->seen)) {
		fill_own_words(f, column, t);
		return;
	}
	trim_begin(&trimmed, true);
	for (size_t i = 0; i < t->n_rows; i++) {
		for (n = 1; is_plain && n && i < t->n_rows; i += n) {
			run = trim_run(&trimmed, &n, f->cells.dialect, t, i, c->source);
			empty.row = t->first_row + i;
			n = take_bools(sink->values, empty.row, &run, n, &empty);
		}
		if (i == t->n_rows)
			break;
		if (!put_bool(f, column, t, i))
			return;
	}
	s->n_nulls += empty.n;
}

/*
 * Reads a cell as the verdict says, bools as 0 and 1, NA as NAN. Returns false if it does not
 * fit.
 */
static bool read_any(double *out, const struct filler *f, const struct column_type *y,
                     struct span cell)
{
	const struct column *c = y->plan;
	bool b;

	*out = NAN;
	if (column_is_na(c, cell))
		return true;
	if (y->verdict.reading == READ_BOOL) {
		if (!value_bool_rules(&b, cell, &f->plan->rules))
			return false;
		*out = b;
		return true;
	}
	if (!value_float_rules(out, cell, &f->plan->rules))
		return false;
	if (column_is_na_number(c, *out))
		*out = NAN;
	return true;
}

/*
 * Fills a column whose cells are written in another type than its dtype: 1.0 for int64, TRUE for
 * float64, 1 for bool. pandas reads them as what they are and casts them if nothing is lost.
 */
void fill_cast(struct filler *f, size_t column, const struct tile *t)
{
	const struct column_type *y = &f->types[column];
	const struct column *c = y->plan;
	struct column_sink *sink = &f->sink->columns[column];
	double v = 0;

	for (size_t i = 0; i < t->n_rows; i++) {
		uint64_t row = t->first_row + i;
		bool ok = read_any(&v, f, y, cells_text(&f->cells, tile_raw(t, i, c->source)));

		if (y->verdict.type == SHMPUB_FLOAT64) {
			if (ok && isnan(v))
				put_null(&f->notes[column], sink, row);
			((double *)sink->values)[row] = v;
		} else if (y->verdict.type == SHMPUB_BOOL) {
			ok = ok && (v == 0 || v == 1);
			bit_put(sink->values, row, v == 1);
		} else {
			ok = ok && v >= -9223372036854775808.0 && v < 9223372036854775808.0 &&
			     v == (double)(int64_t)v;
			((int64_t *)sink->values)[row] = ok ? (int64_t)v : 0;
		}
		if (!ok) {
			fill_refuse(f, column, t, i);
			return;
		}
	}
}
