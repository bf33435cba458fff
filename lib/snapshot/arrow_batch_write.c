#include "snapshot/arrow_batch_write.h"

#include "snapshot/arrow_format.h"

/*
 * A message is a prefix (continuation mark, size), a flatbuffer, and zeros up to the place
 * where the body begins. `tree` has the prefix too, so that positions in it have the same
 * alignment as in the file.
 */

static const struct flatbuf_shape message_shape = { 4, { 2, 1, 4, 8 } };
static const struct flatbuf_shape batch_shape = { 3, { 8, 4, 4 } };
static const struct flatbuf_shape dictionary_shape = { 3, { 8, 4, 1 } };

/*
 * Write prefix, root reference and table Message. Returns where the reference to the header goes.
 */
static uint32_t begin(struct arrow_message *m, enum arrow_header header, struct shmpub_error *err)
{
	struct flatbuf *f = &m->tree;
	uint32_t table;

	*m = ARROW_MESSAGE_NONE;
	f->err = err;
	flatbuf_append(f, span_of("\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 12));
	table = flatbuf_table(f, &message_shape);
	flatbuf_refer(f, ARROW_PREFIX_SIZE, table);
	flatbuf_put(f, &message_shape, table, MESSAGE_VERSION, ARROW_V5);
	flatbuf_put(f, &message_shape, table, MESSAGE_HEADER_TYPE, header);
	m->body_length_at = flatbuf_slot(&message_shape, table, MESSAGE_BODY_LENGTH);
	return flatbuf_slot(&message_shape, table, MESSAGE_HEADER);
}

static int end(struct arrow_message *m)
{
	int r;

	flatbuf_settle(&m->tree);
	arrow_message_pad(m, (m->tree.bytes.size + 7) & ~(uint64_t)7);
	r = m->tree.status;
	if (r)
		arrow_message_free(m);
	return r;
}

int arrow_message_schema(struct arrow_message *out, const struct arrow_schema *schema,
                         struct shmpub_error *err)
{
	uint32_t header = begin(out, HEADER_SCHEMA, err);

	flatbuf_settle(&out->tree); /* before the schema: its bytes come last, as in the footer */
	flatbuf_align(&out->tree, 8, 0);
	flatbuf_refer(&out->tree, header, flatbuf_size(&out->tree) + schema->table);
	flatbuf_reserve(&out->tree, schema->tree.bytes.size + 8);
	out->schema_at = flatbuf_size(&out->tree);
	flatbuf_append(&out->tree, buffer_span(&schema->tree.bytes));
	flatbuf_align(&out->tree, 8, 0);
	return end(out);
}

void arrow_message_set_schema(struct arrow_message *m, const struct arrow_schema *schema)
{
	memcpy(m->tree.bytes.data + m->schema_at, schema->tree.bytes.data, schema->tree.bytes.size);
}

static uint32_t batch(struct arrow_message *m, size_t n_nodes, size_t n_buffers)
{
	struct flatbuf *f = &m->tree;
	uint32_t table = flatbuf_table(f, &batch_shape), vector;

	m->length_at = flatbuf_slot(&batch_shape, table, BATCH_LENGTH);
	vector = flatbuf_vector(f, n_nodes, ARROW_NODE_SIZE, 8);
	flatbuf_refer(f, flatbuf_slot(&batch_shape, table, BATCH_NODES), vector);
	m->nodes_at = vector + 4;
	vector = flatbuf_vector(f, n_buffers, ARROW_BUFFER_SIZE, 8);
	flatbuf_refer(f, flatbuf_slot(&batch_shape, table, BATCH_BUFFERS), vector);
	m->buffers_at = vector + 4;
	flatbuf_align(f, 8, 0);
	return table;
}

int arrow_message_batch(struct arrow_message *out, size_t n_nodes, size_t n_buffers,
                        struct shmpub_error *err)
{
	uint32_t header = begin(out, HEADER_BATCH, err);

	flatbuf_refer(&out->tree, header, batch(out, n_nodes, n_buffers));
	return end(out);
}

int arrow_message_dictionary(struct arrow_message *out, int64_t id, size_t n_buffers,
                             struct shmpub_error *err)
{
	uint32_t header = begin(out, HEADER_DICTIONARY, err);
	uint32_t table = flatbuf_table(&out->tree, &dictionary_shape);

	flatbuf_refer(&out->tree, header, table);
	flatbuf_put(&out->tree, &dictionary_shape, table, DICTIONARY_ID, (uint64_t)id);
	flatbuf_refer(&out->tree, flatbuf_slot(&dictionary_shape, table, DICTIONARY_DATA),
	              batch(out, 1, n_buffers));
	return end(out);
}

void arrow_message_pad(struct arrow_message *m, uint64_t size)
{
	struct flatbuf *f = &m->tree;
	uint64_t n = size - f->bytes.size;

	if (f->status == SHMPUB_OK && n > 0)
		f->status = buffer_zeros(&f->bytes, (size_t)n, f->err);
	flatbuf_store(f, 4, size - ARROW_PREFIX_SIZE, 4);
}

void arrow_message_set_rows(struct arrow_message *m, uint64_t n_rows, uint64_t body_length)
{
	flatbuf_store(&m->tree, m->length_at, n_rows, 8);
	flatbuf_store(&m->tree, m->body_length_at, body_length, 8);
}

void arrow_message_set_node(struct arrow_message *m, size_t i, uint64_t n_rows, uint64_t null_count)
{
	uint32_t at = m->nodes_at + (uint32_t)i * ARROW_NODE_SIZE;

	flatbuf_store(&m->tree, at, n_rows, 8);
	flatbuf_store(&m->tree, at + 8, null_count, 8);
}

void arrow_message_set_buffer(struct arrow_message *m, size_t i, uint64_t offset, uint64_t length)
{
	uint32_t at = m->buffers_at + (uint32_t)i * ARROW_BUFFER_SIZE;

	flatbuf_store(&m->tree, at, offset, 8);
	flatbuf_store(&m->tree, at + 8, length, 8);
}

void arrow_message_free(struct arrow_message *m)
{
	flatbuf_free(&m->tree);
	*m = ARROW_MESSAGE_NONE;
}
