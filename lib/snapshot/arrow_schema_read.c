#include "snapshot/arrow_schema_read.h"

#include "base/error.h"
#include "columns/column_type.h"
#include "columns/timezone.h"
#include "snapshot/arrow_format.h"

/*
 * Reads what arrow_schema_write.c writes. Arrow's types are in the table of
 * columns/column_type.h. A mark is a key in a field's metadata, and has a function mark_*().
 * Other keys, and fields of newer versions of Arrow's schema, are ignored. docs/FORMAT.md,
 * "Flatbuffers", says what is well-formed; the Python client accepts exactly the same.
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
	uint64_t mark = flatbuf_load(&prefix, 0, 4), size = flatbuf_load(&prefix, 4, 4), length;

	if (prefix.is_bad || mark != ARROW_CONTINUATION || size != message.size - ARROW_PREFIX_SIZE)
		return error_set(err, SHMPUB_ERR_FORMAT, "a message's prefix is wrong");
	v = (struct flatbuf_view){ .bytes = span_of(message.data + ARROW_PREFIX_SIZE,
		                                    message.size - ARROW_PREFIX_SIZE) };
	root = flatbuf_root(&v);
	if (flatbuf_number(&v, &root, MESSAGE_VERSION, 2, 0) != ARROW_V5 ||
	    flatbuf_number(&v, &root, MESSAGE_HEADER_TYPE, 1, 0) != (uint64_t)header_type)
		return error_set(err, SHMPUB_ERR_FORMAT, "a message is of another kind or version");
	length = flatbuf_number(&v, &root, MESSAGE_BODY_LENGTH, 8, 0);
	if (body_length != NULL)
		*body_length = length;
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

#define MAX_LEVEL 63

/* --- metadata ----------------------------------------------------------------------------------- */

/*
 * Find the values of the keys. SPAN_NONE (data NULL): there is no such key. A key twice is an
 * error.
 */
static int read_pairs(struct span *values, const char *const *keys, size_t n_keys,
                      struct flatbuf_view *v, const struct flatbuf_table *owner, int id,
                      struct shmpub_error *err)
{
	struct flatbuf_items items = flatbuf_items(v, owner, id, 4);

	for (uint32_t i = 0; i < items.n && !v->is_bad; i++) {
		struct flatbuf_table t = flatbuf_item(v, &items, i);
		struct span key = flatbuf_text(v, &t, KEY_VALUE_KEY);
		struct span value = flatbuf_text(v, &t, KEY_VALUE_VALUE);

		if (key.data == NULL || value.data == NULL)
			return bad(err, "metadata is malformed");
		for (size_t k = 0; k < n_keys; k++) {
			if (!span_is(key, keys[k]))
				continue;
			if (values[k].data != NULL)
				return bad(err, "metadata has a key twice");
			values[k] = value;
		}
	}
	return v->is_bad ? bad(err, "metadata is malformed") : SHMPUB_OK;
}

int arrow_read_origin(struct snapshot_origin *out, struct arrow_fields *a, struct shmpub_error *err)
{
	static const char *const keys[] = { "shmpub.feed", "shmpub.source", "shmpub.version",
		                            "pandas" };
	struct span values[ARRAY_LEN(keys)] = { SPAN_NONE };
	int r = read_pairs(values, keys, ARRAY_LEN(keys), &a->view, &a->schema, SCHEMA_METADATA,
	                   err);

	if (r)
		return r;
	if (!span_is(values[2], "1"))
		return bad(err, "metadata is of another version");
	*out = (struct snapshot_origin){ values[0], values[1] };
	return SHMPUB_OK;
}

static bool mark_kind(struct shmpub_column *c, struct span value)
{
	const struct column_type *type = column_type(c->type);

	if (c->code_size > 0 || type->kind == SHMPUB_PLAIN ||
	    !span_is(value, kind_name(type->kind)))
		return false;
	c->kind = type->kind;
	return true;
}

