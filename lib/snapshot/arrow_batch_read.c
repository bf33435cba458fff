#include "snapshot/arrow_batch_read.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/checked.h"
#include "base/crc32.h"
#include "base/error.h"
#include "snapshot/arrow_format.h"

/*
 * A batch has a vector of nodes (rows and nulls of each field) and one of buffers, both in
 * the order of the fields. A column takes as many buffers as its form has. Only here a
 * buffer becomes a pointer, after its alignment was checked, and its place and length were
 * compared with the body and the number of rows.
 */

#define MESSAGE_MIN_SIZE 16u

int arrow_copy_message(char **out, struct span file, const struct record_message *where,
                       struct shmpub_error *err)
{
	char *copy;

	if (where->offset % 8 != 0 || where->size % 8 != 0 || where->size < MESSAGE_MIN_SIZE ||
	    !range_inside(where->offset, where->size, file.size))
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "a message at %llu of %llu bytes is not inside the snapshot",
		                 (unsigned long long)where->offset,
		                 (unsigned long long)where->size);
	copy = mem_alloc((size_t)where->size);
	if (copy == NULL)
		return error_nomem(err, (size_t)where->size);
	memcpy(copy, file.data + where->offset, (size_t)where->size);
	if (crc32(copy, (size_t)where->size) != where->crc) {
		mem_free(copy);
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "the CRC of the message at %llu does not hold",
		                 (unsigned long long)where->offset);
	}
	*out = copy;
	return SHMPUB_OK;
}

void arrow_batch_free(struct arrow_batch *b)
{
	mem_free(b->message);
	*b = ARROW_BATCH_NONE;
}

/*
 * The message of a state of a snapshot that grows says that it reaches up to the body. In the copy it
 * ends with its own bytes.
 */
static int shorten(char *message, const struct record_message *where, struct shmpub_error *err)
{
	uint32_t reach, own = (uint32_t)(where->size - ARROW_PREFIX_SIZE);

	memcpy(&reach, message + 4, sizeof(reach)); /* little-endian: arrow_format.h */
	if (where->offset > where->body_at || where->size > where->body_at - where->offset ||
	    where->body_at - where->offset != (uint64_t)reach + ARROW_PREFIX_SIZE)
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "the batch message at %llu does not reach up to the body",
		                 (unsigned long long)where->offset);
	memcpy(message + 4, &own, sizeof(own));
	return SHMPUB_OK;
}

/* Copy the message into b, check it, and find its header. */
static int open_message(struct arrow_batch *b, struct flatbuf_table *header, struct span file,
                        const struct record_message *where, int type, struct shmpub_error *err)
{
	int r;

	*b = ARROW_BATCH_NONE;
	r = arrow_copy_message(&b->message, file, where, err);
	if (r == SHMPUB_OK && where->body_at != 0)
		r = shorten(b->message, where, err);
	return r ? r
	         : arrow_read_message(&b->view, header, &b->body_length,
	                              span_of(b->message, (size_t)where->size), type, err);
}

static int open_body(struct arrow_batch *b, struct span file, const struct record_message *where,
                     const struct flatbuf_table *batch, struct shmpub_error *err)
{
	b->file = file;
	b->body_at = where->body_at != 0 ? where->body_at : where->offset + where->size;
	b->next_buffer = 0;
	b->n_rows = flatbuf_number(&b->view, batch, BATCH_LENGTH, 8, 0);
	b->nodes = flatbuf_items(&b->view, batch, BATCH_NODES, ARROW_NODE_SIZE);
	b->buffers = flatbuf_items(&b->view, batch, BATCH_BUFFERS, ARROW_BUFFER_SIZE);
	if (flatbuf_child(&b->view, batch, BATCH_COMPRESSION).at != 0)
		return error_set(err, SHMPUB_ERR_FORMAT, "the batch is compressed");
	if (b->view.is_bad || b->n_rows > TABLE_MAX_ROWS)
		return error_set(err, SHMPUB_ERR_FORMAT, "the batch is malformed");
	if (b->body_at % ARROW_ALIGN != 0 || !range_inside(b->body_at, b->body_length, file.size))
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "a body of %llu bytes at %llu is not inside the snapshot",
		                 (unsigned long long)b->body_length,
		                 (unsigned long long)b->body_at);
	return SHMPUB_OK;
}

int arrow_open_batch(struct arrow_batch *out, struct span file, const struct record_message *where,
                     struct shmpub_error *err)
{
	struct flatbuf_table batch;
	int r = open_message(out, &batch, file, where, HEADER_BATCH, err);

	if (r == SHMPUB_OK)
		r = open_body(out, file, where, &batch, err);
	if (r)
		arrow_batch_free(out);
	return r;
}

static int open_dictionary(struct arrow_batch *b, struct span file,
                           const struct record_message *where, uint64_t id,
                           struct shmpub_error *err)
{
	struct flatbuf_table dictionary, batch;
	int r = open_message(b, &dictionary, file, where, HEADER_DICTIONARY, err);

