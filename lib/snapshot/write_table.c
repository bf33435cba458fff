#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "columns/codes.h"
#include "columns/column_type.h"
#include "columns/table.h"
#include "snapshot/layout.h"
#include "snapshot/snapshot.h"

/*
 * Fills a snapshot with columns that a program has in memory. The program may be wrong, so
 * everything that a reader relies on is checked: offsets, UTF-8, codes. Under nulls the
 * value that docs/FORMAT.md requires is stored, whatever the program has there, and text
 * under nulls is left out.
 */

static int refuse(struct shmpub_error *err, const struct field *f, const char *why)
{
	int size = span_shown(f->name, 80);

	return error_set(err, SHMPUB_ERR_INVALID, "column \"%.*s\": %s", size, f->name.data, why);
}

/* --- checks ------------------------------------------------------------------------------------- */

static int check_text(const struct shmpub_column *c, uint64_t n_rows, const struct field *f,
                      struct shmpub_error *err)
{
	if (n_rows == 0)
		return SHMPUB_OK;
	if (c->offsets == NULL || c->offsets[0] < 0)
		return refuse(err, f, "text has no offsets, or they begin below 0");
	for (uint64_t i = 0; i < n_rows; i++) {
		if (c->offsets[i + 1] < c->offsets[i])
			return refuse(err, f, "offsets of text fall");
	}
	if (c->text == NULL && c->offsets[n_rows] > c->offsets[0])
		return refuse(err, f, "text has no bytes");
	for (uint64_t i = 0; i < n_rows; i++) {
		struct span text = column_text(c, i);

		if (column_is_valid(c, i) && utf8_valid_prefix(text) != text.size)
			return refuse(err, f, "text is not UTF-8");
	}
	return SHMPUB_OK;
}

static int check_dictionary(const struct shmpub_column *d, const struct field *f,
                            struct shmpub_error *err)
{
	if (d == NULL || d->type != f->type || d->dictionary != NULL)
		return refuse(err, f, "there is no dictionary of the field's type");
	if (form_of_type(d->type) == FORM_TEXT)
		return check_text(d, d->n_rows, f, err);
	if (d->n_rows > 0 && (d->values == NULL || d->type == SHMPUB_NULL))
		return refuse(err, f, "the dictionary has no values");
	return SHMPUB_OK;
}

static int check_column(const struct shmpub_column *c, uint64_t n_rows, const struct field *f,
                        struct shmpub_error *err)
{
	if (!f->is_dictionary && (c->type != f->type || c->dictionary != NULL))
		return refuse(err, f, "type and schema differ");
	if (f->is_dictionary && c->code_size != 1 && c->code_size != 2 && c->code_size != 4)
		return refuse(err, f, "codes have 1, 2 or 4 bytes");
	if (f->is_dictionary) {
		int r = check_dictionary(c->dictionary, f, err);

		if (r)
			return r;
	}
	if (form_of_field(f) == FORM_TEXT)
		return check_text(c, n_rows, f, err);
	if (n_rows > 0 && c->type != SHMPUB_NULL && c->values == NULL)
		return refuse(err, f, "there are no values");
	return SHMPUB_OK;
}

/* --- step 2 ------------------------------------------------------------------------------------- */

static void fill_validity(struct column_sink *to, const struct shmpub_column *c, uint64_t n_rows)
{
	size_t size = (size_t)bits_size(n_rows);

	to->null_count = 0;
	if (c->validity == NULL)
		return;
	if (size > 0)
		memcpy(to->validity, c->validity, size);
	for (uint64_t i = 0; i < n_rows; i++)
		to->null_count += !bit_get(c->validity, i);
}

static void fill_values(struct column_sink *to, const struct shmpub_column *c, uint64_t n_rows)
{
	const struct column_type *type = column_type(c->type);
	size_t width = type->value_size;
	char *values = to->values;

	if (n_rows > 0)
		memcpy(values, c->values, (size_t)n_rows * width);
	for (uint64_t i = 0; to->null_count > 0 && i < n_rows; i++) {
		if (!bit_get(c->validity, i))
			memcpy(values + i * width, &type->null_bits, width);
	}
}

static void fill_bits(struct column_sink *to, const struct shmpub_column *c, uint64_t n_rows)
{
	size_t size = (size_t)bits_size(n_rows);
	const uint8_t *bits = c->values;
	uint8_t *out = to->values;

	for (size_t i = 0; i < size; i++)
		out[i] = to->null_count > 0 ? bits[i] & c->validity[i] : bits[i];
}

static void fill_text_size(struct column_sink *to, const struct shmpub_column *c, uint64_t n_rows)
{
	to->text_size = 0;
	to->offsets[0] = 0;
	for (uint64_t i = 0; i < n_rows; i++) {
		if (column_is_valid(c, i))
			to->text_size += column_text(c, i).size;
		to->offsets[i + 1] = (int64_t)to->text_size;
	}
}

