/*
 * Memory of this process for a snapshot that no reader sees: struct snapshot_memory with heap_block_reserve().
 *
 * Threads: one at a time. HEAP_BLOCK_NONE may be freed.
 */
#ifndef SHMPUBD_HEAP_BLOCK_H
#define SHMPUBD_HEAP_BLOCK_H

#include <stddef.h>
#include "shmpub/shmpub.h"

struct heap_block {
	void *memory;
	char *at; /* within `memory`, at a multiple of 64 */
	size_t capacity;
};
#define HEAP_BLOCK_NONE ((struct heap_block){ .memory = NULL })

int heap_block_reserve(void *block, void **addr, size_t size, struct shmpub_error *err);
void heap_block_free(struct heap_block *b);

#endif
