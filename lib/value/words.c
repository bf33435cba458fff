#include "value/words.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "value/scan.h"
#include "value/value.h"

/*
 * Words that mean NA, true or false.
 *
 * Nearly every cell is looked up, and in many columns NA comes at random, so a search must be
 * quick and have no branch on its answer. All default NA words have at most 8 bytes. Such words
 * are numbers to a processor: the product of that number and a multiplier that was tried out
 * beforehand says where in a table the word would stand (a perfect hash). Longer words, and
 * those of a large set, are in a hash table that is at most half full; a set has a bit for each
 * size of these, which rules most cells out.
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

/* --- short words -------------------------------------------------------------------------------- */

enum {
	SHORTS_MAX = 64, /* more of them would need too large a table */
	TRIES = 64,      /* multipliers, before the table is made larger */
};

/* Any odd number would do. With this one the first try succeeds for the default words. */
#define FIRST_MULTIPLIER UINT64_C(0x24283805D818E4CF)

/* The same as a load of 8 bytes would give, but nothing after the word is read. */
static uint64_t key_of(struct span word)
{
	uint64_t key = 0;

	for (size_t i = 0; i < word.size; i++)
		key |= (uint64_t)(unsigned char)word.data[i] << (8 * i);
	return key;
}

/* False: two words would have the same place. */
static bool place_shorts(struct word_set *set, const struct span *words, size_t n)
{
	memset(set->shorts, 0xFF, sizeof(*set->shorts) << (64 - set->shift));
	for (size_t i = 0; i < n; i++) {
		struct short_word word = { key_of(words[i]), words[i].size };
		struct short_word *at = &set->shorts[word.key * set->multiplier >> set->shift];

		if (at->size == word.size && at->key == word.key)
			continue; /* a duplicate */
		if (at->size != UINT64_MAX)
			return false;
		*at = word;
	}
	return true;
}

/* SHMPUB_OK without a table: there is none for these words. */
static int make_shorts(struct word_set *set, const struct span *words, size_t n,
                       struct shmpub_error *err)
{
	size_t room = 8;

	while (room < 2 * n)
		room *= 2;
	for (; room <= 64 * n + 64; room *= 2) {
		set->shorts = mem_alloc(room * sizeof(*set->shorts));
		if (set->shorts == NULL)
			return error_nomem(err, room * sizeof(*set->shorts));
		set->shift = 64 - bits_lowest(room);
		set->multiplier = FIRST_MULTIPLIER;
		for (int i = 0; i < TRIES; i++) {
			if (place_shorts(set, words, n))
				return SHMPUB_OK;
			set->multiplier = set->multiplier * UINT64_C(6364136223846793005) + 2;
		}
		mem_free(set->shorts);
		set->shorts = NULL;
	}
	return SHMPUB_OK;
}

/* Divides the words: which are compared as numbers, and the sizes of the others. */
static int divide(struct word_set *set, const struct span *words, size_t n,
                  struct shmpub_error *err)
{
	struct span shorts[SHORTS_MAX];
	size_t n_shorts = 0;
	int r = SHMPUB_OK;

	for (size_t i = 0; i < n && n_shorts <= SHORTS_MAX; i++) {
		if (words[i].size > SHORT_WORD)
			continue;
		if (n_shorts < SHORTS_MAX)
			shorts[n_shorts] = words[i];
		n_shorts++;
	}
	if (n_shorts <= SHORTS_MAX)
		r = make_shorts(set, shorts, n_shorts, err);
	for (size_t i = 0; i < n; i++) {
		if (set->shorts == NULL || words[i].size > SHORT_WORD)
			set->other_sizes |= size_bit(words[i].size);
	}
	return r;
}

/* --- all words ---------------------------------------------------------------------------------- */

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
	int r;

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
		set.n_words++;
		at += words[i].size;
	}
	r = divide(&set, words, n, err);
	if (r)
		word_set_free(&set);
	*out = set;
	return r;
}

bool word_set_has_other(const struct word_set *set, struct span word)
{
	return set->slots[find_slot(set, word)].data != NULL;
}

/* At most 8 bytes, read at both ends rather than one by one. */
static uint64_t load_key(struct span word)
{
	uint32_t low, high;
	const char *p = word.data;

	if (word.size < 4)
		return key_of(word);
	memcpy(&low, p, 4);
	memcpy(&high, p + word.size - 4, 4);
	if (IS_BIG_ENDIAN)
		return key_of(word);
	return low | (uint64_t)high << (8 * (word.size - 4));
}

bool word_set_has(const struct word_set *set, struct span word)
{
	if (word_set_other_size(set, word.size))
		return word_set_has_other(set, word);
	return set->shorts && word.size <= SHORT_WORD &&
	       word_set_has_key(set, load_key(word), word.size);
}

void word_set_free(struct word_set *set)
{
	mem_free(set->slots);
	mem_free(set->bytes);
	mem_free(set->shorts);
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
