#include "snapshot/arrow_schema_write.h"

#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "columns/column_type.h"
#include "columns/table.h"
#include "columns/timezone.h"
#include "snapshot/arrow_format.h"
#include "snapshot/pandas_metadata.h"

/*
 * A column becomes an Arrow field of the same name and type. What Arrow's schema cannot
 * say is in the field's metadata, under keys "shmpub.*". An index level without a name, or
 * with the name of a column, gets the name that pandas uses in that case
 * (__index_level_0__): pandas finds index levels by their names, and some readers of Arrow
 * do not accept two fields of one name. If a column has that name too, the next free
 * number is used.
 *
 * If a table of a flatbuffer does not have a reference, its vtable must not have it either.
 * So a table whose references may be absent has several shapes.
 */

static const struct flatbuf_shape schema_shape = { 3, { 2, 4, 4 } };
static const struct flatbuf_shape key_value_shape = { 2, { 4, 4 } };
static const struct flatbuf_shape empty_shape = { 0, { 0 } };
static const struct flatbuf_shape int_shape = { 2, { 4, 1 } };
static const struct flatbuf_shape enum_shape = { 1, { 2 } };
static const struct flatbuf_shape timestamp_shapes[2] = { { 1, { 2 } }, { 2, { 2, 4 } } };
static const struct flatbuf_shape encoding_shape = { 3, { 8, 4, 1 } };
static const struct flatbuf_shape field_shapes[2][2] = {
	/* [has a dictionary][has metadata] */
	{ { 6, { 4, 1, 1, 4, 0, 4 } }, { 7, { 4, 1, 1, 4, 0, 4, 4 } } },
	{ { 6, { 4, 1, 1, 4, 4, 4 } }, { 7, { 4, 1, 1, 4, 4, 4, 4 } } },
};

struct key_value {
	const char *key;
	struct span value;
};

static uint32_t write_key_values(struct flatbuf *f, const struct key_value *pairs, size_t n)
{
	uint32_t vector = flatbuf_vector(f, n, 4, 4), table;

	for (size_t i = 0; i < n; i++) {
		table = flatbuf_table(f, &key_value_shape);
		flatbuf_refer(f, vector + 4 + 4 * (uint32_t)i, table);
		flatbuf_refer(f, flatbuf_slot(&key_value_shape, table, KEY_VALUE_KEY),
		              flatbuf_string(f, span_str(pairs[i].key)));
		flatbuf_refer(f, flatbuf_slot(&key_value_shape, table, KEY_VALUE_VALUE),
		              flatbuf_string(f, pairs[i].value));
	}
	return vector;
}

static uint32_t write_int(struct flatbuf *f, uint64_t bits, bool is_signed)
{
	uint32_t table = flatbuf_table(f, &int_shape);

	flatbuf_put(f, &int_shape, table, INT_BIT_WIDTH, bits);
	flatbuf_put(f, &int_shape, table, INT_IS_SIGNED, is_signed);
	return table;
}

/* Values are stored in UTC whatever the zone is, so the zone UTC is never wrong. */
struct span arrow_timezone(const struct field *field)
{
	struct span zone = span_str(field->timezone);

	return timezone_is_common(zone) ? zone : span_str("UTC");
}

static uint32_t write_timestamp(struct flatbuf *f, const struct field *field)
{
	const struct flatbuf_shape *shape = &timestamp_shapes[field->timezone != NULL];
	uint32_t table = flatbuf_table(f, shape);

	flatbuf_put(f, shape, table, TIMESTAMP_UNIT, (uint64_t)field->unit);
	if (field->timezone != NULL)
		flatbuf_refer(f, flatbuf_slot(shape, table, TIMESTAMP_TIMEZONE),
		              flatbuf_string(f, arrow_timezone(field)));
	return table;
}

static uint32_t write_type(struct flatbuf *f, const struct field *field,
                           const struct column_type *type)
{
	uint32_t table;

	switch (type->arrow_parameters) {
	case ARROW_INT:
		return write_int(f, 8u * type->value_size, type->arrow_value);
	case ARROW_ENUM:
		table = flatbuf_table(f, &enum_shape);
		flatbuf_put(f, &enum_shape, table, ENUM_VALUE, type->arrow_value);
		return table;
	case ARROW_TIMESTAMP:
		return write_timestamp(f, field);
	case ARROW_NO_PARAMETERS:
		break;
	}
	return flatbuf_table(f, &empty_shape);
}

