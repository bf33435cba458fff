#include "snapshot/snapshot.h"

#include "base/alloc.h"
#include "base/crc32.h"
#include "base/error.h"
#include "columns/codes.h"
#include "columns/table.h"
#include "snapshot/arrow_batch_write.h"
#include "snapshot/arrow_format.h"
#include "snapshot/arrow_schema_write.h"
#include "snapshot/dictionaries_write.h"
#include "snapshot/footer_write.h"
#include "snapshot/layout.h"
#include "snapshot/writer_parts.h"

/*
 * A snapshot is written in the order in which facts become known, not in the order of
 * its bytes: first a plan of the fixed areas, which the filler fills; then places for
 * text, whose size the filler has found; at the end everything that describes them,
 * in front (room for it was left), behind, and last the magic at the end. The bytes
 * belong to somebody else and may move whenever more of them are asked for, so only
 * offsets are kept.
 */

static int reserve(struct snapshot_writer *w, uint64_t size, struct shmpub_error *err)
{
	void *addr = w->file;
	int r;

	if (w->file != NULL && size <= w->size)
		return SHMPUB_OK;
	if (size > SIZE_MAX / 2)
		return error_nomem(err, SIZE_MAX);
	r = w->memory.reserve(w->memory.arg, &addr, (size_t)size, err);
	if (r)
		return r;
	w->file = addr;
	w->size = w->memory.reserved != NULL ? w->memory.reserved(w->memory.arg) : size;
	return SHMPUB_OK;
}

static void point_sink(struct snapshot_writer *w)
{
	for (size_t i = 0; i < w->layout.n_columns; i++) {
		const struct column_place *p = &w->layout.columns[i];
		struct column_sink *c = &w->sink.columns[i];
		char *values = w->file + p->values;

		if (p->form == FORM_NONE)
			continue;
		c->validity = (uint8_t *)w->file + p->validity;
		if (p->form == FORM_TEXT)
			c->offsets = (int64_t *)(void *)values;
		else
			c->values = values;
		if (p->form == FORM_TEXT && (w->has_text || p->text_room))
			c->text = w->file + p->text;
		c->text_room = w->has_text ? 0 : p->text_room;
	}
}

/* Layout with room for the messages of later states, and for more text than is expected. */
static int plan_layout(struct snapshot_writer *w, uint64_t capacity, struct shmpub_error *err)
{
	const struct snapshot_growth *g = &w->growth.plan;
	uint64_t batch_size = w->batch.tree.bytes.size;

	if (batch_size > GROWTH_AREA_MAX / ((uint64_t)g->n_states + 1))
		return error_set(err, SHMPUB_ERR_LIMIT, "%u states have too large messages",
		                 g->n_states);
	w->growth.message_size = batch_size;
	return layout_plan(&w->layout, w->schema, capacity, w->schema_message.tree.bytes.size,
	                   batch_size * ((uint64_t)g->n_states + 1), &g->text, err);
}

static int plan(struct snapshot_writer *w, uint64_t capacity, const struct snapshot_origin *origin,
                struct shmpub_error *err)
{
	size_t n_buffers = 0;
	int r = arrow_schema_write(&w->arrow, w->schema, origin, err);

	for (size_t i = 0; i < w->schema->n_fields; i++)
		n_buffers += form_n_buffers(form_of_field(&w->schema->fields[i]));
	if (r == SHMPUB_OK)
		r = arrow_message_schema(&w->schema_message, &w->arrow, err);
	if (r == SHMPUB_OK)
		r = arrow_message_batch(&w->batch, w->schema->n_fields, n_buffers, err);
	if (r == SHMPUB_OK)
		r = plan_layout(w, capacity, err);
	return r;
}

int snapshot_writer_new(struct snapshot_writer **out, struct table_sink **sink,
                        const struct snapshot_memory *memory, const struct schema *schema,
                        uint64_t capacity, const struct snapshot_origin *origin,
                        struct shmpub_error *err)
{
	return snapshot_writer_new_growing(out, sink, memory, schema, capacity,
	                                   &SNAPSHOT_GROWTH_NONE, origin, err);
}

int snapshot_writer_new_growing(struct snapshot_writer **out, struct table_sink **sink,
                                const struct snapshot_memory *memory, const struct schema *schema,
                                uint64_t capacity, const struct snapshot_growth *growth,
                                const struct snapshot_origin *origin, struct shmpub_error *err)
{
	struct snapshot_writer *w = mem_zalloc(1, sizeof(*w));
	int r;

	if (w == NULL)
		return error_nomem(err, sizeof(*w));
	w->memory = *memory;
	w->schema = schema;
	w->growth.plan = *growth;
	w->sink.schema = schema;
	w->sink.capacity = capacity;
	w->sink.columns = mem_zalloc(schema->n_fields, sizeof(*w->sink.columns));
	if (w->sink.columns == NULL) {
		r = error_nomem(err, schema->n_fields * sizeof(*w->sink.columns));
		goto out;
	}
	r = plan(w, capacity, origin, err);
	if (r == SHMPUB_OK)
		r = reserve(w, w->layout.fixed_end, err);
	if (r)
		goto out;
	point_sink(w);
	*sink = &w->sink;
	*out = w;
	w = NULL;
out:
	snapshot_writer_free(w);
	return r;
}

