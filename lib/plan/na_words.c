#include "plan/na_words.h"

#include <math.h>
#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"

/*
 * Does what pandas' _clean_na_values does: a word that is a whole number also stands for its
 * spellings with and without ".0". Every word that is a number also stands for its value; values
 * are compared only in columns that are read as floats.
 */

struct build {
	struct span *words;
	size_t n;
	char *made; /* the spellings of each word, one after the other */
};

#define SPELLING_MAX 320 /* the longest whole double has 309 digits; ".0" and a sign come on top */

static void add_spellings(struct build *b, size_t i, double v)
{
	char *at = b->made + i * SPELLING_MAX;
	int n;

	if (isinf(v) || v != trunc(v))
		return;
	n = snprintf(at, SPELLING_MAX, "%.0f.0", v == 0 ? 0.0 : v);
	b->words[b->n++] = span_of(at, (size_t)n);
	b->words[b->n++] = span_of(at, (size_t)n - 2);
}

static int build_words(struct na_words *na, struct build *b, const struct csv_items *given,
                       struct shmpub_error *err)
{
	bool is_true;
	double v;

	na->numbers = mem_zalloc(given->n, sizeof(*na->numbers));
	b->made = mem_zalloc(given->n, SPELLING_MAX);
	if (na->numbers == NULL || b->made == NULL)
		return error_nomem(err, given->n * SPELLING_MAX);
	for (size_t i = 0; i < given->n; i++) {
		struct span word = given->items[i].text;

		b->words[b->n++] = word;
		na->has_digits |= word.size && word.data[0] >= '0' && word.data[0] <= '9';
		if (value_bool(&is_true, given->items[i].text))
			na->has_numbers = true;
		if (!value_python_float(&v, given->items[i].text))
			continue;
		na->has_numbers = true;
		na->numbers[na->n_numbers++] = v;
		add_spellings(b, i, v);
	}
	return SHMPUB_OK;
}

int na_words_init(struct na_words *out, const struct csv_items *given, bool keeps_default,
                  struct shmpub_error *err)
{
	struct na_words na = { .words = WORD_SET_NONE };
	struct build b = { NULL, 0, NULL };
	const struct span *words;
	size_t n = 0;
	int r = SHMPUB_OK;

	words = words_default_na(&n);
	b.words = mem_zalloc(n + 3 * given->n, sizeof(*b.words));
	if (b.words == NULL)
		return error_nomem(err, (n + 3 * given->n) * sizeof(*b.words));
	for (size_t i = 0; keeps_default && i < n; i++)
		b.words[b.n++] = words[i];
	if (given->n)
		r = build_words(&na, &b, given, err);
	if (r == SHMPUB_OK)
		r = word_set_init(&na.words, b.words, b.n, err);
	na.has_empty = r == SHMPUB_OK && word_set_has(&na.words, span_of("", 0));
	mem_free(b.words);
	mem_free(b.made);
	if (r)
		na_words_free(&na);
	else
		*out = na;
	return r;
}

void na_words_free(struct na_words *na)
{
	word_set_free(&na->words);
	mem_free(na->numbers);
	na->numbers = NULL;
	na->n_numbers = 0;
}