static uint32_t write_encoding(struct flatbuf *f, uint32_t *width_at, int64_t id)
{
	uint32_t table = flatbuf_table(f, &encoding_shape), index;

	flatbuf_put(f, &encoding_shape, table, ENCODING_ID, (uint64_t)id);
	index = write_int(f, 8, true);
	flatbuf_refer(f, flatbuf_slot(&encoding_shape, table, ENCODING_INDEX_TYPE), index);
	*width_at = flatbuf_slot(&int_shape, index, INT_BIT_WIDTH);
	return table;
}

#define MAX_PAIRS 5

/* Make the metadata of a field: *n pairs. `level` is memory for the digits of the index level. */
static void describe(struct key_value pairs[MAX_PAIRS], size_t *n, char level[16],
                     const struct field *field, struct span arrow_name)
{
	*n = 0;
	if (field->kind != SHMPUB_PLAIN)
		pairs[(*n)++] = (struct key_value){ "shmpub.kind",
			                            span_str(kind_name(field->kind)) };
	if (field->index_level >= 0) {
		snprintf(level, 16, "%d", field->index_level);
		pairs[(*n)++] = (struct key_value){ "shmpub.index", span_str(level) };
		if (field->is_unnamed)
			pairs[(*n)++] = (struct key_value){ "shmpub.unnamed", span_str("1") };
		else if (!span_eq(field->name, arrow_name))
			pairs[(*n)++] = (struct key_value){ "shmpub.name", field->name };
	}
	if (field->is_integer_name)
		pairs[(*n)++] = (struct key_value){ "shmpub.label", span_str("int") };
	if (field->timezone != NULL && !timezone_is_common(span_str(field->timezone)))
		pairs[(*n)++] = (struct key_value){ "shmpub.timezone", span_str(field->timezone) };
}

static uint32_t write_field(struct flatbuf *f, uint32_t *width_at, int64_t *next_id,
                            const struct field *field, struct span arrow_name)
{
	struct key_value pairs[MAX_PAIRS];
	const struct column_type *type = column_type(field->type);
	char level[16];
	size_t n_pairs;
	const struct flatbuf_shape *shape;
	uint32_t table;

	describe(pairs, &n_pairs, level, field, arrow_name);
	shape = &field_shapes[field->is_dictionary][n_pairs > 0];
	table = flatbuf_table(f, shape);
	flatbuf_put(f, shape, table, FIELD_NULLABLE, 1);
	flatbuf_put(f, shape, table, FIELD_TYPE_TYPE, type->arrow_id);
	flatbuf_refer(f, flatbuf_slot(shape, table, FIELD_NAME), flatbuf_string(f, arrow_name));
	flatbuf_refer(f, flatbuf_slot(shape, table, FIELD_TYPE), write_type(f, field, type));
	if (field->is_dictionary)
		flatbuf_refer(f, flatbuf_slot(shape, table, FIELD_DICTIONARY),
		              write_encoding(f, width_at, (*next_id)++));
	flatbuf_refer(f, flatbuf_slot(shape, table, FIELD_CHILDREN), flatbuf_vector(f, 0, 4, 4));
	if (n_pairs > 0)
		flatbuf_refer(f, flatbuf_slot(shape, table, FIELD_METADATA),
		              write_key_values(f, pairs, n_pairs));
	return table;
}

