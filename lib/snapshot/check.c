#include "snapshot/check.h"

#include "base/error.h"
#include "base/utf8.h"
#include "snapshot/layout.h"

/*
 * What attaching takes on trust because looking would cost a pass over the table:
 * offsets, characters, codes, counts of nulls, what stands under nulls and behind the
 * last value. One function for each form of column.
 */

static int bad(struct shmpub_error *err, const struct shmpub_column *c, const char *what,
               uint64_t row)
{
	int size = c->name_size > 80 ? 80 : (int)c->name_size;

	return error_set(err, SHMPUB_ERR_FORMAT, "column \"%.*s\", row %llu: %s", size, c->name,
	                 (unsigned long long)row, what);
}

/* Bits behind the last row, in its byte. */
static bool bits_end_clean(const uint8_t *bits, uint64_t n_rows)
{
	return bits == NULL || n_rows % 8 == 0 || bits[n_rows / 8] >> n_rows % 8 == 0;
}

static int check_nulls(const struct shmpub_column *c, struct shmpub_error *err)
{
	uint64_t n_nulls = 0;

	if (c->validity == NULL)
		return SHMPUB_OK;
	for (uint64_t i = 0; i < c->n_rows; i++)
		n_nulls += !bit_get(c->validity, i);
	if (n_nulls != c->null_count)
		return bad(err, c, "the bitmap has another number of nulls", c->n_rows);
	if (!bits_end_clean(c->validity, c->n_rows))
		return bad(err, c, "the bitmap goes on behind the last row", c->n_rows);
	return SHMPUB_OK;
}

static bool slot_is_null(const struct shmpub_column *c, uint64_t row)
{
	const int64_t *ints = c->values;
	const double *floats = c->values;

	if (c->type == SHMPUB_FLOAT64)
		return floats[row] != floats[row];
	return ints[row] == (c->type == SHMPUB_TIMESTAMP ? INT64_MIN : 0);
}

static int check_values(const struct shmpub_column *c, struct shmpub_error *err)
{
	for (uint64_t i = 0; c->null_count > 0 && i < c->n_rows; i++) {
		if (!bit_get(c->validity, i) && !slot_is_null(c, i))
			return bad(err, c, "there is a value under a null", i);
	}
	return SHMPUB_OK;
}

static int check_bits(const struct shmpub_column *c, struct shmpub_error *err)
{
	const uint8_t *bits = c->values;

	for (uint64_t i = 0; c->null_count > 0 && i < c->n_rows; i++) {
		if (!bit_get(c->validity, i) && bit_get(bits, i))
			return bad(err, c, "there is a value under a null", i);
	}
	if (!bits_end_clean(bits, c->n_rows))
		return bad(err, c, "bits go on behind the last row", c->n_rows);
	return SHMPUB_OK;
}

static int check_codes(const struct shmpub_column *c, struct shmpub_error *err)
{
	uint64_t n_values = c->dictionary->n_rows;

	for (uint64_t i = 0; i < c->n_rows; i++) {
		uint64_t code = i;

		column_resolve(c, &code); /* a negative code becomes a large one */
		if (!column_is_valid(c, i) && code != 0)
			return bad(err, c, "there is a code under a null", i);
		if (column_is_valid(c, i) && code >= n_values)
			return bad(err, c, "the code is outside the dictionary", i);
	}
	return SHMPUB_OK;
}

/* Offsets first, all of them: only then may any text be looked at. */
static int check_text(const struct shmpub_column *c, struct shmpub_error *err)
{
	for (uint64_t i = 0; i < c->n_rows; i++) {
		if (c->offsets[i + 1] < c->offsets[i])
			return bad(err, c, "the offset falls", i);
	}
	for (uint64_t i = 0; i < c->n_rows; i++) {
		struct span text = column_text(c, i);

		if (!column_is_valid(c, i) && text.size > 0)
			return bad(err, c, "there is text under a null", i);
		if (utf8_valid_prefix(text) != text.size)
			return bad(err, c, "text is not UTF-8", i);
	}
	return SHMPUB_OK;
}

static int check_column(const struct shmpub_column *c, struct shmpub_error *err)
{
	int r;

	if (c->type == SHMPUB_NULL && c->dictionary == NULL)
		return SHMPUB_OK;
	r = check_nulls(c, err);
	if (r)
		return r;
	if (c->dictionary != NULL) {
		r = check_codes(c, err);
		return r ? r : check_column(c->dictionary, err);
	}
	switch (form_of_type(c->type)) {
	case FORM_BITS:
		return check_bits(c, err);
	case FORM_TEXT:
		return check_text(c, err);
	default:
		return check_values(c, err);
	}
}

int check_contents(const struct snapshot_view *v, struct shmpub_error *err)
{
	for (size_t i = 0; i < v->table.n_columns; i++) {
		int r = check_column(&v->columns[i], err);

		if (r)
			return r;
	}
	return SHMPUB_OK;
}
