#include "snapshot/growth.h"

#include <assert.h>
#include "base/alloc.h"
#include "base/atomic.h"
#include "base/crc32.h"
#include "base/error.h"
#include "snapshot/writer_parts.h"

/*
 * Each state has a message and a footer of its own, both in front of those of the state before:
 * a message reaches up to the body and a footer up to the word at the end, by the sizes that
 * Arrow's readers go by, so none of the bytes of a state are ever written again. The schema stands in the first footer
 * alone. The footers of later states lie before it and refer to it.
 */

#define TAIL_CRC_AT 48u
#define TAIL_MAGIC_AT 56u
#define OWN_SIZE_AT 4u /* in the footer, behind its root reference */
#define FOOTER_LEAST 16u

static void put_u32(char *to, uint32_t v)
{
	memcpy(to, &v, sizeof(v)); /* little-endian: arrow_format.h */
}

static void put_u64(char *to, uint64_t v)
{
	memcpy(to, &v, sizeof(v));
}

void growth_tail_write(char *to, const struct growth_tail *tail)
{
	memset(to, 0, GROWTH_TAIL_SIZE);
	put_u32(to, GROWTH_VERSION);
	put_u64(to + 16, tail->messages_at);
	put_u64(to + 24, tail->body_at);
	put_u64(to + 32, tail->footers_at);
	put_u32(to + TAIL_CRC_AT, crc32(to, TAIL_CRC_AT));
	memcpy(to + TAIL_MAGIC_AT, GROWTH_MAGIC, 8);
}

/* --- writing -------------------------------------------------------------------------------------- */

/* An upper bound of the bytes of a later state's footer, and of the mark before it. */
static uint64_t footer_room(const struct snapshot_writer *w)
{
	struct arrow_schema none = ARROW_SCHEMA_NONE;

	return END_OF_STREAM_SIZE + footer_max_size(&none, w->dictionaries.n, w->layout.n_regions);
}

static uint64_t word_at(const struct snapshot_writer *w)
{
	uint64_t n = w->growth.plan.n_states, each = footer_room(w);
	uint64_t end = w->footer_at + n * each + GROWTH_TAIL_SIZE +
	               footer_max_size(&w->arrow, w->dictionaries.n, w->layout.n_regions);

	return (end + ARROW_ALIGN - 1) & ~(uint64_t)(ARROW_ALIGN - 1);
}

uint64_t growth_file_size(const struct snapshot_writer *w)
{
	return word_at(w) + ARROW_TAIL_SIZE;
}

static void put_footer(struct snapshot_writer *w, uint64_t at, struct flatbuf *footer)
{
	memcpy(w->file + at - END_OF_STREAM_SIZE, "\xff\xff\xff\xff\0\0\0\0", END_OF_STREAM_SIZE);
	flatbuf_store(footer, OWN_SIZE_AT, footer->bytes.size, 4);
	memcpy(w->file + at, footer->bytes.data, footer->bytes.size);
}

/* The message of a state reaches up to the body for Arrow, and is as long as the others for us. */
static void put_message(struct snapshot_writer *w, uint64_t at)
{
	struct growth *g = &w->growth;

	flatbuf_store(&w->batch.tree, 4, g->tail.body_at - at - ARROW_PREFIX_SIZE, 4);
	writer_put_message(w->file, &w->record.batch, &w->batch.tree, at);
}

static struct block block_of(const struct snapshot_writer *w, uint64_t message_at)
{
	uint64_t body_at = w->growth.tail.body_at;

	return (struct block){ message_at, body_at - message_at, w->layout.body_end - body_at };
}

static void show(struct snapshot_writer *w, uint64_t footer_at)
{
	uint64_t at = w->growth.tail.word_at;

	store_release_u32((uint32_t *)(void *)(w->file + at), (uint32_t)(at - footer_at));
}

static int plan_tail(struct snapshot_writer *w, struct shmpub_error *err)
{
	struct growth *g = &w->growth;
	int r;

	g->tail = (struct growth_tail){ .messages_at = w->layout.batch_at,
		                        .body_at = w->layout.body_at,
		                        .footers_at = w->footer_at,
		                        .word_at = word_at(w) };
	g->message_at = g->tail.body_at - g->message_size;
	if (g->tail.word_at - g->tail.footers_at > GROWTH_AREA_MAX)
		return error_set(err, SHMPUB_ERR_LIMIT, "%u states have too large footers",
		                 g->plan.n_states);
	g->columns = mem_zalloc(w->layout.n_columns, sizeof(*g->columns));
	g->next.columns = mem_zalloc(w->layout.n_columns, sizeof(*g->columns));
	if (g->columns == NULL || g->next.columns == NULL)
		return error_nomem(err, w->layout.n_columns * sizeof(*g->columns));
	for (size_t i = 0; i < w->layout.n_columns; i++) {
		g->columns[i].null_count = w->sink.columns[i].null_count;
		g->columns[i].text_size = w->layout.columns[i].text_size;
		if (w->schema->fields[i].is_dictionary)
			g->columns[i].n_values = w->sink.columns[i].dictionary->n_rows;
	}
	g->n_rows = w->sink.n_rows;
	r = schema_copy(&g->schema, w->schema, err);
	if (r == SHMPUB_OK)
		w->schema = w->sink.schema = &g->schema;
	return r;
}