static void write_schema(struct arrow_schema *out, const struct schema *s,
                         const struct span *arrow_names, struct span pandas,
                         const struct snapshot_origin *origin)
{
	struct key_value pairs[4] = {
		{ "pandas", pandas },
		{ "shmpub.version", span_str("1") },
		{ "shmpub.feed", origin->feed },
		{ "shmpub.source", origin->source },
	};
	struct flatbuf *f = &out->tree;
	uint32_t fields;
	int64_t next_id = 0;

	out->table = flatbuf_table(f, &schema_shape);
	fields = flatbuf_vector(f, s->n_fields, 4, 4);
	flatbuf_refer(f, flatbuf_slot(&schema_shape, out->table, SCHEMA_FIELDS), fields);
	for (size_t i = 0; i < s->n_fields && f->status == SHMPUB_OK; i++)
		flatbuf_refer(
		        f, fields + 4 + 4 * (uint32_t)i,
		        write_field(f, &out->width_at[i], &next_id, &s->fields[i], arrow_names[i]));
	flatbuf_refer(f, flatbuf_slot(&schema_shape, out->table, SCHEMA_METADATA),
	              write_key_values(f, pairs, ARRAY_LEN(pairs)));
	flatbuf_settle(f);
	flatbuf_align(f, 8, 0);
}

/* --- what may be written at all ----------------------------------------------------------------- */

static bool is_utf8(struct span text)
{
	return utf8_valid_prefix(text) == text.size;
}

static int check_field(const struct field *f, struct shmpub_error *err)
{
	const struct column_type *type = column_type(f->type);
	int size = span_shown(f->name, 80);

	if (!is_utf8(f->name))
		return error_set(err, SHMPUB_ERR_INVALID, "the name of a column is not UTF-8");
	if (type == NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "column \"%.*s\": no such type: %d", size,
		                 f->name.data, (int)f->type);
	if (type->has_unit && (f->unit < SHMPUB_SECOND || f->unit > SHMPUB_NANOSECOND))
		return error_set(err, SHMPUB_ERR_INVALID, "column \"%.*s\": no such unit: %d", size,
		                 f->name.data, (int)f->unit);
	if (f->timezone != NULL && !is_utf8(span_str(f->timezone)))
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "column \"%.*s\": the time zone is not UTF-8", size, f->name.data);
	if (f->kind != SHMPUB_PLAIN && f->kind != type->kind)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "column \"%.*s\": kind %d does not go with type %d", size,
		                 f->name.data, (int)f->kind, (int)f->type);
	return SHMPUB_OK;
}

/* Index levels must be 0, 1, ..., each once. */
static int check_levels(const struct schema *s, struct shmpub_error *err)
{
	uint64_t seen = 0;
	int n = 0;

	for (size_t i = 0; i < s->n_fields; i++) {
		int level = s->fields[i].index_level;

		if (level < 0)
			continue;
		if (level >= ARROW_MAX_LEVELS || (seen >> level & 1))
			return error_set(err, SHMPUB_ERR_INVALID,
			                 "index level %d is given twice or is above %d", level,
			                 ARROW_MAX_LEVELS - 1);
		seen |= UINT64_C(1) << level;
		n++;
	}
	if (n > 0 && seen != UINT64_MAX >> (64 - n))
		return error_set(err, SHMPUB_ERR_INVALID, "%d index levels are not 0 to %d", n,
		                 n - 1);
	return SHMPUB_OK;
}

static int check_schema(const struct schema *s, const struct snapshot_origin *origin,
                        struct shmpub_error *err)
{
	int r = check_levels(s, err);

	for (size_t i = 0; r == SHMPUB_OK && i < s->n_fields; i++)
		r = check_field(&s->fields[i], err);
	if (r == SHMPUB_OK && !(is_utf8(origin->feed) && is_utf8(origin->source)))
		r = error_set(err, SHMPUB_ERR_INVALID, "the feed's name or source is not UTF-8");
	return r;
}

/* --- names ---------------------------------------------------------------------------------------- */

#define LEVEL_NAME_SIZE 48 /* "__index_level_%zu__" of any number */

static bool is_taken(const struct schema *s, size_t level_field)
{
	for (size_t i = 0; i < s->n_fields; i++) {
		if (i != level_field && !s->fields[i].is_unnamed &&
		    span_eq(s->fields[i].name, s->fields[level_field].name))
			return true;
	}
	return false;
}

