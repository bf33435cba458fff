#include "snapshot/pandas_metadata.h"

#include "columns/column_type.h"
#include "snapshot/arrow_schema_write.h"

/*
 * pyarrow and pandas keep a piece of JSON in a schema. It says which fields are index
 * levels, and which labels and dtypes the columns have. It is written here as pyarrow
 * writes it, but without values that change from one snapshot to the next (the stop of a
 * RangeIndex, the number of categories), so that equal schemas have equal bytes.
 */

static int put(struct buffer *out, const char *text, struct shmpub_error *err)
{
	return buffer_append(out, span_str(text), err);
}

static int put_character(struct buffer *out, char c, struct shmpub_error *err)
{
	if (c == '"' || c == '\\')
		return buffer_printf(out, err, "\\%c", c);
	if ((unsigned char)c < 0x20)
		return buffer_printf(out, err, "\\u%04x", (unsigned)c);
	return buffer_append(out, span_of(&c, 1), err);
}

static bool needs_escape(char c)
{
	return c == '"' || c == '\\' || (unsigned char)c < 0x20;
}

static int put_string(struct buffer *out, struct span text, struct shmpub_error *err)
{
	size_t from = 0;
	int r = put(out, "\"", err);

	for (size_t i = 0; r == SHMPUB_OK && i < text.size; i++) {
		if (!needs_escape(text.data[i]))
			continue;
		r = buffer_append(out, span_of(text.data + from, i - from), err);
		if (r == SHMPUB_OK)
			r = put_character(out, text.data[i], err);
		from = i + 1;
	}
	if (r == SHMPUB_OK && from < text.size)
		r = buffer_append(out, span_of(text.data + from, text.size - from), err);
	return r ? r : put(out, "\"", err);
}

static bool has_timezone(const struct field *f)
{
	return column_type(f->type)->has_unit && f->timezone != NULL;
}

static int put_numpy_name(struct buffer *out, const struct field *f, struct shmpub_error *err)
{
	const struct column_type *type = column_type(f->type);

	if (f->is_dictionary)
		return put(out, "int8", err);
	if (f->kind != SHMPUB_PLAIN) /* pandas has a column of Python objects */
		return put(out, "object", err);
	if (type->has_unit)
		return buffer_printf(out, err, "%s[%s]", type->name, unit_name(f->unit));
	return put(out, type->name, err);
}

static const char *pandas_name(const struct field *f)
{
	if (f->is_dictionary)
		return "categorical";
	if (has_timezone(f))
		return "datetimetz";
	return column_type(f->type)->pandas_name;
}

static int put_extra(struct buffer *out, const struct field *f, struct shmpub_error *err)
{
	int r;

	if (f->is_dictionary)
		return put(out, "{\"ordered\":false}}", err);
	if (!has_timezone(f))
		return put(out, "null}", err);
	r = put(out, "{\"timezone\":", err);
	if (r == SHMPUB_OK)
		r = put_string(out, arrow_timezone(f), err);
	return r ? r : put(out, "}}", err);
}

static int put_column(struct buffer *out, const struct field *f, struct span arrow_name,
                      struct shmpub_error *err)
{
	int r = put(out, "{\"name\":", err);

	if (r == SHMPUB_OK)
		r = f->is_unnamed ? put(out, "null", err) : put_string(out, f->name, err);
	if (r == SHMPUB_OK)
		r = put(out, ",\"field_name\":", err);
	if (r == SHMPUB_OK)
		r = put_string(out, arrow_name, err);
	if (r == SHMPUB_OK)
		r = put(out, ",\"pandas_type\":\"", err);
	if (r == SHMPUB_OK)
		r = put(out, pandas_name(f), err);
	if (r == SHMPUB_OK)
		r = put(out, "\",\"numpy_type\":\"", err);
	if (r == SHMPUB_OK)
		r = put_numpy_name(out, f, err);
	if (r == SHMPUB_OK)
		r = put(out, "\",\"metadata\":", err);
	return r ? r : put_extra(out, f, err);
}

static int put_columns(struct buffer *out, const struct schema *s, const struct span *arrow_names,
                       struct shmpub_error *err)
{
	int r = put(out, "\"columns\":[", err);

	for (size_t i = 0; r == SHMPUB_OK && i < s->n_fields; i++) {
		if (i > 0)
			r = put(out, ",", err);
		if (r == SHMPUB_OK)
			r = put_column(out, &s->fields[i], arrow_names[i], err);
	}
	return r ? r : put(out, "],", err);
}

static int put_index(struct buffer *out, const struct schema *s, const struct span *arrow_names,
                     struct shmpub_error *err)
{
	int r = put(out, "\"index_columns\":[", err);
	int n_levels = 0;

	for (size_t i = 0; i < s->n_fields; i++)
		n_levels += s->fields[i].index_level >= 0;
	for (int level = 0; r == SHMPUB_OK && level < n_levels; level++) {
		size_t i = 0;

		while (s->fields[i].index_level != level)
			i++;
		if (level > 0)
			r = put(out, ",", err);
		if (r == SHMPUB_OK)
			r = put_string(out, arrow_names[i], err);
	}
	return r ? r : put(out, "],", err);
}

static bool labels_are_integers(const struct schema *s)
{
	bool any = false;

	for (size_t i = 0; i < s->n_fields; i++) {
		if (s->fields[i].index_level >= 0)
			continue;
		if (!s->fields[i].is_integer_name)
			return false;
		any = true;
	}
	return any;
}

int pandas_metadata(struct buffer *out, const struct schema *schema, const struct span *arrow_names,
                    struct shmpub_error *err)
{
	const char *labels = labels_are_integers(schema)
	                             ? "\"pandas_type\":\"int64\",\"numpy_type\":\"int64\","
	                               "\"metadata\":null"
	                             : "\"pandas_type\":\"unicode\",\"numpy_type\":\"str\","
	                               "\"metadata\":{\"encoding\":\"UTF-8\"}";
	int r = put(out, "{", err);

	if (r == SHMPUB_OK)
		r = put_index(out, schema, arrow_names, err);
	if (r == SHMPUB_OK)
		r = put(out, "\"column_indexes\":[{\"name\":null,\"field_name\":null,", err);
	if (r == SHMPUB_OK)
		r = put(out, labels, err);
	if (r == SHMPUB_OK)
		r = put(out, "}],", err);
	if (r == SHMPUB_OK)
		r = put_columns(out, schema, arrow_names, err);
	if (r == SHMPUB_OK)
		r = put(out,
		        "\"attributes\":{},\"creator\":{\"library\":\"shmpub\",\"version\":\"1\"},"
		        "\"pandas_version\":\"3.1.1\"}",
		        err);
	return r;
}
