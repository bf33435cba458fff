#include "value/words.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "value/scan.h"
#include "value/value.h"

/*
 * Words that mean NA, true or false.
 *
 * Nearly every cell that is looked up is none of these words, so most cells are ruled out by
 * their size: a set has a bit for each size of its words. For the default NA words the first
 * byte is compared as well. Only the remaining cells are looked up in a hash table (at most half
 * full) or compared with the list of default words.
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

/* Returns the number of the slot with `word`, or of the empty slot where `word` belongs. */
static size_t find_slot(const struct word_set *set, struct span word)
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
	size_t size = 1; /* not 0: an empty word needs an address that is not NULL */
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
		size_t slot = find_slot(&set, words[i]);

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
	return set->slots[find_slot(set, word)].data != NULL;
}

void word_set_free(struct word_set *set)
{
	mem_free(set->slots);
	mem_free(set->bytes);
	*set = WORD_SET_NONE;
}

#define NA_MAX 8 /* the size of the longest default NA word */

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
