#include "snapshot/arrow_schema_read.h"

#include "base/error.h"
#include "base/utf8.h"
#include "snapshot/arrow_format.h"

/*
 * The way back from arrow_schema_write.c: each Arrow type of ours is a row in `types`,
 * each mark in a field's metadata a row in `marks`. What another writer may have put
 * there besides (other keys, fields of newer versions of Arrow's schema) is passed over.
 */

static int bad(struct shmpub_error *err, const char *what)
{
	return error_set(err, SHMPUB_ERR_FORMAT, "the snapshot's schema: %s", what);
}

int arrow_read_message(struct flatbuf_view *out, struct flatbuf_table *header,
                       uint64_t *body_length, struct span message, int header_type,
                       struct shmpub_error *err)
{
	struct flatbuf_view prefix = { .bytes = message }, v;
	struct flatbuf_table root;
	uint64_t mark = flatbuf_load(&prefix, 0, 4), size = flatbuf_load(&prefix, 4, 4);

	if (prefix.is_bad || mark != ARROW_CONTINUATION || size != message.size - ARROW_PREFIX_SIZE)
		return error_set(err, SHMPUB_ERR_FORMAT, "a message's prefix is wrong");
	v = (struct flatbuf_view){ .bytes = span_of(message.data + ARROW_PREFIX_SIZE,
		                                    message.size - ARROW_PREFIX_SIZE) };
	root = flatbuf_root(&v);
	if (flatbuf_number(&v, &root, MESSAGE_VERSION, 2, 0) != ARROW_V5 ||
	    flatbuf_number(&v, &root, MESSAGE_HEADER_TYPE, 1, 0) != (uint64_t)header_type)
		return error_set(err, SHMPUB_ERR_FORMAT, "a message is of another kind or version");
	if (body_length != NULL)
		*body_length = flatbuf_number(&v, &root, MESSAGE_BODY_LENGTH, 8, 0);
	*header = flatbuf_child(&v, &root, MESSAGE_HEADER);
	if (v.is_bad || header->at == 0)
		return error_set(err, SHMPUB_ERR_FORMAT, "a message's header is malformed");
	*out = v;
	return SHMPUB_OK;
}

int arrow_open_schema(struct arrow_fields *a, struct shmpub_error *err)
{
	uint64_t endianness = flatbuf_number(&a->view, &a->schema, SCHEMA_ENDIANNESS, 2, 0);

	a->fields = flatbuf_items(&a->view, &a->schema, SCHEMA_FIELDS, 4);
	if (a->view.is_bad || endianness != 0)
		return bad(err, "malformed, or not little-endian");
	return SHMPUB_OK;
}

int arrow_read_schema(struct arrow_fields *out, struct span message, struct shmpub_error *err)
{
	int r = arrow_read_message(&out->view, &out->schema, NULL, message, HEADER_SCHEMA, err);

	return r ? r : arrow_open_schema(out, err);
}

/* --- metadata ----------------------------------------------------------------------------------- */

struct pair {
	struct span key, value;
};

static struct pair pair_at(struct flatbuf_view *v, const struct flatbuf_items *items, uint32_t i)
{
	struct flatbuf_table t = flatbuf_item(v, items, i);

	return (struct pair){ flatbuf_text(v, &t, KEY_VALUE_KEY),
		              flatbuf_text(v, &t, KEY_VALUE_VALUE) };
}

int arrow_read_origin(struct snapshot_origin *out, struct arrow_fields *a, struct shmpub_error *err)
{
	struct flatbuf_items items = flatbuf_items(&a->view, &a->schema, SCHEMA_METADATA, 4);
	struct span version = SPAN_NONE;

	*out = (struct snapshot_origin){ SPAN_NONE, SPAN_NONE };
	for (uint32_t i = 0; i < items.n && !a->view.is_bad; i++) {
		struct pair p = pair_at(&a->view, &items, i);

		if (span_is(p.key, "shmpub.feed"))
			out->feed = p.value;
		else if (span_is(p.key, "shmpub.source"))
			out->source = p.value;
		else if (span_is(p.key, "shmpub.version"))
			version = p.value;
	}
	if (a->view.is_bad || !span_is(version, "1"))
		return bad(err, "metadata is malformed or of another version");
	if (utf8_valid_prefix(out->feed) != out->feed.size ||
	    utf8_valid_prefix(out->source) != out->source.size)
		return bad(err, "feed or source is not UTF-8");
	return SHMPUB_OK;
}

