#include "snapshot/flatbuf_write.h"

#include <assert.h>
#include "base/error.h"
#include "snapshot/arrow_format.h"

/*
 * A flatbuffer consists of tables, vectors and strings, all little-endian. A *table* begins
 * with the signed 32-bit distance back to its *vtable*, which has the sizes of both and the
 * place of each field in the table (0: absent). A reference is the unsigned 32-bit distance
 * forward to a table, vector or string.
 *
 * The usual encoders write from the end to the beginning, so that the position of a child
 * is known when its parent is written. This one writes forward and stores references
 * later. So it can put one thing last: the record in the footer, which our readers find
 * from the end without reading the flatbuffer.
 *
 * Tables of one shape share a vtable, which comes after them in the file. The usual
 * encoders do the same, and the reader in Polars relies on it: it does not read further
 * back than the reference that led to a table. Until the vtable is written, its tables form
 * a linked list through the four bytes where the distance will be.
 */

#define VTABLE_HEAD 4u /* its own size and the table's, 16 bits each */
#define TABLE_HEAD 4u  /* the distance to the vtable */

static int too_large(const struct flatbuf *f)
{
	return error_set(f->err, SHMPUB_ERR_LIMIT, "metadata of the table exceeds 2 GiB");
}

#define SHORT 16 /* with a constant size memset() is two instructions */

static void zeros(struct flatbuf *f, size_t n)
{
	if (f->status)
		return;
	if (n <= SHORT && f->bytes.capacity - f->bytes.size >= SHORT) {
		memset(f->bytes.data + f->bytes.size, 0, SHORT);
		f->bytes.size += n;
		return;
	}
	if (n > INT32_MAX - f->bytes.size)
		f->status = too_large(f);
	else
		f->status = buffer_zeros(&f->bytes, n, f->err);
}

void flatbuf_reserve(struct flatbuf *f, size_t size)
{
	if (f->status == SHMPUB_OK)
		f->status = buffer_reserve(&f->bytes, size, f->err);
}

void flatbuf_align(struct flatbuf *f, uint32_t align, uint32_t residue)
{
	uint32_t n = (residue - flatbuf_size(f)) & (align - 1);

	if (n > 0)
		zeros(f, n);
}

void flatbuf_append(struct flatbuf *f, struct span bytes)
{
	if (f->status)
		return;
	if (bytes.size > INT32_MAX - f->bytes.size)
		f->status = too_large(f);
	else
		f->status = buffer_append(&f->bytes, bytes, f->err);
}

void flatbuf_store(struct flatbuf *f, uint32_t at, uint64_t value, size_t size)
{
	if (f->status)
		return;
	memcpy(f->bytes.data + at, &value, size); /* little-endian: arrow_format.h */
}

/* The place of field `id` in a table: fields are in order of id, each at a multiple of its size. */
static uint32_t place_of(const struct flatbuf_shape *shape, int id)
{
	uint32_t at = TABLE_HEAD;

	for (int i = 0; i < shape->n; i++) {
		uint32_t size = shape->sizes[i];

		if (size > 0)
			at = (at + size - 1) & ~(size - 1);
		if (i == id)
			return size > 0 ? at : 0;
		at += size;
	}
	return at; /* id == n: the table's size */
}

static uint32_t write_vtable(struct flatbuf *f, const struct flatbuf_shape *shape)
{
	uint32_t at, size = VTABLE_HEAD + 2u * shape->n;

	flatbuf_align(f, 2, 0);
	at = flatbuf_size(f);
	zeros(f, size);
	flatbuf_store(f, at, size, 2);
	flatbuf_store(f, at + 2, place_of(shape, shape->n), 2);
	for (int i = 0; i < shape->n; i++)
		flatbuf_store(f, at + VTABLE_HEAD + 2u * (uint32_t)i, place_of(shape, i), 2);
	return at;
}

/* Put a table into the list of its shape, until flatbuf_settle(). */
static void enlist(struct flatbuf *f, const struct flatbuf_shape *shape, uint32_t table)
{
	size_t i = 0;

	while (i < f->n_seen && f->seen[i].shape != shape)
		i++;
	assert(i < FLATBUF_MAX_SHAPES);
	if (i == f->n_seen) {
		f->seen[i].shape = shape;
		f->seen[i].last = 0;
		f->n_seen++;
	}
	flatbuf_store(f, table, f->seen[i].last, 4);
	f->seen[i].last = table + 1;
}

uint32_t flatbuf_table(struct flatbuf *f, const struct flatbuf_shape *shape)
{
	uint32_t at;

	flatbuf_align(f, 8, 0);
	at = flatbuf_size(f);
	zeros(f, place_of(shape, shape->n));
	enlist(f, shape, at);
	return at;
}

static uint32_t load_u32(const struct flatbuf *f, uint32_t at)
{
	uint32_t v;

	memcpy(&v, f->bytes.data + at, sizeof(v));
	return v;
}

void flatbuf_settle(struct flatbuf *f)
{
	for (size_t i = 0; i < f->n_seen; i++) {
		uint32_t vtable = write_vtable(f, f->seen[i].shape), table = f->seen[i].last;

		while (f->status == SHMPUB_OK && table > 0) {
			uint32_t next = load_u32(f, table - 1);

			flatbuf_store(f, table - 1, table - 1 - vtable, 4);
			table = next;
		}
	}
	f->n_seen = 0;
}

uint32_t flatbuf_slot(const struct flatbuf_shape *shape, uint32_t table, int id)
{
	return table + place_of(shape, id);
}

void flatbuf_put(struct flatbuf *f, const struct flatbuf_shape *shape, uint32_t table, int id,
                 uint64_t value)
{
	flatbuf_store(f, flatbuf_slot(shape, table, id), value, shape->sizes[id]);
}

void flatbuf_refer(struct flatbuf *f, uint32_t slot, uint32_t target)
{
	flatbuf_store(f, slot, target - slot, 4);
}

uint32_t flatbuf_string(struct flatbuf *f, struct span text)
{
	uint32_t at;

	flatbuf_align(f, 4, 0);
	at = flatbuf_size(f);
	zeros(f, 4);
	flatbuf_store(f, at, text.size, 4);
	flatbuf_append(f, text);
	zeros(f, 1);
	return at;
}

uint32_t flatbuf_vector(struct flatbuf *f, size_t n, size_t size, uint32_t align)
{
	uint32_t at;

	flatbuf_align(f, align < 4 ? 4 : align, align > 4 ? align - 4 : 0);
	at = flatbuf_size(f);
	zeros(f, 4);
	zeros(f, n > INT32_MAX / size ? INT32_MAX : n * size);
	flatbuf_store(f, at, n, 4);
	return at;
}

void flatbuf_free(struct flatbuf *f)
{
	buffer_free(&f->bytes);
	*f = FLATBUF_NONE;
}
