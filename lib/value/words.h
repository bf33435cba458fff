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
#include "base/compiler.h"
#include "base/span.h"
#include "shmpub/shmpub.h"

#define SHORT_WORD 8u /* the longest word that is compared as one number */

/* A word's bytes, the first one lowest, and zeros after them. A size of UINT64_MAX: no word. */
struct short_word {
	uint64_t key, size;
};

struct word_set {
	struct span *slots; /* a hash table with open addressing; data NULL: an empty slot */
	size_t n_slots;     /* a power of two, or 0 */
	size_t n_words;
	char *bytes; /* the text of all words */
	/*
	 * The short words in a table where each has a place of its own, so that a search is one
	 * comparison. NULL: there are too many of them, and only `slots` has them.
	 */
	struct short_word *shorts;
	uint64_t multiplier;
	unsigned shift;
	/* Sizes of words that only `slots` has: bit i: i bytes; bit 63: 63 bytes or more. */
	uint64_t other_sizes;
};

#define WORD_SET_NONE ((struct word_set){ .slots = NULL })

/*
 * Sets *out to a set of these words, among which may be duplicates. SHMPUB_ERR_NOMEM: *out is
 * WORD_SET_NONE.
 */
int word_set_init(struct word_set *out, const struct span *words, size_t n,
                  struct shmpub_error *err);
bool word_set_has(const struct word_set *set, struct span word);
void word_set_free(struct word_set *set);

/* Looks for a word in `slots`: those that word_set_other_size() allows. */
bool word_set_has_other(const struct word_set *set, struct span word);

static inline bool word_set_other_size(const struct word_set *set, size_t size)
{
	return set->other_sizes >> (size < 63 ? size : 63) & 1;
}

/* Looks for a short word. The set has a table of them. `key` is of the word's first 8 bytes. */
static inline bool word_set_has_key(const struct word_set *set, uint64_t key, size_t size)
{
	const struct short_word *word = &set->shorts[key * set->multiplier >> set->shift];

	return (word->key == key) & (word->size == size);
}

/*
 * word_set_has() of a word of no other size. Eight bytes may be read from `text` on, however
 * long the word is.
 */
static inline bool word_set_has_readable(const struct word_set *set, const char *text, size_t size)
{
	static const uint64_t masks[SHORT_WORD + 1] = {
		0,
		UINT64_C(0xFF),
		UINT64_C(0xFFFF),
		UINT64_C(0xFFFFFF),
		UINT64_C(0xFFFFFFFF),
		UINT64_C(0xFFFFFFFFFF),
		UINT64_C(0xFFFFFFFFFFFF),
		UINT64_C(0xFFFFFFFFFFFFFF),
		UINT64_MAX,
	};
	uint64_t key;

	if (set->shorts == NULL)
		return false;
	key = load_le64(text) & masks[size < SHORT_WORD ? size : SHORT_WORD];
	return word_set_has_key(set, key, size);
}

/* Returns pandas' default NA words, of which the empty one is the first; *n is their number. */
const struct span *words_default_na(size_t *n);

#endif
