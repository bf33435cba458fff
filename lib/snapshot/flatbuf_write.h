/*
 * Writes flatbuffers, as far as Arrow's metadata needs them.
 *
 * Write parents before their children, and store the reference to a child with
 * flatbuf_refer() when its position is known. Call flatbuf_settle() after the last table.
 * Positions count from the start of the buffer, which must be put at a multiple of 8 of the
 * file.
 *
 * Threads: one at a time. Errors: the first error is kept in `status`, and later calls do
 * nothing. So the caller may write a whole tree and look at `status` once at the end.
 */
#ifndef SHMPUB_SNAPSHOT_FLATBUF_WRITE_H
#define SHMPUB_SNAPSHOT_FLATBUF_WRITE_H

#include <stdint.h>
#include "base/buffer.h"
#include "base/span.h"

#define FLATBUF_MAX_FIELDS 8
#define FLATBUF_MAX_SHAPES 16

/* The sizes of a table's fields, by id: 1, 2, 4 or 8 bytes; 0: absent. A reference has 4. */
struct flatbuf_shape {
	uint8_t n;
	uint8_t sizes[FLATBUF_MAX_FIELDS];
};

struct flatbuf {
	struct buffer bytes;
	int status;
	struct shmpub_error *err;
	struct {
		const struct flatbuf_shape *shape;
		uint32_t last; /* position + 1 of its last table, where that of the one before is */
	} seen[FLATBUF_MAX_SHAPES];
	size_t n_seen;
};
#define FLATBUF_NONE ((struct flatbuf){ .status = 0 })

static inline uint32_t flatbuf_size(const struct flatbuf *f)
{
	return (uint32_t)f->bytes.size;
}

/* Make room for `size` bytes more, so that appending them moves nothing. Not needed, but quicker. */
void flatbuf_reserve(struct flatbuf *f, size_t size);
/* Append zeros until the size modulo `align`, a power of two, is `residue`. */
void flatbuf_align(struct flatbuf *f, uint32_t align, uint32_t residue);
void flatbuf_append(struct flatbuf *f, struct span bytes);
/* Overwrite `size` bytes at `at` with the value, little-endian. */
void flatbuf_store(struct flatbuf *f, uint32_t at, uint64_t value, size_t size);

/* Append a table with all fields zero. Returns its position. `shape` must outlive f. */
uint32_t flatbuf_table(struct flatbuf *f, const struct flatbuf_shape *shape);
/* Append the vtables of all tables so far; without them the flatbuffer is not valid. */
void flatbuf_settle(struct flatbuf *f);
/* The position of field `id` of a table. */
uint32_t flatbuf_slot(const struct flatbuf_shape *shape, uint32_t table, int id);
void flatbuf_put(struct flatbuf *f, const struct flatbuf_shape *shape, uint32_t table, int id,
                 uint64_t value);
/* Let the reference at `slot` mean the position `target`, which must be greater. */
void flatbuf_refer(struct flatbuf *f, uint32_t slot, uint32_t target);

/* Append a string, or a vector of n zeroed elements. Both return its position. */
uint32_t flatbuf_string(struct flatbuf *f, struct span text);
/* Element i is at result + 4 + i * size; the first one is at a multiple of `align`. */
uint32_t flatbuf_vector(struct flatbuf *f, size_t n, size_t size, uint32_t align);

void flatbuf_free(struct flatbuf *f);

#endif
