#include "base/error.h"
#include "snapshot/arrow_format.h"
#include "snapshot/arrow_schema_read.h"
#include "snapshot/check.h"

/*
 * A snapshot says some things twice: regions repeat the buffers, for readers that
 * want one view of many columns; the footer repeats the schema and the places of
 * messages, for Arrow's own readers. Here both are held against what our readers use.
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
	return a->type == b->type && (a->type != SHMPUB_TIMESTAMP ||
	                              (a->unit == b->unit && same_text(a->timezone, b->timezone)));
}

/* The columns of a region's type, in order, stand where it says; *n_seen counts them. */
static int check_region(const struct snapshot_view *v, struct span file, const struct region *g,
                        size_t number, size_t *n_seen, struct shmpub_error *err)
{
	uint64_t k = 0;

	if (g->field >= v->table.n_columns || !is_in_region(&v->columns[g->field]) ||
	    g->stride % ARROW_ALIGN != 0 || g->stride / 8 < v->table.n_rows)
		return bad_region(err, number);
	for (size_t i = 0; i < v->table.n_columns; i++) {
		const struct shmpub_column *c = &v->columns[i];

		if (!is_in_region(c) || !same_type(c, &v->columns[g->field]))
			continue;
		if (i < g->field ||
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

int check_regions(const struct snapshot_view *v, struct span file, const struct record *record,
                  struct shmpub_error *err)
{
	size_t n_in_regions = 0, n_seen = 0;
	int r = SHMPUB_OK;

	for (size_t i = 0; i < v->table.n_columns; i++)
		n_in_regions += is_in_region(&v->columns[i]);
	for (size_t i = 0; r == SHMPUB_OK && i < record->n_regions; i++)
		r = check_region(v, file, &record->regions[i], i, &n_seen, err);
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

static int open_footer(struct flatbuf_view *out, struct flatbuf_table *footer, struct span file,
                       struct shmpub_error *err)
{
	struct flatbuf_view whole = { .bytes = file };
	uint64_t end = file.size - ARROW_TAIL_SIZE, size = flatbuf_load(&whole, end, 4);

	if (size % 8 != 0 || size > end - ARROW_PREFIX_SIZE)
		return bad_footer(err, "size");
	if (flatbuf_load(&whole, end - size - 8, 8) != ARROW_CONTINUATION)
		return error_set(err, SHMPUB_ERR_FORMAT, "no end of stream before the footer");
	*out = (struct flatbuf_view){ .bytes = span_of(file.data + end - size, (size_t)size) };
	*footer = flatbuf_root(out);
	if (flatbuf_number(out, footer, FOOTER_VERSION, 2, 0) != ARROW_V5 || out->is_bad)
		return bad_footer(err, "version");
	return SHMPUB_OK;
}

/* Both were written from one tree, so they are the same bytes as far as it goes. */
static int check_schema(struct span file, const struct record *record, struct flatbuf_view *footer,
                        const struct flatbuf_table *root, struct shmpub_error *err)
{
	struct span message = span_of(file.data + record->schema.offset,
	                              (size_t)record->schema.size);
	struct flatbuf_table mine, its = flatbuf_child(footer, root, FOOTER_SCHEMA);
	struct flatbuf_view view;
	int r = arrow_read_message(&view, &mine, NULL, message, HEADER_SCHEMA, err);
	size_t size;

	if (r)
		return r;
	size = view.bytes.size - mine.at;
	if (footer->is_bad || its.at == 0 || footer->bytes.size - its.at < size ||
	    memcmp(view.bytes.data + mine.at, footer->bytes.data + its.at, size) != 0)
		return bad_footer(err, "schema");
	return SHMPUB_OK;
}

static bool block_is(struct flatbuf_view *v, const struct flatbuf_items *blocks, uint32_t i,
                     const struct record_message *m)
{
	uint64_t at = (uint64_t)blocks->at + (uint64_t)i * ARROW_BLOCK_SIZE;

	return flatbuf_load(v, at, 8) == m->offset && flatbuf_load(v, at + 8, 4) == m->size;
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

int check_footer(struct span file, const struct record *record, struct shmpub_error *err)
{
	struct flatbuf_table footer;
	struct flatbuf_view view;
	int r = open_footer(&view, &footer, file, err);

	if (r == SHMPUB_OK)
		r = check_schema(file, record, &view, &footer, err);
	if (r == SHMPUB_OK)
		r = check_blocks(&view, &footer, FOOTER_BATCHES, &record->batch, 1, err);
	if (r == SHMPUB_OK)
		r = check_blocks(&view, &footer, FOOTER_DICTIONARIES, record->dictionaries,
		                 record->n_dictionaries, err);
	return r;
}
