/*
 * The values of a category column. A new word gets the next number; at the end the words get the
 * type and the order that pandas gives them.
 *
 * Threads:  a dictionary belongs to one thread.
 * Lifetime: words are copied. DICTIONARY_NONE may be freed.
 */
#ifndef SHMPUB_FILL_DICTIONARY_H
#define SHMPUB_FILL_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "fill/recent_words.h"
#include "types/verdict.h"

struct dictionary_entry {
	size_t at; /* where its word begins in `bytes` */
	size_t size;
	uint64_t hash;
};

struct dictionary {
	struct buffer bytes; /* all words, one after the other */
	struct dictionary_entry *entries;
	size_t n, room;
	uint32_t *slots; /* 0: free; else the entry's number + 1 */
	size_t n_slots;  /* a power of two */
	uint64_t seed;
	struct recent_words *recent; /* owned; NULL until there is a word. For the caller's use */
};

#define DICTIONARY_NONE ((struct dictionary){ .n = 0 })

/*
 * Sets *code to the number of the word, which is copied if it is new. Returns SHMPUB_ERR_LIMIT for
 * more words than codes, or SHMPUB_ERR_NOMEM.
 */
int dictionary_put(struct dictionary *d, uint32_t *code, struct span word,
                   struct shmpub_error *err);
void dictionary_free(struct dictionary *d);

/* The sorted values of a dictionary. */
struct dictionary_column {
	struct shmpub_column column; /* for the sink; points into `memory` */
	uint32_t *map; /* owned; for each code of the dictionary the row in `column` */
	void *memory;  /* owned */
};

/*
 * Makes *out with copies of the values, so that `d` may be freed. true_values, false_values and the
 * number options are taken from `columns`; NULL: the words are text, whatever they look like. Fails for lack of memory
 * only; *out is then unset.
 */
int dictionary_finish(struct dictionary_column *out, const struct dictionary *d,
                      const struct columns *columns, struct shmpub_error *err);
void dictionary_column_free(struct dictionary_column *c);

#endif
