#include "heap_block.h"

#include <stdint.h>
#include <string.h>
#include "base/alloc.h"
#include "base/error.h"

int heap_block_reserve(void *block, void **addr, size_t size, struct shmpub_error *err)
{
	struct heap_block *b = block;
	void *memory;
	char *at;

	if (size > b->capacity) {
		memory = size <= SIZE_MAX - 64 ? mem_zalloc(size + 64, 1) : NULL;
		if (memory == NULL)
			return error_nomem(err, size);
		at = (char *)memory + (64 - (uintptr_t)memory % 64);
		if (b->capacity)
			memcpy(at, b->at, b->capacity);
		mem_free(b->memory);
		*b = (struct heap_block){ memory, at, size };
	}
	*addr = b->at;
	return SHMPUB_OK;
}

void heap_block_free(struct heap_block *b)
{
	mem_free(b->memory);
	*b = HEAP_BLOCK_NONE;
}
