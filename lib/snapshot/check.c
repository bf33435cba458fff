#include "snapshot/check.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"
#include "base/utf8.h"
#include "columns/column_type.h"
#include "columns/unique.h"
#include "snapshot/arrow_format.h"
#include "snapshot/arrow_schema_read.h"
#include "snapshot/layout.h"

/*
 * Checks what a reader does not check when it attaches, because that would read the whole
 * table: offsets, characters, codes, counts of nulls, the values under nulls, and the bits
 * after the last row. There is one function for each form of column. docs/FORMAT.md has the
 * list; tests/golden/test_variants.py compares this check with that of the Python client.
 *
 * In a snapshot that grows the bits after the last row are those of later rows (`is_growing`).
 *
 * The owner of the bytes may change them meanwhile. So an offset is loaded once and
 * compared with the size of the text before it is followed.
 */

static int bad(struct shmpub_error *err, const struct shmpub_column *c, const char *what,
               uint64_t row)
{
	int size = span_shown(span_of(c->name, c->name_size), 80);

	return error_set(err, SHMPUB_ERR_FORMAT, "column \"%.*s\", row %llu: %s", size, c->name,
	                 (unsigned long long)row, what);
}

/* True when the bits after the last row, in the last byte, are 0. */
static bool bits_end_clean(const uint8_t *bits, uint64_t n_rows)
{
	return bits == NULL || n_rows % 8 == 0 || bits[n_rows / 8] >> n_rows % 8 == 0;
}

static int check_nulls(const struct shmpub_column *c, bool is_growing, struct shmpub_error *err)
{
	uint64_t n_nulls = 0;

	if (c->validity == NULL)
		return SHMPUB_OK;
	for (uint64_t i = 0; i < c->n_rows; i++)
		n_nulls += !bit_get(c->validity, i);
	if (n_nulls != c->null_count)
		return bad(err, c, "the bitmap has another number of nulls", c->n_rows);
	if (!is_growing && !bits_end_clean(c->validity, c->n_rows))
		return bad(err, c, "the bitmap goes on after the last row", c->n_rows);
	return SHMPUB_OK;
}

static bool has_null_bits(const struct shmpub_column *c, uint64_t row)
{
	const struct column_type *type = column_type(c->type);
	const double *floats = c->values;

	if (c->type == SHMPUB_FLOAT64) /* any NaN is accepted */
		return floats[row] != floats[row];
	return memcmp((const char *)c->values + row * type->value_size, &type->null_bits,
	              type->value_size) == 0;
}

static int check_values(const struct shmpub_column *c, struct shmpub_error *err)
{
	for (uint64_t i = 0; c->null_count > 0 && i < c->n_rows; i++) {
		if (!bit_get(c->validity, i) && !has_null_bits(c, i))
			return bad(err, c, "there is a value under a null", i);
	}
	return SHMPUB_OK;
}

static int check_bits(const struct shmpub_column *c, bool is_growing, struct shmpub_error *err)
{
	const uint8_t *bits = c->values;

	for (uint64_t i = 0; c->null_count > 0 && i < c->n_rows; i++) {
		if (!bit_get(c->validity, i) && bit_get(bits, i))
			return bad(err, c, "there is a value under a null", i);
	}
	if (!is_growing && !bits_end_clean(bits, c->n_rows))
		return bad(err, c, "bits go on after the last row", c->n_rows);
	return SHMPUB_OK;
}

static int check_codes(const struct shmpub_column *c, struct shmpub_error *err)
{
	uint64_t n_values = c->dictionary->n_rows;

	for (uint64_t i = 0; i < c->n_rows; i++) {
		uint64_t code = i;

		column_resolve(c, &code); /* as unsigned: a negative code is too large */
		if (!column_is_valid(c, i) && code != 0)
			return bad(err, c, "there is a code under a null", i);
		if (column_is_valid(c, i) && code >= n_values)
			return bad(err, c, "the code is outside the dictionary", i);
	}
	return SHMPUB_OK;
}

/* Row i's text, whose offsets are [from, to). */
static int check_cell(const struct shmpub_column *c, uint64_t i, uint64_t from, uint64_t to,
                      struct shmpub_error *err)
{
	bool is_valid = column_is_valid(c, i);
	struct span text;

	if (to < from || to > c->text_size)
		return bad(err, c, "the offset falls", i);
	text = span_of(c->text + from, (size_t)(to - from));
	if (!is_valid && text.size > 0)
		return bad(err, c, "there is text under a null", i);
	if (utf8_valid_prefix(text) != text.size)
		return bad(err, c, "text is not UTF-8", i);
	if (is_valid && c->kind == SHMPUB_KIND_INT && !text_is_integer(text))
		return bad(err, c, "text is not an integer", i);
	return SHMPUB_OK;
}

static int check_text(const struct shmpub_column *c, struct shmpub_error *err)
{
	const uint64_t *offsets = (const uint64_t *)c->offsets; /* a negative one is too large */
	uint64_t from = 0;
	int r = SHMPUB_OK;

	for (uint64_t i = 0; r == SHMPUB_OK && i < c->n_rows; i++) {
		uint64_t to = load_relaxed_u64(offsets + i + 1);

		r = check_cell(c, i, from, to, err);
		from = to;
	}
	return r;
}

static int check_form(const struct shmpub_column *c, bool is_growing, struct shmpub_error *err)
{
	switch (form_of_type(c->type)) {
	case FORM_BITS:
		return check_bits(c, is_growing, err);
	case FORM_TEXT:
		return check_text(c, err);
	case FORM_VALUES:
		return check_values(c, err);
	default:
		return c->null_count == c->n_rows ? SHMPUB_OK
		                                  : bad(err, c, "there is a row without null", 0);
	}
}

static int check_column(const struct shmpub_column *c, bool is_growing, struct shmpub_error *err)
{
	const char *rule = NULL;
	int r = check_nulls(c, is_growing, err);

	if (r == SHMPUB_OK && c->dictionary == NULL)
		r = check_form(c, is_growing, err);
	if (r || c->dictionary == NULL)
		return r;
	r = check_codes(c, err);
	if (r == SHMPUB_OK)
		r = check_form(c->dictionary, false, err);
	if (r == SHMPUB_OK)
		r = unique_rule(&rule, c->dictionary, err);
	return r || rule == NULL ? r : bad(err, c, rule, c->dictionary->n_rows);
}

int check_contents(const struct snapshot_view *v, struct shmpub_error *err)
{
	for (size_t i = 0; i < v->table.n_columns; i++) {
		int r = check_column(&v->columns[i], v->is_growing, err);

		if (r)
			return r;
	}
	return SHMPUB_OK;
}

int check_names(const struct snapshot_view *v, const struct record *record,
                struct shmpub_error *err)
{
	struct arrow_fields a;
	struct span *names;
	int r = arrow_read_schema(&a, span_of(v->schema, (size_t)record->schema.size), err);

	if (r)
		return r;
	names = mem_zalloc(a.fields.n, sizeof(*names));
	if (names == NULL)
		return error_nomem(err, a.fields.n * sizeof(*names));
	for (uint32_t i = 0; i < a.fields.n; i++) {
		struct flatbuf_table field = flatbuf_item(&a.view, &a.fields, i);

		names[i] = flatbuf_text(&a.view, &field, FIELD_NAME);
	}
	if (texts_have_twins(names, a.fields.n))
		r = error_set(err, SHMPUB_ERR_FORMAT, "two fields have one name");
	mem_free(names);
	return r;
}