int growth_first(struct snapshot_writer *w, uint64_t *size, struct shmpub_error *err)
{
	struct growth *g = &w->growth;
	struct flatbuf footer = FLATBUF_NONE;
	struct block batch;
	uint32_t schema_at;
	int r = plan_tail(w, err);

	if (r)
		return r;
	assert(growth_file_size(w) <= w->size);
	put_message(w, g->message_at);
	batch = block_of(w, g->message_at);
	r = footer_write_own(&footer, &schema_at, &w->arrow, &batch, w->dictionaries.blocks,
	                     &w->record, err);
	if (r)
		return r;
	g->footer_at = g->tail.word_at - GROWTH_TAIL_SIZE - footer.bytes.size;
	g->schema_at = g->footer_at + schema_at;
	put_footer(w, g->footer_at, &footer);
	flatbuf_free(&footer);
	growth_tail_write(w->file + g->tail.word_at - GROWTH_TAIL_SIZE, &g->tail);
	memcpy(w->file + g->tail.word_at, "\0\0\0\0" ARROW_MAGIC, ARROW_TAIL_SIZE);
	memcpy(w->file, ARROW_MAGIC "\0\0", ARROW_SCHEMA_AT);
	show(w, g->footer_at);
	*size = growth_file_size(w);
	return SHMPUB_OK;
}

int growth_next(struct snapshot_writer *w, struct shmpub_error *err)
{
	struct growth *g = &w->growth;
	struct flatbuf footer = FLATBUF_NONE;
	uint64_t message_at = g->message_at - g->message_size, at, need;
	uint32_t slot;
	struct block batch;
	int r;

	if (message_at < g->tail.messages_at)
		return SNAPSHOT_FULL;
	put_message(w, message_at);
	batch = block_of(w, message_at);
	r = footer_write_own(&footer, &slot, NULL, &batch, w->dictionaries.blocks, &w->record, err);
	if (r)
		return r;
	need = footer.bytes.size + END_OF_STREAM_SIZE;
	at = g->footer_at - END_OF_STREAM_SIZE - footer.bytes.size;
	if (g->footer_at - END_OF_STREAM_SIZE < g->tail.footers_at + need) {
		flatbuf_free(&footer);
		return SNAPSHOT_FULL;
	}
	flatbuf_store(&footer, slot, g->schema_at - at - slot, 4);
	put_footer(w, at, &footer);
	flatbuf_free(&footer);
	g->next.message_at = message_at;
	g->next.footer_at = at;
	return SHMPUB_OK;
}

void snapshot_writer_show(struct snapshot_writer *w)
{
	struct growth *g = &w->growth;

	if (g->next.footer_at == 0)
		return;
	show(w, g->next.footer_at);
	g->footer_at = g->next.footer_at;
	g->message_at = g->next.message_at;
	g->n_rows = g->next.n_rows;
	memcpy(g->columns, g->next.columns, w->layout.n_columns * sizeof(*g->columns));
	g->next.footer_at = 0;
}

uint64_t snapshot_writer_rows(const struct snapshot_writer *w)
{
	return w->growth.n_rows;
}

void snapshot_writer_moved(struct snapshot_writer *w, void *addr)
{
	w->file = addr;
}

void growth_free(struct growth *g)
{
	mem_free(g->columns);
	mem_free(g->next.columns);
	g->columns = g->next.columns = NULL;
	schema_free(&g->schema);
}

/* --- reading -------------------------------------------------------------------------------------- */

static uint32_t get_u32(const char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint64_t get_u64(const char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

bool growth_is_found(struct span file)
{
	size_t end = file.size - ARROW_TAIL_SIZE;

	return file.size >= ARROW_TAIL_SIZE + GROWTH_TAIL_SIZE && end % ARROW_ALIGN == 0 &&
	       memcmp(file.data + end - 8, GROWTH_MAGIC, 8) == 0;
}

static int read_tail(struct growth_tail *out, struct span file, struct shmpub_error *err)
{
	uint64_t word = file.size - ARROW_TAIL_SIZE;
	char tail[GROWTH_TAIL_SIZE];

	memcpy(tail, file.data + word - sizeof(tail), sizeof(tail));
	if (crc32(tail, TAIL_CRC_AT) != get_u32(tail + TAIL_CRC_AT))
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "the CRC of the growing snapshot's tail does not hold");
	if (get_u32(tail) != GROWTH_VERSION || get_u32(tail + 4) != 0)
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "the growing snapshot is of version %u, with features %x, that "
		                 "this reader does not know",
		                 get_u32(tail), get_u32(tail + 4));
	*out = (struct growth_tail){ get_u64(tail + 16), get_u64(tail + 24), get_u64(tail + 32),
		                     word };
	return SHMPUB_OK;
}

int growth_read(struct growth_tail *tail, struct growth_footer *footer, struct span file,
                struct shmpub_error *err)
{
	int r = read_tail(tail, file, err);
	uint64_t size, end = tail->word_at - GROWTH_TAIL_SIZE;

	if (r)
		return r;
	size = load_acquire_u32((const uint32_t *)(const void *)(file.data + tail->word_at));
	if (size % 8 != 0 || tail->footers_at < ARROW_BODY_MIN || tail->footers_at > end ||
	    size > tail->word_at - tail->footers_at || size < GROWTH_TAIL_SIZE + FOOTER_LEAST)
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "a footer of %llu bytes is not inside the growing snapshot",
		                 (unsigned long long)size);
	footer->at = tail->word_at - size;
	footer->own_size = get_u32(file.data + footer->at + OWN_SIZE_AT);
	if (footer->own_size % 8 != 0 || footer->own_size < FOOTER_LEAST ||
	    footer->own_size > end - footer->at)
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "a footer's own size does not fit into the growing snapshot");
	return SHMPUB_OK;
}
