#include "snapshot/footer_write.h"

#include "snapshot/arrow_format.h"

/*
 * The footer repeats the schema and has the places of the messages, for other readers of
 * Arrow. Its last string is the record, the only part of it that our readers use.
 */

static const struct flatbuf_shape footer_shape = { 5, { 2, 4, 4, 4, 4 } };
static const struct flatbuf_shape key_value_shape = { 2, { 4, 4 } };

/* Root reference, vtables, Footer, sizes of vectors, KeyValue, key and padding. */
#define FOOTER_TABLES_MAX_SIZE 256u

static uint64_t footer_room(uint64_t schema_size, size_t n_dictionaries, size_t n_regions)
{
	return FOOTER_TABLES_MAX_SIZE + schema_size +
	       ARROW_BLOCK_SIZE * ((uint64_t)n_dictionaries + 1) +
	       record_max_size(n_dictionaries, n_regions) + ARROW_TAIL_SIZE;
}

uint64_t footer_max_size(const struct arrow_schema *schema, size_t n_dictionaries, size_t n_regions)
{
	return footer_room(schema->tree.bytes.size, n_dictionaries, n_regions);
}

static void refer(struct flatbuf *f, uint32_t footer, int field, uint32_t target)
{
	flatbuf_refer(f, flatbuf_slot(&footer_shape, footer, field), target);
}

static uint32_t write_blocks(struct flatbuf *f, const struct block *blocks, size_t n)
{
	uint32_t vector = flatbuf_vector(f, n, ARROW_BLOCK_SIZE, 8), at = vector + 4;

	for (size_t i = 0; i < n; i++, at += ARROW_BLOCK_SIZE) {
		flatbuf_store(f, at, blocks[i].offset, 8);
		flatbuf_store(f, at + 8, blocks[i].size, 4);
		flatbuf_store(f, at + 16, blocks[i].body_length, 8);
	}
	return vector;
}

static uint32_t write_schema(struct flatbuf *f, const struct arrow_schema *schema)
{
	uint32_t at;

	flatbuf_align(f, 8, 0);
	at = flatbuf_size(f);
	flatbuf_append(f, buffer_span(&schema->tree.bytes));
	return at + schema->table;
}

/* Write the metadata. Its value, the record, must be the last bytes of the footer. */
static uint32_t write_record(struct flatbuf *f, const struct record *record)
{
	uint32_t vector = flatbuf_vector(f, 1, 4, 4), table = flatbuf_table(f, &key_value_shape);
	struct buffer text = BUFFER_NONE;
	int r;

	flatbuf_refer(f, vector + 4, table);
	flatbuf_refer(f, flatbuf_slot(&key_value_shape, table, KEY_VALUE_KEY),
	              flatbuf_string(f, span_str(RECORD_KEY)));
	flatbuf_settle(f); /* no table comes after this */
	r = record_write(&text, record, f->err);
	if (r == SHMPUB_OK)
		flatbuf_refer(f, flatbuf_slot(&key_value_shape, table, KEY_VALUE_VALUE),
		              flatbuf_string(f, buffer_span(&text)));
	else if (f->status == SHMPUB_OK)
		f->status = r;
	buffer_free(&text);
	flatbuf_align(f, 8, 0);
	return vector;
}

int footer_write_own(struct flatbuf *out, uint32_t *schema_at, const struct arrow_schema *schema,
                     const struct block *batch, const struct block *dictionaries,
                     const struct record *record, struct shmpub_error *err)
{
	struct flatbuf f = FLATBUF_NONE;
	uint64_t room = schema != NULL ? schema->tree.bytes.size : 0;
	uint32_t footer;
	int r;

	f.err = err;
	flatbuf_reserve(&f, footer_room(room, record->n_dictionaries, record->n_regions));
	flatbuf_align(&f, 8, 4); /* four zeros: the root reference */
	footer = flatbuf_table(&f, &footer_shape);
	flatbuf_refer(&f, 0, footer);
	flatbuf_put(&f, &footer_shape, footer, FOOTER_VERSION, ARROW_V5);
	*schema_at = flatbuf_slot(&footer_shape, footer, FOOTER_SCHEMA);
	if (schema != NULL) {
		uint32_t at = write_schema(&f, schema);

		flatbuf_refer(&f, *schema_at, at);
		*schema_at = at;
	}
	refer(&f, footer, FOOTER_DICTIONARIES,
	      write_blocks(&f, dictionaries, record->n_dictionaries));
	refer(&f, footer, FOOTER_BATCHES, write_blocks(&f, batch, 1));
	refer(&f, footer, FOOTER_METADATA, write_record(&f, record));
	r = f.status;
	if (r == SHMPUB_OK) {
		*out = f;
		f = FLATBUF_NONE;
	}
	flatbuf_free(&f);
	return r;
}

int footer_write(struct flatbuf *out, const struct arrow_schema *schema, const struct block *batch,
                 const struct block *dictionaries, const struct record *record,
                 struct shmpub_error *err)
{
	struct flatbuf f = FLATBUF_NONE;
	uint32_t schema_at, size;
	int r = footer_write_own(&f, &schema_at, schema, batch, dictionaries, record, err);

	if (r)
		return r;
	size = flatbuf_size(&f);
	flatbuf_append(&f, span_of("\0\0\0\0" ARROW_MAGIC, ARROW_TAIL_SIZE));
	flatbuf_store(&f, size, size, 4);
	r = f.status;
	if (r == SHMPUB_OK) {
		*out = f;
		f = FLATBUF_NONE;
	}
	flatbuf_free(&f);
	return r;
}