static bool mark_kind(struct shmpub_column *c, struct span value)
{
	if (span_is(value, "int") && c->type == SHMPUB_TEXT)
		c->kind = SHMPUB_KIND_INT;
	else if (span_is(value, "bool") && c->type == SHMPUB_BOOL)
		c->kind = SHMPUB_KIND_BOOL;
	else
		return false;
	return true;
}

static bool mark_index(struct shmpub_column *c, struct span value)
{
	int level = 0;

	if (value.size == 0 || value.size > 2)
		return false;
	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return false;
		level = level * 10 + (value.data[i] - '0');
	}
	c->index_level = level;
	return true;
}

static bool mark_unnamed(struct shmpub_column *c, struct span value)
{
	c->is_unnamed = 1;
	c->name = value.data + value.size; /* "" */
	c->name_size = 0;
	return span_is(value, "1");
}

static bool mark_name(struct shmpub_column *c, struct span value)
{
	c->name = value.data;
	c->name_size = value.size;
	return utf8_valid_prefix(value) == value.size;
}

static bool mark_label(struct shmpub_column *c, struct span value)
{
	c->is_integer_name = 1;
	return span_is(value, "int");
}

static const struct {
	const char *key;
	bool (*set)(struct shmpub_column *c, struct span value);
} marks[] = {
	{ "shmpub.kind", mark_kind },   { "shmpub.index", mark_index },
	{ "shmpub.name", mark_name },   { "shmpub.unnamed", mark_unnamed },
	{ "shmpub.label", mark_label },
};

static int read_marks(struct shmpub_column *c, struct flatbuf_view *v,
                      const struct flatbuf_table *field, struct shmpub_error *err)
{
	struct flatbuf_items items = flatbuf_items(v, field, FIELD_METADATA, 4);

	for (uint32_t i = 0; i < items.n && !v->is_bad; i++) {
		struct pair p = pair_at(v, &items, i);

		for (size_t k = 0; k < ARRAY_LEN(marks) && !v->is_bad; k++) {
			if (!span_is(p.key, marks[k].key))
				continue;
			if (p.value.data == NULL || !marks[k].set(c, p.value))
				return bad(err, "a field's mark is malformed");
		}
	}
	return SHMPUB_OK;
}

/* --- types -------------------------------------------------------------------------------------- */

static bool type_null(struct shmpub_column *c, struct flatbuf_view *v,
                      const struct flatbuf_table *t)
{
	(void)v;
	(void)t;
	c->type = SHMPUB_NULL;
	return true;
}

static bool type_bool(struct shmpub_column *c, struct flatbuf_view *v,
                      const struct flatbuf_table *t)
{
	(void)v;
	(void)t;
	c->type = SHMPUB_BOOL;
	return true;
}

static bool type_text(struct shmpub_column *c, struct flatbuf_view *v,
                      const struct flatbuf_table *t)
{
	(void)v;
	(void)t;
	c->type = SHMPUB_TEXT;
	return true;
}

static bool type_int(struct shmpub_column *c, struct flatbuf_view *v, const struct flatbuf_table *t)
{
	bool is_signed = flatbuf_number(v, t, INT_IS_SIGNED, 1, 0) != 0;

	c->type = is_signed ? SHMPUB_INT64 : SHMPUB_UINT64;
	return flatbuf_number(v, t, INT_BIT_WIDTH, 4, 0) == 64;
}

static bool type_float(struct shmpub_column *c, struct flatbuf_view *v,
                       const struct flatbuf_table *t)
{
	c->type = SHMPUB_FLOAT64;
	return flatbuf_number(v, t, FLOAT_PRECISION, 2, 0) == PRECISION_DOUBLE;
}

static bool type_timestamp(struct shmpub_column *c, struct flatbuf_view *v,
                           const struct flatbuf_table *t)
{
	uint64_t unit = flatbuf_number(v, t, TIMESTAMP_UNIT, 2, 0);
	struct span timezone = flatbuf_text(v, t, TIMESTAMP_TIMEZONE);

	c->type = SHMPUB_TIMESTAMP;
	if (unit > SHMPUB_NANOSECOND || utf8_valid_prefix(timezone) != timezone.size ||
	    (timezone.data != NULL && strlen(timezone.data) != timezone.size))
		return false;
	c->unit = (enum shmpub_unit)unit;
	c->timezone = timezone.data;
	return true;
}

