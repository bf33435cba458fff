#include "ingest/pieces.h"

#include <math.h>
#include <string.h>

/*
 * Whether the rows that were made of the source go with those that are kept. The types of both must be
 * equal, which is not enough: a type that only a part shows which is not there any more would be
 * another one now. And the first cell of a column counts for pandas (evidence.h).
 */

struct fit {
	struct ingest *in;
	size_t k;
	const struct column *plan;
	const struct field *was, *now;
	const struct shmpub_column *kept;
	const struct column_sink *made;
	uint64_t n_made;
	bool is_certain;
};

/* --- the cells ------------------------------------------------------------------------------------ */

static bool has_value(const struct fit *f, bool is_kept, uint64_t row)
{
	return is_kept ? column_is_valid(f->kept, row) : bit_get(f->made->validity, row);
}

/* Sets *row to the first row with a value. False: there is none. */
static bool find_first(bool *is_kept, uint64_t *row, const struct fit *f)
{
	for (struct piece p = PIECE_NONE; next_piece(&p, f->in);) {
		for (uint64_t i = p.row; i < p.row + p.n_rows; i++) {
			if (!has_value(f, p.is_kept, i))
				continue;
			*is_kept = p.is_kept;
			*row = i;
			return true;
		}
	}
	return false;
}

static bool keeps_null(const struct fit *f)
{
	for (struct piece p = PIECE_NONE; f->kept->null_count > 0 && next_kept(&p, f->in);) {
		for (uint64_t i = p.row; i < p.row + p.n_rows; i++) {
			if (!column_is_valid(f->kept, i))
				return true;
		}
	}
	return false;
}

static bool are_beyond(const double *values, uint64_t n)
{
	bool is_any = false;

	for (uint64_t i = 0; i < n; i++)
		is_any |= fabs(values[i]) >= 0x1p63;
	return is_any;
}

/* A number that may be an integer beyond 64 bits. */
static bool has_beyond(const struct fit *f)
{
	for (struct piece p = PIECE_NONE; next_piece(&p, f->in);) {
		const double *values = p.is_kept ? f->kept->values : f->made->values;

		if (p.n_rows > 0 && are_beyond(values + p.row, p.n_rows))
			return true;
	}
	return false;
}

/* --- types ---------------------------------------------------------------------------------------- */

static bool is_same_type(const struct fit *f)
{
	const char *a = f->was->timezone, *b = f->now->timezone;

	return f->was->reading == f->now->reading && f->was->type == f->now->type &&
	       f->was->kind == f->now->kind && f->was->is_dictionary == f->now->is_dictionary &&
	       f->was->unit == f->now->unit &&
	       (a == b || (a != NULL && b != NULL && strcmp(a, b) == 0));
}

/* An integer beyond 64 bits before all other floats would make the column text. */
static bool is_first_fraction(const struct fit *f)
{
	const double *values;
	bool is_kept;
	uint64_t row;

	if (!find_first(&is_kept, &row, f))
		return false;
	values = is_kept ? f->kept->values : f->made->values;
	return is_fraction(values[row]);
}

static bool fits_float(const struct fit *f)
{
	bool is_int = f->n_made > 0 && f->now->reading == READ_INT && f->now->type == SHMPUB_INT64;
	bool is_float = f->n_made > 0 && is_same_type(f);

	if (f->plan->dtype != CSV_DTYPE_AUTO)
		return f->n_made == 0 || is_float;
	if (f->was->is_whole && !is_int && f->n_made > 0 && !(is_float && f->now->is_whole))
		return false;
	if (f->was->is_whole)
		return keeps_null(f) || (is_float && f->made->null_count > 0);
	if (f->n_made == 0 ? !f->is_certain : !is_float || f->now->is_whole)
		return false;
	return is_first_fraction(f) || !has_beyond(f);
}

/* If the first text is no integer, no other one can make pandas take NA for text. */
static bool fits_text(const struct fit *f)
{
	struct span cell;
	bool is_kept;
	uint64_t row;
	int64_t value;

	if (f->n_made > 0 && !is_same_type(f))
		return false;
	if (f->plan->dtype != CSV_DTYPE_AUTO)
		return true;
	if ((f->n_made == 0 && !f->is_certain) || !find_first(&is_kept, &row, f))
		return false;
	cell = is_kept ? column_text_inside(f->kept, row)
	               : span_of(f->made->text + f->made->offsets[row],
	                         (size_t)(f->made->offsets[row + 1] - f->made->offsets[row]));
	return value_int_rules(&value, cell, &f->in->plan.rules) == INT_NONE;
}

/* The form is that of the first date of all: it must be in the part that was the first before, too. */
static bool fits_dates(const struct fit *f)
{
	const struct ingest_before *b = f->in->before;
	bool is_kept;
	uint64_t row;

	return f->n_made > 0 && is_same_type(f) && b->has_same_first && !b->parts[0].is_kept &&
	       find_first(&is_kept, &row, f) && !is_kept && row < f->in->fill.part_rows[0];
}

static bool fits(const struct fit *f)
{
	if (f->plan->route == ROUTE_PART || f->plan->route == ROUTE_MISSING)
		return is_same_type(f);
	switch (f->was->reading) {
	case READ_FLOAT:
		return fits_float(f);
	case READ_TEXT:
		return fits_text(f);
	case READ_DATE:
		return fits_dates(f);
	case READ_INT:
		return f->n_made == 0 || is_same_type(f);
	case READ_BOOL:
		return f->n_made == 0 ? f->was->kind == SHMPUB_PLAIN : is_same_type(f);
	case READ_CATEGORY: /* its words are those of all rows */
		return is_same_type(f);
	default:
		return f->n_made > 0 && is_same_type(f);
	}
}

int ingest_fits(struct ingest *in, const struct table_sink *made, struct shmpub_error *err)
{
	uint64_t n_rows = made->n_rows;

	(void)err;
	for (struct piece p = PIECE_NONE; next_kept(&p, in);)
		n_rows += p.n_rows;
	if (n_rows == 0) /* without rows the columns have no types */
		return INGEST_APART;
	for (size_t k = 0; k < in->plan.n; k++) {
		const struct fit f = {
			.in = in,
			.k = k,
			.plan = &in->plan.columns[k],
			.was = &in->before->schema->fields[k],
			.now = &in->schema.fields[k],
			.kept = &in->before->table->columns[k],
			.made = &made->columns[k],
			.n_made = made->n_rows,
			.is_certain = in->types.kept[k].is_certain,
		};

		if (!fits(&f))
			return INGEST_APART;
	}
	return SHMPUB_OK;
}