/*
 * If memory is lacking, asks for that of the footer as well, so that it has to move only once. A segment
 * that is filled again has exactly as much as the last snapshot, which mostly suffices for all.
 */
static int reserve_for_text(struct snapshot_writer *w, struct shmpub_error *err)
{
	uint64_t size = w->footer_at;

	if (writer_grows(w))
		size = growth_file_size(w);
	else if (size > w->size)
		size += footer_max_size(&w->arrow, w->dictionaries.n, w->layout.n_regions);
	return reserve(w, size, err);
}

int snapshot_writer_text(struct snapshot_writer *w, struct shmpub_error *err)
{
	uint64_t end;
	int r;

	if (w->sink.n_rows > w->sink.capacity)
		return error_set(err, SHMPUB_ERR_INVALID, "%llu rows where there is room for %llu",
		                 (unsigned long long)w->sink.n_rows,
		                 (unsigned long long)w->sink.capacity);
	r = layout_text(&w->layout, &w->sink, &w->growth.plan.text, err);
	if (r)
		return r;
	dictionaries_free(&w->dictionaries);
	r = dictionaries_plan(&w->dictionaries, &end, w->layout.body_end, &w->sink, err);
	if (r)
		return r;
	mem_free(w->messages);
	w->messages = mem_zalloc(w->dictionaries.n, sizeof(*w->messages));
	if (w->messages == NULL)
		return error_nomem(err, w->dictionaries.n * sizeof(*w->messages));
	w->footer_at = end + END_OF_STREAM_SIZE;
	r = reserve_for_text(w, err);
	if (r)
		return r;
	w->has_text = true;
	point_sink(w);
	return SHMPUB_OK;
}

/* --- finishing -------------------------------------------------------------------------------- */

/* Zeros from the last real byte to the next multiple of 64: equal tables are to be equal bytes. */
static void zero_tail(char *file, uint64_t at, uint64_t length)
{
	uint64_t end = at + length;

	memset(file + end, 0, (size_t)(-end & (ARROW_ALIGN - 1)));
}

static void zero_bits(char *file, uint64_t at, uint64_t n_rows)
{
	bits_clear_end((uint8_t *)file + at, n_rows);
	zero_tail(file, at, bits_size(n_rows));
}

static bool codes_fit(const struct column_sink *c)
{
	return (c->code_size == 1 || c->code_size == 2 || c->code_size == 4) &&
	       c->code_size >= code_size_for(c->dictionary->n_rows);
}

static void put_buffer(struct batch_cursor *b, uint64_t at, uint64_t length)
{
	arrow_message_set_buffer(b->message, b->n++, length > 0 ? at - b->body_at : 0, length);
}

/* Where a column's buffers are, and how long they are with so many rows. */
void writer_describe_column(struct snapshot_writer *w, struct batch_cursor *b, size_t i,
                            uint64_t n_rows, uint64_t null_count, uint64_t text_size)
{
	const struct column_place *p = &w->layout.columns[i];
	uint64_t size;

	arrow_message_set_node(b->message, i, n_rows, p->form == FORM_NONE ? n_rows : null_count);
	if (p->form == FORM_NONE)
		return;
	put_buffer(b, p->validity, null_count > 0 ? bits_size(n_rows) : 0);
	form_size(&size, p->form, n_rows,
	          value_width(w->schema->fields[i].type, w->sink.columns[i].code_size));
	put_buffer(b, p->values, size);
	if (p->form == FORM_TEXT)
		put_buffer(b, p->text, text_size);
}

static int finish_column(struct snapshot_writer *w, size_t i, struct shmpub_error *err)
{
	const struct column_place *p = &w->layout.columns[i];
	const struct column_sink *c = &w->sink.columns[i];
	uint64_t n_rows = w->sink.n_rows, size;

	if (p->form == FORM_NONE)
		return SHMPUB_OK;
	if (c->null_count > n_rows)
		return error_set(err, SHMPUB_ERR_INVALID, "column %zu: %llu nulls in %llu rows", i,
		                 (unsigned long long)c->null_count, (unsigned long long)n_rows);
	if (p->form == FORM_CODES && !codes_fit(c))
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "column %zu: codes of %d bytes into %llu values", i, c->code_size,
		                 (unsigned long long)c->dictionary->n_rows);
	if (c->null_count > 0)
		zero_bits(w->file, p->validity, n_rows);
	else if (writer_grows(w))
		memset(w->file + p->validity, 0xff, (size_t)bits_size(n_rows));
	form_size(&size, p->form, n_rows,
	          value_width(w->sink.schema->fields[i].type, c->code_size));
	if (p->form == FORM_TEXT && n_rows == 0)
		memset(w->file + p->values, 0, sizeof(int64_t));
	if (p->form == FORM_BITS)
		zero_bits(w->file, p->values, n_rows);
	zero_tail(w->file, p->values, size);
	if (p->form == FORM_TEXT)
		zero_tail(w->file, p->text, p->text_size);
	if (p->form == FORM_CODES)
		arrow_schema_set_code_size(&w->arrow, i, c->code_size);
	return SHMPUB_OK;
}

