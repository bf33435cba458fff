/*
 * Reads flatbuffers with any bytes: every position is compared with the size of the buffer
 * before it is read. Tables, vectors and texts are not copied.
 *
 * Threads: any. Errors: the first error sets `is_bad`, and from then on all functions
 * return 0 or empty. So the caller may read a whole tree and look at `is_bad` once at the
 * end. Loops over a vector end, because the size of the vector was checked too.
 */
#ifndef SHMPUB_SNAPSHOT_FLATBUF_READ_H
#define SHMPUB_SNAPSHOT_FLATBUF_READ_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

struct flatbuf_view {
	struct span bytes;
	uint32_t from; /* reading before this position is an error too */
	bool is_bad;
};

/* A table. at == 0: there is none (the root reference is at 0, so a table cannot be). */
struct flatbuf_table {
	uint32_t at;
	uint32_t vtable;
	uint16_t vtable_size, size;
};

struct flatbuf_items {
	uint32_t at; /* position of the first item */
	uint32_t n;
};

struct flatbuf_table flatbuf_root(struct flatbuf_view *v);
/*
 * The number in field `id` of `size` bytes, unsigned; `absent` when the table does not have the
 * field.
 */
uint64_t flatbuf_number(struct flatbuf_view *v, const struct flatbuf_table *t, int id, size_t size,
                        uint64_t absent);
/* The table that field `id` refers to. */
struct flatbuf_table flatbuf_child(struct flatbuf_view *v, const struct flatbuf_table *t, int id);
/*
 * The text that field `id` refers to, valid UTF-8 and followed by a NUL. SPAN_NONE (data NULL):
 * none.
 */
struct span flatbuf_text(struct flatbuf_view *v, const struct flatbuf_table *t, int id);
/* The vector that field `id` refers to, with items of `size` bytes each. */
struct flatbuf_items flatbuf_items(struct flatbuf_view *v, const struct flatbuf_table *t, int id,
                                   size_t size);
/* The table that item i of a vector of references refers to. */
struct flatbuf_table flatbuf_item(struct flatbuf_view *v, const struct flatbuf_items *items,
                                  uint32_t i);
/* The little-endian number of `size` bytes at position `at`. */
uint64_t flatbuf_load(struct flatbuf_view *v, uint64_t at, size_t size);

#endif
