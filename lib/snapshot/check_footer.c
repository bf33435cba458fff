#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "columns/column_type.h"
#include "snapshot/arrow_format.h"
#include "snapshot/arrow_schema_read.h"
#include "snapshot/check.h"

/*
 * Some facts are in a snapshot twice. The regions repeat the places of buffers, for
 * readers that want one view of many columns; the footer repeats the schema and the places
 * of messages, for other readers of Arrow. Both are compared here with the messages, which
 * our readers use, so that all readers see the same table.
 */

static int bad_region(struct shmpub_error *err, size_t i)
{
	return error_set(err, SHMPUB_ERR_FORMAT, "region %zu is not what the batch says", i);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_in_region(const struct shmpub_column *c)
{
	return c->code_size == 0 && form_of_type(c->type) == FORM_VALUES;
}

static bool same_type(const struct shmpub_column *a, const struct shmpub_column *b)
{
	return a->type == b->type && (!column_type(a->type)->has_unit ||
	                              (a->unit == b->unit && same_text(a->timezone, b->timezone)));
}

/* True when the region's last value ends inside the file, and no two columns overlap. */
static bool fits(const struct region *g, uint64_t width, uint64_t n_rows, uint64_t size)
{
	uint64_t span, last;

	return g->n > 0 && g->offset % ARROW_ALIGN == 0 && g->stride % ARROW_ALIGN == 0 &&
	       g->stride / width >= n_rows && g->stride <= size &&
	       u64_mul(&span, g->n - 1, g->stride) && u64_add(&last, g->offset, span) &&
	       range_inside(last, width * n_rows, size);
}

/*
 * Check that the region has exactly the columns of its type, in order. *n_seen grows by their
 * number.
 */
static int check_region(const struct snapshot_view *v, struct span file, const struct region *g,
                        size_t number, size_t *n_seen, struct shmpub_error *err)
{
	uint64_t k = 0;

	if (g->field >= v->table.n_columns || !is_in_region(&v->columns[g->field]) ||
	    !fits(g, value_width(v->columns[g->field].type, 0), v->table.n_rows, file.size))
		return bad_region(err, number);
	for (size_t i = 0; i < v->table.n_columns; i++) {
		const struct shmpub_column *c = &v->columns[i];

		if (!is_in_region(c) || !same_type(c, &v->columns[g->field]))
			continue;
		if (i < g->field || k == g->n ||
		    (c->n_rows > 0 &&
		     (uint64_t)((const char *)c->values - file.data) != g->offset + k * g->stride))
			return bad_region(err, number);
		k++;
	}
	if (k != g->n)
		return bad_region(err, number);
	*n_seen += (size_t)k;
	return SHMPUB_OK;
}

/* Regions must be in the order of their first fields, so that none is there twice. */
int check_regions(const struct snapshot_view *v, struct span file, const struct record *record,
                  struct shmpub_error *err)
{
	size_t n_in_regions = 0, n_seen = 0;
	int r = SHMPUB_OK;

	for (size_t i = 0; i < v->table.n_columns; i++)
		n_in_regions += is_in_region(&v->columns[i]);
	for (size_t i = 0; r == SHMPUB_OK && i < record->n_regions; i++) {
		if (i > 0 && record->regions[i].field <= record->regions[i - 1].field)
			return bad_region(err, i);
		r = check_region(v, file, &record->regions[i], i, &n_seen, err);
	}
	if (r == SHMPUB_OK && n_seen != n_in_regions)
		r = bad_region(err, record->n_regions);
	return r;
}

/* --- footer ------------------------------------------------------------------------------------- */

static int bad_footer(struct shmpub_error *err, const char *what)
{
	return error_set(err, SHMPUB_ERR_FORMAT, "the footer's %s is not what the messages say",
	                 what);
}

/* The size of the footer that the record is of; that at the end of a file that grows may be a later one's. */
static uint32_t footer_size(struct span file, uint64_t end, const struct record *record)
{
	uint32_t size;

	if (record->footer.at != 0)
		return (uint32_t)(end - record->footer.at);
	memcpy(&size, file.data + end, sizeof(size)); /* little-endian: arrow_format.h */
	return size;
}

/* Copy the footer, its size, and zeros in place of the magic: as much as record_find() looks at. */
static int copy_footer(struct span *out, struct span file, const struct record *record,
                       struct shmpub_error *err)
{
	uint64_t end = file.size - ARROW_TAIL_SIZE, mark;
	uint32_t size = footer_size(file, end, record);
	char *copy;

	if (size == 0 || size % 8 != 0 || size > end - ARROW_BODY_MIN)
		return bad_footer(err, "size");
	memcpy(&mark, file.data + end - size - sizeof(mark), sizeof(mark));
	if (mark != ARROW_CONTINUATION)
		return error_set(err, SHMPUB_ERR_FORMAT, "no end of stream before the footer");
	copy = mem_alloc((size_t)size + ARROW_TAIL_SIZE);
	if (copy == NULL)
		return error_nomem(err, (size_t)size + ARROW_TAIL_SIZE);
	memcpy(copy, file.data + end - size, size);
	memcpy(copy + size, &size, sizeof(size));
	memset(copy + size + sizeof(size), 0, ARROW_TAIL_SIZE - sizeof(size));
	*out = span_of(copy, (size_t)size + ARROW_TAIL_SIZE);
	return SHMPUB_OK;
}

/* The first byte of a table, or of its vtable if that comes before the table. */
static uint32_t start_of(const struct flatbuf_table *t)
{
	return t->vtable < t->at ? t->vtable : t->at;
}

/*
 * Check that all references in the schema lead to places after its start. Then two schemas with
 * equal bytes from there on are equal.
 */
static int check_extent(struct arrow_fields *a, struct shmpub_error *err)
{
	struct snapshot_origin origin;
	struct shmpub_column *columns = mem_zalloc(a->fields.n, sizeof(*columns));
	int r;

	if (columns == NULL)
		return error_nomem(err, a->fields.n * sizeof(*columns));
	a->view.from = start_of(&a->schema);
	r = arrow_open_schema(a, err);
	if (r == SHMPUB_OK)
		r = arrow_read_origin(&origin, a, err);
	if (r == SHMPUB_OK)
		r = arrow_read_fields(columns, a, err);
	mem_free(columns);
	return r;
}

/* The schema message and the footer must have the same bytes for the schema. */
static int check_schema(const struct snapshot_view *v, const struct record *record,
                        struct flatbuf_view *footer, const struct flatbuf_table *root,
                        struct shmpub_error *err)
{
	struct flatbuf_table its = flatbuf_child(footer, root, FOOTER_SCHEMA);
	struct arrow_fields mine;
	int r = arrow_read_schema(&mine, span_of(v->schema, (size_t)record->schema.size), err);
	size_t size, head;

	if (r == SHMPUB_OK)
		r = check_extent(&mine, err);
	if (r)
		return r;
	size = mine.view.bytes.size - start_of(&mine.schema);
	head = mine.schema.at - start_of(&mine.schema);
	if (footer->is_bad || its.at < head || its.at == 0 ||
	    footer->bytes.size - (its.at - head) < size ||
	    memcmp(mine.view.bytes.data + start_of(&mine.schema),
	           footer->bytes.data + its.at - head, size) != 0)
		return bad_footer(err, "schema");
	return SHMPUB_OK;
}

static bool block_is(struct flatbuf_view *v, const struct flatbuf_items *blocks, uint32_t i,
                     const struct record_message *m)
{
	uint64_t at = (uint64_t)blocks->at + (uint64_t)i * ARROW_BLOCK_SIZE;

	uint64_t size = m->body_at != 0 ? m->body_at - m->offset : m->size;

	return flatbuf_load(v, at, 8) == m->offset && flatbuf_load(v, at + 8, 4) == size &&
	       flatbuf_load(v, at + 16, 8) == m->body_length;
}

static int check_blocks(struct flatbuf_view *v, const struct flatbuf_table *footer, int id,
                        const struct record_message *messages, size_t n, struct shmpub_error *err)
{
	struct flatbuf_items blocks = flatbuf_items(v, footer, id, ARROW_BLOCK_SIZE);

	if (v->is_bad || blocks.n != n)
		return bad_footer(err, "number of blocks");
	for (uint32_t i = 0; i < n; i++) {
		if (!block_is(v, &blocks, i, &messages[i]) || v->is_bad)
			return bad_footer(err, "list of blocks");
	}
	return SHMPUB_OK;
}

/* The footer's metadata must be one entry, whose value is the record that record_find() finds. */
static int check_metadata(struct flatbuf_view *v, const struct flatbuf_table *footer,
                          struct span own, struct shmpub_error *err)
{
	struct flatbuf_items items = flatbuf_items(v, footer, FOOTER_METADATA, 4);
	struct span record = record_find_in(own), key, value;
	struct flatbuf_table entry;

	if (v->is_bad || items.n != 1)
		return bad_footer(err, "metadata");
	entry = flatbuf_item(v, &items, 0);
	key = flatbuf_text(v, &entry, KEY_VALUE_KEY);
	value = flatbuf_text(v, &entry, KEY_VALUE_VALUE);
	if (v->is_bad || !span_is(key, RECORD_KEY) || value.data != record.data ||
	    value.size != record.size)
		return bad_footer(err, "metadata");
	return SHMPUB_OK;
}

int check_footer(const struct snapshot_view *v, struct span file, const struct record *record,
                 struct shmpub_error *err)
{
	struct span copy = SPAN_NONE;
	struct flatbuf_view view;
	struct flatbuf_table footer;
	int r = copy_footer(&copy, file, record, err);

	if (r)
		return r;
	view = (struct flatbuf_view){ .bytes = span_of(copy.data, copy.size - ARROW_TAIL_SIZE) };
	footer = flatbuf_root(&view);
	if (flatbuf_number(&view, &footer, FOOTER_VERSION, 2, 0) != ARROW_V5 || view.is_bad)
		r = bad_footer(err, "version");
	if (r == SHMPUB_OK)
		r = check_schema(v, record, &view, &footer, err);
	if (r == SHMPUB_OK)
		r = check_blocks(&view, &footer, FOOTER_BATCHES, &record->batch, 1, err);
	if (r == SHMPUB_OK)
		r = check_blocks(&view, &footer, FOOTER_DICTIONARIES, record->dictionaries,
		                 record->n_dictionaries, err);
	if (r == SHMPUB_OK)
		r = check_metadata(&view, &footer,
		                   span_of(copy.data, record->footer.at != 0
		                                              ? (size_t)record->footer.own_size
		                                              : copy.size - ARROW_TAIL_SIZE),
		                   err);
	mem_free((void *)copy.data);
	return r;
}