static int finish_columns(struct snapshot_writer *w, struct shmpub_error *err)
{
	struct batch_cursor b = { &w->batch, w->layout.body_at, 0 };
	int r = SHMPUB_OK;

	w->batch.tree.err = err;
	if (!writer_grows(w))
		arrow_message_pad(&w->batch, w->layout.batch_size);
	arrow_message_set_rows(&w->batch, w->sink.n_rows, w->layout.body_end - w->layout.body_at);
	for (size_t i = 0; r == SHMPUB_OK && i < w->layout.n_columns; i++) {
		r = finish_column(w, i, err);
		if (r == SHMPUB_OK)
			writer_describe_column(w, &b, i, w->sink.n_rows,
			                       w->sink.columns[i].null_count,
			                       w->layout.columns[i].text_size);
	}
	return r ? r : w->batch.tree.status;
}

void writer_put_message(char *file, struct record_message *out, const struct flatbuf *tree,
                        uint64_t at)
{
	memcpy(file + at, tree->bytes.data, tree->bytes.size);
	*out = (struct record_message){ .offset = at,
		                        .size = tree->bytes.size,
		                        .crc = crc32(tree->bytes.data, tree->bytes.size) };
}

/*
 * A 64-bit hash that readers only compare (FORMAT.md), so any good mixing will do. It is not
 * base/hash.h's, which may change: files that stand in shared memory have this one.
 */
static uint64_t schema_id(struct span bytes)
{
	uint64_t h = bytes.size, word;

	for (size_t i = 0; i + 8 <= bytes.size; i += 8) { /* a message is a multiple of 8 */
		memcpy(&word, bytes.data + i, 8);
		h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
		h ^= h >> 32;
	}
	return h;
}

/* Both messages into the room in front; what the record says about them. */
static void put_front(struct snapshot_writer *w, struct record *record)
{
	const struct flatbuf *schema = &w->schema_message.tree;

	arrow_message_set_schema(&w->schema_message, &w->arrow);
	writer_put_message(w->file, &record->schema, schema, ARROW_SCHEMA_AT);
	if (!writer_grows(w))
		writer_put_message(w->file, &record->batch, &w->batch.tree, w->layout.batch_at);
	record->schema_id = schema_id(buffer_span(&schema->bytes));
}

static int put_footer(struct snapshot_writer *w, const struct record *record, uint64_t *size,
                      struct shmpub_error *err)
{
	struct flatbuf footer = FLATBUF_NONE;
	struct block batch = { w->layout.batch_at, w->layout.batch_size,
		               w->layout.body_end - w->layout.body_at };
	int r = footer_write(&footer, &w->arrow, &batch, w->dictionaries.blocks, record, err);

	if (r)
		return r;
	r = reserve(w, w->footer_at + footer.bytes.size, err);
	if (r == SHMPUB_OK) {
		memcpy(w->file + w->footer_at - END_OF_STREAM_SIZE, "\xff\xff\xff\xff\0\0\0\0",
		       END_OF_STREAM_SIZE);
		memcpy(w->file + w->footer_at, footer.bytes.data, footer.bytes.size);
		memcpy(w->file, ARROW_MAGIC "\0\0", ARROW_SCHEMA_AT);
		*size = w->footer_at + footer.bytes.size;
	}
	flatbuf_free(&footer);
	return r;
}

int snapshot_writer_finish(struct snapshot_writer *w, const struct snapshot_stamp *stamp,
                           uint64_t *size, struct shmpub_error *err)
{
	struct record *record = &w->record;
	int r;

	if (!w->has_text)
		return error_set(err, SHMPUB_ERR_INVALID, "text has no places yet");
	*record = (struct record){ .stamp = *stamp,
		                   .n_rows = w->sink.n_rows,
		                   .dictionaries = w->messages,
		                   .n_dictionaries = w->dictionaries.n,
		                   .regions = w->layout.regions,
		                   .n_regions = w->layout.n_regions };
	r = finish_columns(w, err);
	if (r == SHMPUB_OK)
		r = dictionaries_write(&w->dictionaries, w->file, w->messages, err);
	if (r)
		return r;
	put_front(w, record);
	return writer_grows(w) ? growth_first(w, size, err) : put_footer(w, record, size, err);
}

void snapshot_writer_free(struct snapshot_writer *w)
{
	if (w == NULL)
		return;
	mem_free(w->sink.columns);
	mem_free(w->messages);
	growth_free(&w->growth);
	arrow_schema_free(&w->arrow);
	arrow_message_free(&w->schema_message);
	arrow_message_free(&w->batch);
	layout_free(&w->layout);
	dictionaries_free(&w->dictionaries);
	mem_free(w);
}
