/*
 * Reading flatbuffers that may be anything: every place is checked against the
 * buffer's end before it is looked at. Nothing is copied but numbers.
 *
 * Threads: any. Errors: the first contradiction sets `is_bad`, which stays; every
 * answer is then 0 or empty, so a whole tree may be read first and `is_bad` looked at
 * once. Loops over vectors end by themselves: their size is checked as well.
 */
#ifndef SHMPUB_SNAPSHOT_FLATBUF_READ_H
#define SHMPUB_SNAPSHOT_FLATBUF_READ_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

struct flatbuf_view {
	struct span bytes;
	uint32_t from; /* what stands before this place is not looked at either */
	bool is_bad;
};

/* A table in it; at == 0: there is none. (A root reference stands at 0, so no table does.) */
struct flatbuf_table {
	uint32_t at;
	uint32_t vtable;
	uint16_t vtable_size, size;
};

struct flatbuf_items {
	uint32_t at; /* of the first one */
	uint32_t n;
};

struct flatbuf_table flatbuf_root(struct flatbuf_view *v);
/* Field `id`, `size` bytes, zero-extended; `absent` when the table does not have it. */
uint64_t flatbuf_number(struct flatbuf_view *v, const struct flatbuf_table *t, int id, size_t size,
                        uint64_t absent);
/* What field `id` refers to. */
struct flatbuf_table flatbuf_child(struct flatbuf_view *v, const struct flatbuf_table *t, int id);
/* SPAN_NONE (data NULL) when absent. It is UTF-8; the byte behind the text is a NUL, and inside. */
struct span flatbuf_text(struct flatbuf_view *v, const struct flatbuf_table *t, int id);
/* A vector of n items of `size` bytes each. */
struct flatbuf_items flatbuf_items(struct flatbuf_view *v, const struct flatbuf_table *t, int id,
                                   size_t size);
/* Item i of a vector of references to tables. */
struct flatbuf_table flatbuf_item(struct flatbuf_view *v, const struct flatbuf_items *items,
                                  uint32_t i);
/* `size` bytes at `at`, little-endian. */
uint64_t flatbuf_load(struct flatbuf_view *v, uint64_t at, size_t size);

#endif