/* Parse digits without leading zeros; false: it is no such number, or greater than `max`. */
static bool take_decimal(uint64_t *out, struct span text, uint64_t max)
{
	*out = 0;
	if (text.size == 0 || text.size > 19 || (text.data[0] == '0' && text.size > 1))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(text.data[i] - '0');
	}
	return *out <= max;
}

static bool mark_index(struct shmpub_column *c, struct span value)
{
	uint64_t level;

	if (!take_decimal(&level, value, MAX_LEVEL))
		return false;
	c->index = (int)level + 1;
	return true;
}

static bool mark_unnamed(struct shmpub_column *c, struct span value)
{
	c->is_unnamed = 1;
	c->name = value.data + value.size; /* "" */
	c->name_size = 0;
	return c->index > 0 && span_is(value, "1");
}

static bool mark_name(struct shmpub_column *c, struct span value)
{
	if (c->index == 0 || c->is_unnamed)
		return false;
	c->name = value.data;
	c->name_size = value.size;
	return true;
}

static bool mark_label(struct shmpub_column *c, struct span value)
{
	uint64_t label;

	c->is_integer_name = 1;
	return !c->is_unnamed && span_is(value, "int") &&
	       take_decimal(&label, span_of(c->name, c->name_size), INT64_MAX);
}

/* An offset that not all readers of Arrow accept is stored here, and the type says UTC. */
static bool mark_timezone(struct shmpub_column *c, struct span value)
{
	if (c->timezone == NULL || strcmp(c->timezone, "UTC") != 0 || !timezone_is_offset(value))
		return false;
	c->timezone = value.data; /* flatbuf_text() has checked that a NUL follows */
	return true;
}

/*
 * Applied in this order, whatever the order in the metadata is, because the later functions use
 * what the earlier ones set.
 */
static const char *const mark_keys[] = { "shmpub.kind", "shmpub.index", "shmpub.unnamed",
	                                 "shmpub.name", "shmpub.label", "shmpub.timezone" };
static bool (*const marks[])(struct shmpub_column *c,
                             struct span value) = { mark_kind, mark_index, mark_unnamed,
	                                            mark_name, mark_label, mark_timezone };

static int read_marks(struct shmpub_column *c, struct flatbuf_view *v,
                      const struct flatbuf_table *field, struct shmpub_error *err)
{
	struct span values[ARRAY_LEN(mark_keys)] = { SPAN_NONE };
	int r = read_pairs(values, mark_keys, ARRAY_LEN(mark_keys), v, field, FIELD_METADATA, err);

	for (size_t i = 0; r == SHMPUB_OK && i < ARRAY_LEN(marks); i++) {
		if (values[i].data != NULL && !marks[i](c, values[i]))
			r = bad(err, "a field's mark is malformed");
	}
	return r;
}

/* --- types -------------------------------------------------------------------------------------- */

/* True when it may be the name of a time zone or an offset: only its bytes are checked. */
static bool is_zone(struct span text)
{
	static const char bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                            "0123456789_+-/:";

	for (size_t i = 0; i < text.size; i++) {
		if (memchr(bytes, text.data[i], sizeof(bytes) - 1) == NULL)
			return false;
	}
	return text.size > 0 && text.size <= TIMEZONE_MAX;
}

static bool read_timestamp(struct shmpub_column *c, struct flatbuf_view *v,
                           const struct flatbuf_table *t)
{
	uint64_t unit = flatbuf_number(v, t, TIMESTAMP_UNIT, 2, 0);
	struct span timezone = flatbuf_text(v, t, TIMESTAMP_TIMEZONE);

	if (unit > SHMPUB_NANOSECOND || (timezone.data != NULL && !is_zone(timezone)))
		return false;
	c->unit = (enum shmpub_unit)unit;
	c->timezone = timezone.data;
	return true;
}

