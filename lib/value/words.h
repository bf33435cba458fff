/*
 * Sets of words, for the words that mean NA, true or false.
 *
 * Threads:  one thread builds a set; after that, any thread may read it.
 * Lifetime: a set has its own copies of the words. WORD_SET_NONE is an empty set that may be
 *           searched and freed; word_set_free() makes any set a WORD_SET_NONE.
 */
#ifndef SHMPUB_VALUE_WORDS_H
#define SHMPUB_VALUE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct word_set {
	struct span *slots; /* a hash table with open addressing; data NULL: an empty slot */
	size_t n_slots;     /* a power of two, or 0 */
	size_t n_words;
	uint64_t sizes; /* bit i: the set has a word of i bytes; bit 63: of 63 bytes or more */
	char *bytes;    /* the text of all words */
};

#define WORD_SET_NONE ((struct word_set){ NULL, 0, 0, 0, NULL })

/*
 * Sets *out to a set of these words, among which may be duplicates. SHMPUB_ERR_NOMEM: *out is
 * WORD_SET_NONE.
 */
int word_set_init(struct word_set *out, const struct span *words, size_t n,
                  struct shmpub_error *err);
bool word_set_has(const struct word_set *set, struct span word);
void word_set_free(struct word_set *set);

/* Returns pandas' default NA words, of which the empty one is the first; *n is their number. */
const struct span *words_default_na(size_t *n);

#endif