	if (r)
		return r;
	batch = flatbuf_child(&b->view, &dictionary, DICTIONARY_DATA);
	if (flatbuf_number(&b->view, &dictionary, DICTIONARY_ID, 8, 0) != id || batch.at == 0 ||
	    flatbuf_number(&b->view, &dictionary, DICTIONARY_IS_DELTA, 1, 0) != 0)
		return error_set(err, SHMPUB_ERR_FORMAT, "dictionary %llu is malformed",
		                 (unsigned long long)id);
	return open_body(b, file, where, &batch, err);
}

int arrow_open_dictionary(struct arrow_batch *out, struct span file,
                          const struct record_message *where, uint64_t id, struct shmpub_error *err)
{
	int r = open_dictionary(out, file, where, id, err);

	if (r)
		arrow_batch_free(out);
	return r;
}

/* Take the next buffer, which must have at least `size` bytes. *out is NULL when it has none. */
static int take_buffer(const void **out, uint64_t *length, struct arrow_batch *b, uint64_t size,
                       struct shmpub_error *err)
{
	uint64_t at = (uint64_t)b->buffers.at + (uint64_t)b->next_buffer * ARROW_BUFFER_SIZE;
	uint64_t offset = flatbuf_load(&b->view, at, 8);

	*length = flatbuf_load(&b->view, at + 8, 8);
	if (b->view.is_bad || b->next_buffer >= b->buffers.n)
		return error_set(err, SHMPUB_ERR_FORMAT, "the batch has too few buffers");
	b->next_buffer++;
	if (offset % ARROW_ALIGN != 0 || *length < size ||
	    !range_inside(offset, *length, b->body_length))
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "buffer %u (%llu bytes at %llu) is too short, or not inside the "
		                 "snapshot",
		                 b->next_buffer - 1, (unsigned long long)*length,
		                 (unsigned long long)offset);
	*out = *length > 0 ? b->file.data + b->body_at + offset : NULL;
	return SHMPUB_OK;
}

static int take_validity(struct shmpub_column *c, struct arrow_batch *b, struct shmpub_error *err)
{
	uint64_t size = c->null_count > 0 ? bits_size(c->n_rows) : 0, length = 0;
	const void *bits = NULL;
	int r = take_buffer(&bits, &length, b, size, err);

	if (r == SHMPUB_OK)
		c->validity = c->null_count > 0 ? bits : NULL;
	return r;
}

static int take_text(struct shmpub_column *c, struct arrow_batch *b, struct shmpub_error *err)
{
	uint64_t length = 0, first, last;
	const void *text = NULL;
	int r = take_buffer(&text, &length, b, 0, err);

	if (r)
		return r;
	if (c->offsets == NULL)
		return error_set(err, SHMPUB_ERR_FORMAT, "text has no offsets");
	first = load_relaxed_u64((const uint64_t *)c->offsets);
	last = load_relaxed_u64((const uint64_t *)c->offsets + c->n_rows);
	if (first != 0 || last > length)
		return error_set(err, SHMPUB_ERR_FORMAT, "text does not lie inside its buffer");
	c->text_size = length;
	/* Never NULL, also without bytes. */
	c->text = text != NULL ? text : (const char *)c->offsets;
	return SHMPUB_OK;
}

int arrow_place_column(struct shmpub_column *c, struct arrow_batch *b, uint32_t i,
                       struct shmpub_error *err)
{
	enum column_form form = c->code_size > 0 ? FORM_CODES : form_of_type(c->type);
	uint64_t at = (uint64_t)b->nodes.at + (uint64_t)i * ARROW_NODE_SIZE;
	uint64_t size = 0, length = 0;
	const void *values = NULL;
	int r;

	if (i >= b->nodes.n || flatbuf_load(&b->view, at, 8) != b->n_rows)
		return error_set(err, SHMPUB_ERR_FORMAT, "column %u has another number of rows", i);
	c->n_rows = b->n_rows;
	c->null_count = flatbuf_load(&b->view, at + 8, 8);
	if (c->null_count > c->n_rows ||
	    !form_size(&size, form, c->n_rows, value_width(c->type, c->code_size)))
		return error_set(err, SHMPUB_ERR_FORMAT, "column %u has more nulls than rows", i);
	if (form == FORM_NONE)
		return SHMPUB_OK;
	r = take_validity(c, b, err);
	if (r == SHMPUB_OK)
		r = take_buffer(&values, &length, b, size, err);
	if (r)
		return r;
	if (form != FORM_TEXT) {
		c->values = values;
		return SHMPUB_OK;
	}
	c->offsets = values;
	return take_text(c, b, err);
}

int arrow_close_batch(const struct arrow_batch *b, uint32_t n_columns, struct shmpub_error *err)
{
	if (b->nodes.n != n_columns || b->next_buffer != b->buffers.n)
		return error_set(err, SHMPUB_ERR_FORMAT, "the batch has more than the schema says");
	return SHMPUB_OK;
}
