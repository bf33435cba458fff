#include "value/words.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "value/scan.h"
#include "value/value.h"

/*
 * Words that stand for something: NA, true, false.
 *
 * Nearly every cell asked about is no such word, so the question is answered first by
 * the size: a set knows the sizes of its words as bits, and the default NA words also
 * their first bytes. What is left goes through a hash table (FNV-1a, open addressing,
 * at most half full) or a short list.
 */

#define WORD(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct span default_na[] = {
	WORD(""),         WORD("#N/A"), WORD("#N/A N/A"), WORD("#NA"),    WORD("-1.#IND"),
	WORD("-1.#QNAN"), WORD("-NaN"), WORD("-nan"),     WORD("1.#IND"), WORD("1.#QNAN"),
	WORD("<NA>"),     WORD("N/A"),  WORD("NA"),       WORD("NULL"),   WORD("NaN"),
	WORD("None"),     WORD("n/a"),  WORD("nan"),      WORD("null"),
};

const struct span *words_default_na(size_t *n)
{
	*n = ARRAY_LEN(default_na);
	return default_na;
}

static uint64_t size_bit(size_t size)
{
	return UINT64_C(1) << (size < 63 ? size : 63);
}

/* The slot that holds `word`, or the empty one where it belongs. */
static size_t find(const struct word_set *set, struct span word)
{
	size_t i = (size_t)hash_bytes(word, 0) & (set->n_slots - 1);

	while (set->slots[i].data && !span_eq(set->slots[i], word))
		i = (i + 1) & (set->n_slots - 1);
	return i;
}

int word_set_init(struct word_set *out, const struct span *words, size_t n,
                  struct shmpub_error *err)
{
	struct word_set set = WORD_SET_NONE;
	size_t size = 1; /* an empty word needs an address too */
	char *at;

	*out = WORD_SET_NONE;
	for (size_t i = 0; i < n; i++)
		size += words[i].size;
	set.n_slots = 8;
	while (set.n_slots < 2 * n)
		set.n_slots *= 2;
	set.slots = mem_zalloc(set.n_slots, sizeof(*set.slots));
	set.bytes = mem_alloc(size);
	if (!set.slots || !set.bytes) {
		word_set_free(&set);
		return error_nomem(err, size);
	}
	at = set.bytes;
	for (size_t i = 0; i < n; i++) {
		size_t slot = find(&set, words[i]);

		if (set.slots[slot].data)
			continue;
		if (words[i].size > 0)
			memcpy(at, words[i].data, words[i].size);
		set.slots[slot] = span_of(at, words[i].size);
		set.sizes |= size_bit(words[i].size);
		set.n_words++;
		at += words[i].size;
	}
	*out = set;
	return SHMPUB_OK;
}

bool word_set_has(const struct word_set *set, struct span word)
{
	if (!(set->sizes & size_bit(word.size)))
		return false;
	return set->slots[find(set, word)].data != NULL;
}

void word_set_free(struct word_set *set)
{
	mem_free(set->slots);
	mem_free(set->bytes);
	*set = WORD_SET_NONE;
}

/* Longest default NA word. */
#define NA_MAX 8

bool value_is_na(struct span text)
{
	if (text.size == 0)
		return true;
	if (text.size > NA_MAX)
		return false;
	switch (text.data[0]) {
	case '#':
	case '-':
	case '1':
	case '<':
	case 'N':
	case 'n':
		break;
	default:
		return false;
	}
	for (size_t i = 1; i < ARRAY_LEN(default_na); i++) {
		if (span_eq(default_na[i], text))
			return true;
	}
	return false;
}

bool value_bool(bool *out, struct span text)
{
	if (scan_is_word(text, "true", 4)) {
		*out = true;
		return true;
	}
	if (scan_is_word(text, "false", 5)) {
		*out = false;
		return true;
	}
	return false;
}

bool value_bool_rules(bool *out, struct span text, const struct value_rules *rules)
{
	if (rules->true_words && word_set_has(rules->true_words, text)) {
		*out = true;
		return true;
	}
	if (rules->false_words && word_set_has(rules->false_words, text)) {
		*out = false;
		return true;
	}
	return value_bool(out, text);
}
