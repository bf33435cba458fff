#include "ingest/pieces.h"

#include "base/alloc.h"
#include "base/error.h"
#include "columns/codes.h"

/*
 * What the rows that are kept show. The type of a column depends on all its cells, and the cells of
 * kept rows are not read again. But their values are known, and mostly one of them suffices: a float
 * with a fraction, or a text that is no number and no bool, shows the type of its column whatever
 * the others are. A column of which they show nothing must show its type in the parts that are read.
 *
 * Types for which more than the values counts are not kept: those that pandas reads twice, and text
 * that stands for numbers.
 */

#define TEXTS_MAX 65536u /* kept cells that are looked at for a text that is no number */

/* --- which columns can be kept -------------------------------------------------------------------- */

static bool is_plain_type(const struct field *f)
{
	static const enum shmpub_type types[] = {
		[READ_INT] = SHMPUB_INT64,      [READ_UINT] = SHMPUB_UINT64,
		[READ_FLOAT] = SHMPUB_FLOAT64,  [READ_BOOL] = SHMPUB_BOOL,
		[READ_TEXT] = SHMPUB_TEXT,      [READ_CATEGORY] = SHMPUB_TEXT,
		[READ_DATE] = SHMPUB_TIMESTAMP,
	};
	bool is_known = f->reading > READ_NOTHING && (size_t)f->reading < ARRAY_LEN(types);

	return is_known && f->reading != READ_LITERAL && f->reading != READ_LONG &&
	       types[f->reading] == f->type && (f->reading == READ_BOOL || f->kind == SHMPUB_PLAIN);
}

static bool has_kept_type(const struct column *c, const struct field *f)
{
	if (c->route == ROUTE_PART)
		return f->is_dictionary;
	if (column_is_of_values(c) || !is_plain_type(f))
		return false;
	if (column_is_date(c))
		return f->reading == READ_DATE;
	return !c->infers_again || f->reading == READ_INT || f->reading == READ_TEXT;
}

static bool is_same_column(const struct field *was, const struct field *now,
                           const struct shmpub_column *table)
{
	return span_eq(was->name, now->name) && was->index_level == now->index_level &&
	       was->is_unnamed == now->is_unnamed && was->is_integer_name == now->is_integer_name &&
	       table->type == was->type && (table->code_size > 0) == was->is_dictionary;
}

static bool can_keep(const struct ingest *in)
{
	const struct ingest_before *b = in->before;

	/* by a header without rows dates are not planned as dates */
	if (in->plan.has_no_field || !in->header.has_rows || b->schema->n_fields != in->plan.n ||
	    b->table->n_columns != in->plan.n)
		return false;
	for (size_t k = 0; k < in->plan.n; k++) {
		const struct field *was = &b->schema->fields[k];

		if (!is_same_column(was, &in->schema.fields[k], &b->table->columns[k]) ||
		    !has_kept_type(&in->plan.columns[k], was))
			return false;
	}
	for (struct piece p = PIECE_NONE; next_kept(&p, in);) {
		if (p.n_rows > b->table->n_rows || p.row > b->table->n_rows - p.n_rows)
			return false;
	}
	return true;
}

/* --- what their cells show ------------------------------------------------------------------------ */

static bool keeps_fraction(const struct ingest *in, const struct shmpub_column *table)
{
	const double *values = table->values;

	for (struct piece p = PIECE_NONE; next_kept(&p, in);) {
		for (uint64_t i = p.row; i < p.row + p.n_rows; i++) {
			if (is_fraction(values[i]))
				return true;
		}
	}
	return false;
}

static int keeps_text(bool *out, const struct ingest *in, size_t k, struct shmpub_error *err)
{
	const struct shmpub_column *table = &in->before->table->columns[k];
	struct evidence e = EVIDENCE_NONE;
	struct buffer room = { .data = NULL };
	struct piece p = PIECE_NONE;
	uint64_t n = 0;
	int r = SHMPUB_OK;

	while (r == SHMPUB_OK && !e.is_text && n < TEXTS_MAX && next_kept(&p, in)) {
		for (uint64_t i = p.row; i < p.row + p.n_rows && !e.is_text && !r; i++) {
			struct span cell = column_text_inside(table, i);

			if (!column_is_valid(table, i) || ++n > TEXTS_MAX)
				continue;
			room.size = 0;
			r = buffer_reserve(&room, cell.size + 1, err);
			if (!r)
				evidence_add(&e, &in->plan.columns[k], &in->plan, cell, n,
				             room.data);
		}
	}
	buffer_free(&room);
	*out = e.is_text;
	return r;
}

static int keep_words(struct kept_column *kept, const struct ingest *in,
                      const struct shmpub_column *table, struct shmpub_error *err)
{
	size_t n = (size_t)table->dictionary->n_rows;

	kept->words = table->dictionary;
	kept->numbers = mem_alloc((n + 1) * sizeof(*kept->numbers));
	if (kept->numbers == NULL)
		return error_nomem(err, n * sizeof(*kept->numbers));
	memset(kept->numbers, 0xFF, (n + 1) * sizeof(*kept->numbers)); /* KEPT_NO_NUMBER */
	for (struct piece p = PIECE_NONE; next_kept(&p, in);) {
		for (uint64_t i = p.row; i < p.row + p.n_rows; i++) {
			uint32_t code = code_get(table->values, table->code_size, i);

			if (code < n && column_is_valid(table, i))
				kept->numbers[code] = 0;
		}
	}
	return SHMPUB_OK;
}

/* The sample of the source may have guessed another type for a column that is certain. */
static int keep_column(struct ingest *in, size_t k, struct shmpub_error *err)
{
	const struct column *c = &in->plan.columns[k];
	const struct field *was = &in->before->schema->fields[k];
	const struct shmpub_column *table = &in->before->table->columns[k];
	struct kept_column *kept = &in->types.kept[k];
	bool may_be_other = c->dtype == CSV_DTYPE_AUTO && !column_is_date(c) && !c->infers_again;
	int r = SHMPUB_OK;

	if (c->route == ROUTE_PART)
		return SHMPUB_OK;
	if (was->reading == READ_CATEGORY)
		return keep_words(kept, in, table, err);
	if (may_be_other && was->reading == READ_FLOAT && !was->is_whole)
		kept->is_certain = keeps_fraction(in, table);
	else if (may_be_other && was->reading == READ_TEXT)
		r = keeps_text(&kept->is_certain, in, k, err);
	if (kept->is_certain)
		in->types.columns[k].verdict = verdict_of((enum reading)was->reading, was->type);
	return r;
}

int ingest_keep(struct ingest *in, const struct ingest_before *before, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	in->before = before;
	if (in->source.parts == NULL || !can_keep(in))
		return INGEST_APART;
	in->types.kept = mem_zalloc(in->plan.n + 1, sizeof(*in->types.kept));
	if (in->types.kept == NULL)
		return error_nomem(err, in->plan.n * sizeof(*in->types.kept));
	for (size_t k = 0; k < in->plan.n && r == SHMPUB_OK; k++)
		r = keep_column(in, k, err);
	return r ? r : ingest_set_schema(in, err);
}
