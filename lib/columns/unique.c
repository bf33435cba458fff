#include "columns/unique.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/error.h"
#include "columns/column_type.h"

/*
 * Equal values are found by sorting a copy of them. The owner of a snapshot may change the
 * values at any moment, and qsort() needs values that do not change.
 */

static const char twice[] = "the dictionary has a value twice";

static int by_text(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	size_t n = x->size < y->size ? x->size : y->size;
	int c = n > 0 ? memcmp(x->data, y->data, n) : 0;

	return c != 0 ? c : (x->size > y->size) - (x->size < y->size);
}

bool texts_have_twins(struct span *texts, size_t n)
{
	if (n > 1)
		qsort(texts, n, sizeof(*texts), by_text);
	for (size_t i = 1; i < n; i++) {
		if (by_text(&texts[i - 1], &texts[i]) == 0)
			return true;
	}
	return false;
}

static int texts_rule(const char **rule, const struct shmpub_column *d, struct shmpub_error *err)
{
	struct span *texts = mem_zalloc(d->n_rows, sizeof(*texts));
	char *bytes = mem_alloc((size_t)d->text_size + 1);
	int r = SHMPUB_OK;

	if (texts == NULL || bytes == NULL) {
		r = error_nomem(err, d->n_rows * sizeof(*texts));
		goto out;
	}
	if (d->text_size > 0)
		memcpy(bytes, d->text, (size_t)d->text_size);
	for (uint64_t i = 0; i < d->n_rows; i++) {
		struct span text = column_text_inside(d, i);

		if (text.size > 0)
			texts[i] = span_of(bytes + (text.data - d->text), text.size);
	}
	if (texts_have_twins(texts, (size_t)d->n_rows))
		*rule = twice;
out:
	mem_free(texts);
	mem_free(bytes);
	return r;
}

static int by_word(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* Make +0.0 and -0.0 the same word. False for NaN and NaT, which a dictionary must not have. */
static bool normalise(uint64_t *word, enum shmpub_type type)
{
	uint64_t null_bits = column_type(type)->null_bits;
	double d;

	if (type != SHMPUB_FLOAT64)
		return null_bits == 0 || *word != null_bits;
	memcpy(&d, word, sizeof(d));
	if (d == 0)
		*word = 0;
	return d == d;
}

static int words_rule(const char **rule, const struct shmpub_column *d, struct shmpub_error *err)
{
	size_t n = (size_t)d->n_rows, width = column_type(d->type)->value_size;
	uint64_t *words = mem_zalloc(n, sizeof(*words));

	if (words == NULL)
		return error_nomem(err, n * sizeof(*words));
	for (size_t i = 0; i < n; i++) {
		memcpy(&words[i], (const char *)d->values + i * width, width);
		if (!normalise(&words[i], d->type))
			*rule = "the dictionary has NaN or NaT";
	}
	qsort(words, n, sizeof(*words), by_word);
	for (size_t i = 1; i < n; i++) {
		if (words[i - 1] == words[i])
			*rule = twice;
	}
	mem_free(words);
	return SHMPUB_OK;
}

int unique_rule(const char **rule, const struct shmpub_column *d, struct shmpub_error *err)
{
	const uint8_t *bits = d->values;

	*rule = NULL;
	switch (form_of_type(d->type)) {
	case FORM_TEXT:
		return texts_rule(rule, d, err);
	case FORM_BITS:
		if (d->n_rows > 2 || (d->n_rows == 2 && bit_get(bits, 0) == bit_get(bits, 1)))
			*rule = twice;
		return SHMPUB_OK;
	case FORM_NONE:
		if (d->n_rows > 0)
			*rule = "the dictionary has values without a type";
		return SHMPUB_OK;
	default:
		return words_rule(rule, d, err);
	}
}