/* Codes are stored with their final size at once; the sink has room for 4 bytes each. */
static int fill_codes(struct column_sink *to, const struct shmpub_column *c, uint64_t n_rows,
                      const struct field *f, struct shmpub_error *err)
{
	to->code_size = code_size_for(c->dictionary->n_rows);
	for (uint64_t i = 0; i < n_rows; i++) {
		uint64_t code = i;

		if (!column_is_valid(c, i)) {
			code = 0;
		} else {
			column_resolve(c, &code);
			if (code >= c->dictionary->n_rows)
				return refuse(err, f, "a code lies outside the dictionary");
		}
		code_put(to->values, to->code_size, i, (uint32_t)code);
	}
	return SHMPUB_OK;
}

/* Give the sink a copy of the dictionary, with its count of nulls set to 0, as it must be. */
static int take_dictionary(struct column_sink *to, struct shmpub_column *copy,
                           const struct shmpub_column *given, const struct field *f,
                           struct shmpub_error *err)
{
	for (uint64_t i = 0; given->validity != NULL && i < given->n_rows; i++) {
		if (!bit_get(given->validity, i))
			return refuse(err, f, "the dictionary has nulls");
	}
	*copy = *given;
	copy->null_count = 0;
	copy->validity = NULL;
	to->dictionary = copy;
	return SHMPUB_OK;
}

static int fill_column(struct column_sink *to, struct shmpub_column *dictionary,
                       const struct shmpub_column *c, uint64_t n_rows, const struct field *f,
                       struct shmpub_error *err)
{
	enum column_form form = form_of_field(f);
	int r = check_column(c, n_rows, f, err);

	if (r || form == FORM_NONE)
		return r;
	fill_validity(to, c, n_rows);
	switch (form) {
	case FORM_CODES:
		r = take_dictionary(to, dictionary, c->dictionary, f, err);
		return r ? r : fill_codes(to, c, n_rows, f, err);
	case FORM_BITS:
		fill_bits(to, c, n_rows);
		return SHMPUB_OK;
	case FORM_TEXT:
		fill_text_size(to, c, n_rows);
		return SHMPUB_OK;
	default:
		fill_values(to, c, n_rows);
		return SHMPUB_OK;
	}
}

/* --- step 4 ------------------------------------------------------------------------------------- */

static void fill_text(struct column_sink *to, const struct shmpub_column *c, uint64_t n_rows)
{
	char *at = to->text;

	for (uint64_t i = 0; i < n_rows; i++) {
		struct span text = column_text(c, i);

		if (!column_is_valid(c, i) || text.size == 0)
			continue;
		memcpy(at, text.data, text.size);
		at += text.size;
	}
}

/* On success the caller frees *out. */
static int write_table(struct snapshot_writer **out, const struct snapshot_memory *memory,
                       const struct schema *schema, const struct table *table, uint64_t capacity,
                       const struct snapshot_growth *growth, const struct snapshot_origin *origin,
                       const struct snapshot_stamp *stamp, uint64_t *size, struct shmpub_error *err)
{
	struct shmpub_column *dictionaries = NULL;
	struct snapshot_writer *w = NULL;
	struct table_sink *sink;
	int r;

	if (schema->n_fields != table->n_columns)
		return error_set(err, SHMPUB_ERR_INVALID, "%zu columns under a schema of %zu",
		                 table->n_columns, schema->n_fields);
	dictionaries = mem_zalloc(table->n_columns, sizeof(*dictionaries));
	if (dictionaries == NULL)
		return error_nomem(err, table->n_columns * sizeof(*dictionaries));
	r = snapshot_writer_new_growing(&w, &sink, memory, schema, capacity, growth, origin, err);
	if (r)
		goto out;
	sink->n_rows = table->n_rows;
	for (size_t i = 0; r == SHMPUB_OK && i < table->n_columns; i++)
		r = fill_column(&sink->columns[i], &dictionaries[i], &table->columns[i],
		                table->n_rows, &schema->fields[i], err);
	if (r)
		goto out;
	r = snapshot_writer_text(w, err);
	if (r)
		goto out;
	for (size_t i = 0; i < table->n_columns; i++) {
		if (form_of_field(&schema->fields[i]) == FORM_TEXT)
			fill_text(&sink->columns[i], &table->columns[i], table->n_rows);
	}
	r = snapshot_writer_finish(w, stamp, size, err);
	if (r == SHMPUB_OK) {
		*out = w;
		w = NULL;
	}
out:
	snapshot_writer_free(w);
	mem_free(dictionaries);
	return r;
}

int snapshot_write_table(const struct snapshot_memory *memory, const struct schema *schema,
                         const struct table *table, const struct snapshot_origin *origin,
                         const struct snapshot_stamp *stamp, uint64_t *size,
                         struct shmpub_error *err)
{
	struct snapshot_writer *w = NULL;
	int r = write_table(&w, memory, schema, table, table->n_rows, &SNAPSHOT_GROWTH_NONE, origin,
	                    stamp, size, err);

	snapshot_writer_free(w);
	return r;
}

int snapshot_write_growing(struct snapshot_writer **out, const struct snapshot_memory *memory,
                           const struct schema *schema, const struct table *table,
                           uint64_t capacity, const struct snapshot_growth *growth,
                           const struct snapshot_origin *origin, const struct snapshot_stamp *stamp,
                           uint64_t *size, struct shmpub_error *err)
{
	return write_table(out, memory, schema, table, capacity, growth, origin, stamp, size, err);
}
