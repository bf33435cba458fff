/*
 * Sets of words: what counts as NA, true or false.
 *
 * A set is built once and then only read, from any thread. It keeps its own copies of
 * the words. WORD_SET_NONE holds nothing and may be freed; word_set_free leaves it so.
 */
#ifndef SHMPUB_VALUE_WORDS_H
#define SHMPUB_VALUE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct word_set {
	struct span *slots; /* open addressing; data NULL: empty */
	size_t n_slots;     /* a power of two, or 0 */
	size_t n_words;
	uint64_t sizes; /* bit i: a word of i bytes is in it; bit 63: of 63 or more */
	char *bytes;
};

#define WORD_SET_NONE ((struct word_set){ NULL, 0, 0, 0, NULL })

/* Duplicates are fine. On failure (SHMPUB_ERR_NOMEM) *out is WORD_SET_NONE. */
int word_set_init(struct word_set *out, const struct span *words, size_t n,
                  struct shmpub_error *err);
bool word_set_has(const struct word_set *set, struct span word);
void word_set_free(struct word_set *set);

/* pandas' default NA words, the empty one first; `*n` of them. */
const struct span *words_default_na(size_t *n);

#endif