/* True when the parameters in `t` are those of `type`. A timestamp's go into the column. */
static bool parameters_match(struct shmpub_column *c, struct flatbuf_view *v,
                             const struct flatbuf_table *t, const struct column_type *type)
{
	switch (type->arrow_parameters) {
	case ARROW_INT:
		return flatbuf_number(v, t, INT_BIT_WIDTH, 4, 0) == 8u * type->value_size &&
		       (flatbuf_number(v, t, INT_IS_SIGNED, 1, 0) != 0) == type->arrow_value;
	case ARROW_ENUM: /* absent means the enum's default, which is none of our values */
		return flatbuf_number(v, t, ENUM_VALUE, 2, UINT64_MAX) == type->arrow_value;
	case ARROW_TIMESTAMP:
		return read_timestamp(c, v, t);
	case ARROW_NO_PARAMETERS:
		break;
	}
	return true;
}

static int read_type(struct shmpub_column *c, struct flatbuf_view *v,
                     const struct flatbuf_table *field, struct shmpub_error *err)
{
	uint64_t arrow_id = flatbuf_number(v, field, FIELD_TYPE_TYPE, 1, 0);
	struct flatbuf_table parameters = flatbuf_child(v, field, FIELD_TYPE);
	const struct column_type *type;
	bool is_known = false;

	for (int i = 0; (type = column_type((enum shmpub_type)i)) != NULL; i++) {
		if (type->arrow_id != arrow_id)
			continue;
		is_known = true;
		if (!parameters_match(c, v, &parameters, type))
			continue;
		if (v->is_bad || parameters.at == 0)
			break;
		c->type = (enum shmpub_type)i;
		return SHMPUB_OK;
	}
	return bad(err,
	           is_known ? "a field's type is malformed" : "a field's type is none of ours");
}

static int read_encoding(struct shmpub_column *c, uint64_t *next_id, struct flatbuf_view *v,
                         const struct flatbuf_table *field, struct shmpub_error *err)
{
	struct flatbuf_table encoding = flatbuf_child(v, field, FIELD_DICTIONARY), index;
	uint64_t width, is_signed;

	if (v->is_bad || encoding.at == 0)
		return SHMPUB_OK; /* there is none, or the caller will see is_bad */
	index = flatbuf_child(v, &encoding, ENCODING_INDEX_TYPE);
	width = flatbuf_number(v, &index, INT_BIT_WIDTH, 4, 0);
	is_signed = flatbuf_number(v, &index, INT_IS_SIGNED, 1, 0);
	if (v->is_bad || flatbuf_number(v, &encoding, ENCODING_ID, 8, 0) != (*next_id)++)
		return bad(err, "dictionaries are not numbered in order");
	if ((width != 8 && width != 16 && width != 32) || !is_signed)
		return bad(err, "codes are not int8, int16 or int32");
	if (flatbuf_number(v, &encoding, ENCODING_ORDERED, 1, 0) != 0)
		return bad(err, "a dictionary is ordered");
	c->code_size = (int)width / 8;
	return SHMPUB_OK;
}

/* --- fields ------------------------------------------------------------------------------------- */

static int read_field(struct shmpub_column *c, uint64_t *next_id, struct flatbuf_view *v,
                      const struct flatbuf_table *field, struct shmpub_error *err)
{
	struct span name = flatbuf_text(v, field, FIELD_NAME);
	int r;

	*c = (struct shmpub_column){ .name = name.data, .name_size = name.size };
	if (name.data == NULL)
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

/* Index levels must be 0, 1, ..., each once, and 64 at most. */
static int check_levels(const struct shmpub_column *columns, uint32_t n, struct shmpub_error *err)
{
	uint64_t seen = 0;
	int n_levels = 0;

	for (uint32_t i = 0; i < n; i++) {
		int level = columns[i].index - 1;

		if (level < 0)
			continue;
		if (seen >> level & 1)
			return bad(err, "an index level is given twice");
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
