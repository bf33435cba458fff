/*
 * The numbers of the short words that a column has had most recently.
 *
 * A word of at most 16 bytes is compared as two numbers: its first eight bytes and its last eight
 * bytes, or all of it and zeros. A word has one place, where the next word of the same place
 * replaces it.
 *
 * Threads:  one thread uses them.
 * Lifetime: filled with zeros it is empty.
 */
#ifndef SHMPUB_FILL_RECENT_WORDS_H
#define SHMPUB_FILL_RECENT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/compiler.h"
#include "base/span.h"

#define RECENT_BITS 8
#define RECENT_MAX 16u /* bytes of the longest word */
#define RECENT_READ                                                                                \
	8u /* bytes that must be readable from a word's first byte on, if it is shorter */

struct recent_word {
	uint64_t first, last;
	uint32_t size_and_one; /* 0: no word */
	uint32_t code;
};

struct recent_words {
	struct recent_word words[1 << RECENT_BITS];
};

static inline struct recent_word recent_word_of(struct span word)
{
	const uint64_t first = load_le64(word.data);

	if (word.size >= 8) {
		return (struct recent_word){ first, load_le64(word.data + word.size - 8),
			                     (uint32_t)word.size + 1, 0 };
	}
	return (struct recent_word){ first & ((UINT64_C(1) << 8 * word.size) - 1), 0,
		                     (uint32_t)word.size + 1, 0 };
}

static inline struct recent_word *recent_place(struct recent_words *r, const struct recent_word *w)
{
	const uint64_t mixed = w->first * UINT64_C(0x9E3779B97F4A7C15) +
	                       w->last * UINT64_C(0xD6E8FEB86659FD93) + w->size_and_one;

	return &r->words[(mixed * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - RECENT_BITS)];
}

/* Sets *code if the word is there. It has at most RECENT_MAX bytes. */
static inline bool recent_find(uint32_t *code, struct recent_words *r, struct span word)
{
	const struct recent_word w = recent_word_of(word), *at = recent_place(r, &w);

	*code = at->code;
	return (at->first == w.first) & (at->last == w.last) & (at->size_and_one == w.size_and_one);
}

/* Adds a word of at most RECENT_MAX bytes. */
static inline void recent_add(struct recent_words *r, struct span word, uint32_t code)
{
	struct recent_word w = recent_word_of(word);

	w.code = code;
	*recent_place(r, &w) = w;
}

#endif
