/*
 * The values of a category column: found once each, numbered as they come, and sorted
 * and typed at the end as pandas does.
 *
 * Threads: one each. DICTIONARY_NONE may be freed.
 */
#ifndef SHMPUB_FILL_DICTIONARY_H
#define SHMPUB_FILL_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "types/verdict.h"

struct dictionary_entry {
	size_t at; /* in bytes */
	size_t size;
	uint64_t hash;
};

struct dictionary {
	struct buffer bytes; /* of all words, one after the other */
	struct dictionary_entry *entries;
	size_t n, room;
	uint32_t *slots; /* 0: free; else the entry's number + 1 */
	size_t n_slots;  /* a power of two */
	uint64_t seed;
};

#define DICTIONARY_NONE ((struct dictionary){ .n = 0 })

/* *code is the word's number; its bytes are copied when it is new. */
int dictionary_put(struct dictionary *d, uint32_t *code, struct span word,
                   struct shmpub_error *err);
void dictionary_free(struct dictionary *d);

/* A finished dictionary: the column that goes to the sink, and what became of each code. */
struct dictionary_column {
	struct shmpub_column column;
	uint32_t *map; /* from the dictionary's codes to the column's rows */
	void *memory;
};

/* *out has copies of the values: `d` may be freed. Of `columns` the words for truth count. */
int dictionary_finish(struct dictionary_column *out, const struct dictionary *d,
                      const struct columns *columns, struct shmpub_error *err);
void dictionary_column_free(struct dictionary_column *c);

#endif