static const struct {
	uint64_t arrow;
	bool (*set)(struct shmpub_column *c, struct flatbuf_view *v, const struct flatbuf_table *t);
} types[] = {
	{ TYPE_NULL, type_null },
	{ TYPE_INT, type_int },
	{ TYPE_FLOATING_POINT, type_float },
	{ TYPE_BOOL, type_bool },
	{ TYPE_TIMESTAMP, type_timestamp },
	{ TYPE_LARGE_UTF8, type_text },
};

static int read_type(struct shmpub_column *c, struct flatbuf_view *v,
                     const struct flatbuf_table *field, struct shmpub_error *err)
{
	uint64_t arrow = flatbuf_number(v, field, FIELD_TYPE_TYPE, 1, 0);
	struct flatbuf_table type = flatbuf_child(v, field, FIELD_TYPE);

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].arrow != arrow)
			continue;
		if (!types[i].set(c, v, &type) || v->is_bad || type.at == 0)
			return bad(err, "a field's type is malformed");
		return SHMPUB_OK;
	}
	return bad(err, "a field's type is none of ours");
}

static int read_encoding(struct shmpub_column *c, uint64_t *next_id, struct flatbuf_view *v,
                         const struct flatbuf_table *field, struct shmpub_error *err)
{
	struct flatbuf_table encoding = flatbuf_child(v, field, FIELD_DICTIONARY), index;
	uint64_t width, is_signed;

	if (v->is_bad || encoding.at == 0)
		return SHMPUB_OK; /* none; whether the tree is bad is looked at by the caller */
	index = flatbuf_child(v, &encoding, ENCODING_INDEX_TYPE);
	width = flatbuf_number(v, &index, INT_BIT_WIDTH, 4, 0);
	is_signed = flatbuf_number(v, &index, INT_IS_SIGNED, 1, 0);
	if (v->is_bad || flatbuf_number(v, &encoding, ENCODING_ID, 8, 0) != (*next_id)++)
		return bad(err, "dictionaries are not numbered in order");
	if ((width != 8 && width != 16 && width != 32) || !is_signed)
		return bad(err, "codes are not int8, int16 or int32");
	c->code_size = (int)width / 8;
	return SHMPUB_OK;
}

/* --- fields ------------------------------------------------------------------------------------- */

static int read_field(struct shmpub_column *c, uint64_t *next_id, struct flatbuf_view *v,
                      const struct flatbuf_table *field, struct shmpub_error *err)
{
	struct span name = flatbuf_text(v, field, FIELD_NAME);
	int r;

	*c = (struct shmpub_column){ .name = name.data, .name_size = name.size, .index_level = -1 };
	if (name.data == NULL || utf8_valid_prefix(name) != name.size)
		return bad(err, "a field's name is malformed");
	if (flatbuf_items(v, field, FIELD_CHILDREN, 4).n > 0)
		return bad(err, "a field has children");
	r = read_type(c, v, field, err);
	if (r == SHMPUB_OK)
		r = read_encoding(c, next_id, v, field, err);
	if (r == SHMPUB_OK)
		r = read_marks(c, v, field, err);
	if (r == SHMPUB_OK && v->is_bad)
		r = bad(err, "a field is malformed");
	return r;
}

/* Levels are 0, 1, ... each once: 64 at most. */
static int check_levels(const struct shmpub_column *columns, uint32_t n, struct shmpub_error *err)
{
	uint64_t seen = 0;
	int n_levels = 0;

	for (uint32_t i = 0; i < n; i++) {
		int level = columns[i].index_level;

		if (level < 0)
			continue;
		if (level > 63 || (seen >> level & 1))
			return bad(err, "an index level is given twice or above 63");
		seen |= UINT64_C(1) << level;
		n_levels++;
	}
	if (n_levels > 0 && seen != UINT64_MAX >> (64 - n_levels))
		return bad(err, "an index level is left out");
	return SHMPUB_OK;
}

int arrow_read_fields(struct shmpub_column *columns, struct arrow_fields *a,
                      struct shmpub_error *err)
{
	uint64_t next_id = 0;

	for (uint32_t i = 0; i < a->fields.n; i++) {
		struct flatbuf_table field = flatbuf_item(&a->view, &a->fields, i);
		int r = read_field(&columns[i], &next_id, &a->view, &field, err);

		if (r)
			return r;
	}
	return check_levels(columns, a->fields.n, err);
}