/* The number in "__index_level_N__"; false when that is no such name, or N is above `max`. */
static bool level_number(size_t *out, struct span name, size_t max)
{
	static const char before[] = "__index_level_", after[] = "__";
	size_t head = sizeof(before) - 1, tail = sizeof(after) - 1;

	*out = 0;
	if (name.size <= head + tail || memcmp(name.data, before, head) != 0 ||
	    memcmp(name.data + name.size - tail, after, tail) != 0)
		return false;
	for (size_t i = head; i < name.size - tail; i++) {
		if (name.data[i] < '0' || name.data[i] > '9')
			return false;
		*out = *out * 10 + (size_t)(name.data[i] - '0');
		if (*out > max)
			return false;
	}
	return true;
}

/* Set a bit for each number N for which there is a field "__index_level_N__". */
static int numbers_taken(uint8_t **out, const struct schema *s, struct shmpub_error *err)
{
	size_t room = s->n_fields + ARROW_MAX_LEVELS, number;
	uint8_t *taken = mem_zalloc(room / 8 + 1, 1);

	if (taken == NULL)
		return error_nomem(err, room / 8 + 1);
	for (size_t i = 0; i < s->n_fields; i++) {
		if (!s->fields[i].is_unnamed && level_number(&number, s->fields[i].name, room))
			bit_put(taken, number, true);
	}
	*out = taken;
	return SHMPUB_OK;
}

/* Make the name that pandas uses for the level, with the next number that no other field has. */
static struct span made_up_name(char room[LEVEL_NAME_SIZE], uint8_t *taken, int level)
{
	size_t number = (size_t)level;

	while (bit_get(taken, number))
		number++;
	bit_put(taken, number, true);
	snprintf(room, LEVEL_NAME_SIZE, "__index_level_%zu__", number);
	return span_str(room);
}

/*
 * Choose the Arrow names of all fields. `made_up` is memory for those that differ from the field's
 * own.
 */
static int name_fields(struct span *names, char made_up[][LEVEL_NAME_SIZE], const struct schema *s,
                       struct shmpub_error *err)
{
	uint8_t *taken = NULL;
	size_t n = 0;
	int r = numbers_taken(&taken, s, err);

	for (size_t i = 0; r == SHMPUB_OK && i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];

		names[i] = f->name;
		if (f->index_level >= 0 && (f->is_unnamed || is_taken(s, i)))
			names[i] = made_up_name(made_up[n++], taken, f->index_level);
	}
	mem_free(taken);
	return r;
}

int arrow_schema_write(struct arrow_schema *out, const struct schema *schema,
                       const struct snapshot_origin *origin, struct shmpub_error *err)
{
	char made_up[ARROW_MAX_LEVELS][LEVEL_NAME_SIZE];
	struct arrow_schema a = ARROW_SCHEMA_NONE;
	struct buffer pandas = BUFFER_NONE;
	struct span *names = NULL;
	int r = check_schema(schema, origin, err);

	if (r)
		return r;
	names = mem_zalloc(schema->n_fields, sizeof(*names));
	a.width_at = mem_zalloc(schema->n_fields, sizeof(*a.width_at));
	if (names == NULL || a.width_at == NULL) {
		r = error_nomem(err, schema->n_fields * sizeof(*names));
		goto out;
	}
	r = name_fields(names, made_up, schema, err);
	if (r == SHMPUB_OK)
		r = buffer_reserve(&pandas, 384 + 128 * schema->n_fields, err);
	if (r == SHMPUB_OK)
		r = pandas_metadata(&pandas, schema, names, err);
	if (r)
		goto out;
	a.tree.err = err;
	flatbuf_reserve(&a.tree, 256 + pandas.size + 128 * schema->n_fields);
	write_schema(&a, schema, names, buffer_span(&pandas), origin);
	r = a.tree.status;
	if (r)
		goto out;
	*out = a;
	a = ARROW_SCHEMA_NONE;
out:
	arrow_schema_free(&a);
	buffer_free(&pandas);
	mem_free(names);
	return r;
}

void arrow_schema_set_code_size(struct arrow_schema *a, size_t field, int code_size)
{
	flatbuf_store(&a->tree, a->width_at[field], (uint64_t)code_size * 8, 4);
}

void arrow_schema_free(struct arrow_schema *a)
{
	flatbuf_free(&a->tree);
	mem_free(a->width_at);
	*a = ARROW_SCHEMA_NONE;
}
