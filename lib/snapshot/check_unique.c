#include "snapshot/check.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/error.h"
#include "snapshot/arrow_format.h"
#include "snapshot/arrow_schema_read.h"
#include "snapshot/layout.h"

/*
 * What must be there once only: names of fields, values of a dictionary. Told by sorting
 * a copy, because what is sorted must not change meanwhile.
 */

static int by_text(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	size_t n = x->size < y->size ? x->size : y->size;
	int c = n > 0 ? memcmp(x->data, y->data, n) : 0;

	return c != 0 ? c : (x->size > y->size) - (x->size < y->size);
}

/* The texts are put in another order. */
static bool have_twins(struct span *texts, size_t n)
{
	if (n > 1)
		qsort(texts, n, sizeof(*texts), by_text);
	for (size_t i = 1; i < n; i++) {
		if (by_text(&texts[i - 1], &texts[i]) == 0)
			return true;
	}
	return false;
}

int check_names(const struct snapshot_view *v, const struct record *record,
                struct shmpub_error *err)
{
	struct arrow_fields a;
	struct span *names;
	int r = arrow_read_schema(&a, span_of(v->schema, (size_t)record->schema.size), err);

	if (r)
		return r;
	names = mem_zalloc(a.fields.n, sizeof(*names));
	if (names == NULL)
		return error_nomem(err, a.fields.n * sizeof(*names));
	for (uint32_t i = 0; i < a.fields.n; i++) {
		struct flatbuf_table field = flatbuf_item(&a.view, &a.fields, i);

		names[i] = flatbuf_text(&a.view, &field, FIELD_NAME);
	}
	if (have_twins(names, a.fields.n))
		r = error_set(err, SHMPUB_ERR_FORMAT, "two fields have one name");
	mem_free(names);
	return r;
}

/* --- values --------------------------------------------------------------------------------------- */

static int twice(struct shmpub_error *err, const struct shmpub_column *d, const char *what)
{
	int size = d->name_size > 80 ? 80 : (int)d->name_size;

	return error_set(err, SHMPUB_ERR_FORMAT, "column \"%.*s\": the dictionary %s", size,
	                 d->name, what);
}

static int check_texts(const struct shmpub_column *d, struct shmpub_error *err)
{
	struct span *texts = mem_zalloc(d->n_rows, sizeof(*texts));
	char *bytes = mem_alloc((size_t)d->text_size + 1);
	int r = SHMPUB_OK;

	if (texts == NULL || bytes == NULL) {
		r = error_nomem(err, d->n_rows * sizeof(*texts));
		goto out;
	}
	memcpy(bytes, d->text, (size_t)d->text_size);
	for (uint64_t i = 0; i < d->n_rows; i++) {
		struct span text = column_text_inside(d, i);

		texts[i] = span_of(bytes + (text.data - d->text), text.size);
	}
	if (have_twins(texts, (size_t)d->n_rows))
		r = twice(err, d, "has a value twice");
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

/* False for what is no value; both zeros become one. */
static bool settle(uint64_t *word, enum shmpub_type type)
{
	double d;

	if (type == SHMPUB_TIMESTAMP)
		return *word != (uint64_t)INT64_MIN;
	if (type != SHMPUB_FLOAT64)
		return true;
	memcpy(&d, word, sizeof(d));
	if (d == 0)
		*word = 0;
	return d == d;
}

static int check_words(const struct shmpub_column *d, struct shmpub_error *err)
{
	size_t n = (size_t)d->n_rows;
	uint64_t *words = mem_zalloc(n, sizeof(*words));
	int r = SHMPUB_OK;

	if (words == NULL)
		return error_nomem(err, n * sizeof(*words));
	if (n > 0)
		memcpy(words, d->values, n * sizeof(*words));
	for (size_t i = 0; i < n && r == SHMPUB_OK; i++) {
		if (!settle(&words[i], d->type))
			r = twice(err, d, "has a value that is none");
	}
	qsort(words, n, sizeof(*words), by_word);
	for (size_t i = 1; i < n && r == SHMPUB_OK; i++) {
		if (words[i - 1] == words[i])
			r = twice(err, d, "has a value twice");
	}
	mem_free(words);
	return r;
}

int check_unique(const struct shmpub_column *d, struct shmpub_error *err)
{
	switch (form_of_type(d->type)) {
	case FORM_TEXT:
		return check_texts(d, err);
	case FORM_VALUES:
		return check_words(d, err);
	case FORM_BITS:
		if (d->n_rows > 2 ||
		    (d->n_rows == 2 && bit_get(d->values, 0) == bit_get(d->values, 1)))
			return twice(err, d, "has a value twice");
		return SHMPUB_OK;
	default:
		return d->n_rows > 0 ? twice(err, d, "has values without a type") : SHMPUB_OK;
	}
}
