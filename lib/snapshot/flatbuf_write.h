/*
 * Writing flatbuffers: just what Arrow's metadata needs.
 *
 * Things are written in order, parents before children, and a parent's reference is
 * set when the child's position is known; after the last table comes
 * flatbuf_settle(). Positions count from the start of the buffer, which must come to
 * lie on a multiple of 8.
 *
 * Threads: one at a time. Errors: the first one sticks in `status`; later calls do
 * nothing, so a whole tree is written first and `status` looked at once.
 */
#ifndef SHMPUB_SNAPSHOT_FLATBUF_WRITE_H
#define SHMPUB_SNAPSHOT_FLATBUF_WRITE_H

#include <stdint.h>
#include "base/buffer.h"
#include "base/span.h"

#define FLATBUF_MAX_FIELDS 8
#define FLATBUF_MAX_SHAPES 16

/* Which fields a table has, by id: bytes each, 1, 2, 4 or 8; 0: absent. References have 4. */
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
		uint32_t last; /* position + 1 of its last table; each leads to the one before */
	} seen[FLATBUF_MAX_SHAPES];
	size_t n_seen;
};
#define FLATBUF_NONE ((struct flatbuf){ .status = 0 })

static inline uint32_t flatbuf_size(const struct flatbuf *f)
{
	return (uint32_t)f->bytes.size;
}

/* Zeros until the size is `residue` modulo `align`, a power of two. */
void flatbuf_align(struct flatbuf *f, uint32_t align, uint32_t residue);
void flatbuf_append(struct flatbuf *f, struct span bytes);
/* Little-endian, `size` bytes, over what stands at `at`. */
void flatbuf_store(struct flatbuf *f, uint32_t at, uint64_t value, size_t size);

/* A table, every field zero. `shape` must outlive f. */
uint32_t flatbuf_table(struct flatbuf *f, const struct flatbuf_shape *shape);
/* Write the vtables of all tables so far, which are no flatbuffer without them. */
void flatbuf_settle(struct flatbuf *f);
/* Where field `id` of a table lies. */
uint32_t flatbuf_slot(const struct flatbuf_shape *shape, uint32_t table, int id);
void flatbuf_put(struct flatbuf *f, const struct flatbuf_shape *shape, uint32_t table, int id,
                 uint64_t value);
/* Make the reference at `slot` point at what lies at `target`, further on. */
void flatbuf_refer(struct flatbuf *f, uint32_t slot, uint32_t target);

uint32_t flatbuf_string(struct flatbuf *f, struct span text);
/* n zeroed elements, the first one on a multiple of `align`; element i is at result + 4 + i * size. */
uint32_t flatbuf_vector(struct flatbuf *f, size_t n, size_t size, uint32_t align);

void flatbuf_free(struct flatbuf *f);

#endif
