#include "fill/dictionary.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "types/numeric.h"
#include "value/scan.h"

/*
 * While a column is filled, its words are kept in a hash table with open addressing. At the end
 * the words are read as numbers or bools if all of them are such. Then words of equal value (1
 * and 1.0) are merged, and the values are sorted: numbers by value, text by code point, which is
 * the order of the bytes in UTF-8.
 */

static struct span word_of(const struct dictionary *d, size_t code)
{
	const struct dictionary_entry *e = &d->entries[code];

	return e->size ? span_of(d->bytes.data + e->at, e->size) : span_of("", 0);
}

static int grow(struct dictionary *d, struct shmpub_error *err)
{
	size_t n_slots = d->n_slots ? d->n_slots * 2 : 64;
	uint32_t *slots = mem_zalloc(n_slots, sizeof(*slots));
	size_t i;

	if (d->recent == NULL)
		d->recent = mem_zalloc(1, sizeof(*d->recent));
	if (slots == NULL || d->recent == NULL) {
		mem_free(slots);
		return error_nomem(err, n_slots * sizeof(*slots));
	}
	if (d->n_slots == 0)
		d->seed = hash_seed(slots);
	for (size_t k = 0; k < d->n; k++) {
		for (i = d->entries[k].hash & (n_slots - 1); slots[i];)
			i = (i + 1) & (n_slots - 1);
		slots[i] = (uint32_t)k + 1;
	}
	mem_free(d->slots);
	d->slots = slots;
	d->n_slots = n_slots;
	return SHMPUB_OK;
}

static int add(struct dictionary *d, struct span word, uint64_t hash, struct shmpub_error *err)
{
	size_t room = d->room ? d->room * 2 : 32;
	struct dictionary_entry *entries;

	if (d->n == d->room) {
		entries = mem_resize(d->entries, room * sizeof(*entries));
		if (entries == NULL)
			return error_nomem(err, room * sizeof(*entries));
		d->entries = entries;
		d->room = room;
	}
	d->entries[d->n++] = (struct dictionary_entry){ d->bytes.size, word.size, hash };
	if (buffer_append(&d->bytes, word, err)) {
		d->n--;
		return SHMPUB_ERR_NOMEM;
	}
	return SHMPUB_OK;
}

int dictionary_put(struct dictionary *d, uint32_t *code, struct span word, struct shmpub_error *err)
{
	uint64_t hash;
	size_t i;
	int r;

	if (d->n >= INT32_MAX)
		return error_set(err, SHMPUB_ERR_LIMIT, "a category has more than 2^31 values");
	if (d->n * 2 >= d->n_slots) {
		r = grow(d, err);
		if (r)
			return r;
	}
	hash = hash_bytes(word, d->seed);
	for (i = hash & (d->n_slots - 1); d->slots[i]; i = (i + 1) & (d->n_slots - 1)) {
		*code = d->slots[i] - 1;
		if (d->entries[*code].hash == hash && span_eq(word_of(d, *code), word))
			return SHMPUB_OK;
	}
	*code = (uint32_t)d->n;
	r = add(d, word, hash, err);
	if (r == SHMPUB_OK)
		d->slots[i] = *code + 1;
	return r;
}

void dictionary_free(struct dictionary *d)
{
	buffer_free(&d->bytes);
	mem_free(d->entries);
	mem_free(d->slots);
	mem_free(d->recent);
	*d = DICTIONARY_NONE;
}

struct value {
	union {
		int64_t i;
		uint64_t u;
		double f;
		struct span text;
	} as;
	uint32_t code;
};

static int compare_int(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	return (x->as.i > y->as.i) - (x->as.i < y->as.i);
}

static int compare_uint(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	return (x->as.u > y->as.u) - (x->as.u < y->as.u);
}

static int compare_float(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	return (x->as.f > y->as.f) - (x->as.f < y->as.f);
}

static int compare_text(const void *a, const void *b)
{
	const struct value *x = a, *y = b;
	size_t n = x->as.text.size < y->as.text.size ? x->as.text.size : y->as.text.size;
	int c = n ? memcmp(x->as.text.data, y->as.text.data, n) : 0;

	return c ? c : (x->as.text.size > y->as.text.size) - (x->as.text.size < y->as.text.size);
}

static struct span trimmed(struct span word)
{
	while (word.size && scan_is_blank(word.data[0]))
		word = span_of(word.data + 1, word.size - 1);
	while (word.size && scan_is_blank(word.data[word.size - 1]))
		word.size--;
	return word;
}

/* Returns false if the word is no number. */
static bool add_number(struct numeric *n, struct span word)
{
	double f;

	if (!value_float_reparsed(&f, word))
		return false;
	numeric_add(n, trimmed(word));
	return true;
}

/* Integers beyond 64 bits stay text, because Arrow has no such integers. */
static enum shmpub_type type_of(const struct dictionary *d, const struct columns *s)
{
	struct numeric numbers = { .has_float = false };
	bool are_numbers = !s->has_number_options, are_bools = true, b;

	if (d->n == 0)
		return SHMPUB_TEXT;
	for (size_t i = 0; i < d->n && (are_numbers || are_bools); i++) {
		are_numbers = are_numbers && add_number(&numbers, word_of(d, i));
		are_bools = are_bools && value_bool_rules(&b, word_of(d, i), &s->rules);
	}
	if (are_numbers)
		return numeric_verdict(&numbers, false).type;
	return are_bools ? SHMPUB_BOOL : SHMPUB_TEXT;
}

/* The word must be an integer within uint64. */
static uint64_t uint_of(struct span word)
{
	uint64_t u = 0;
	int64_t i = 0;

	if (value_int(&i, trimmed(word)) == INT_SIGNED)
		return (uint64_t)i;
	(void)value_uint(&u, trimmed(word));
	return u;
}

static void read_values(struct value *values, const struct dictionary *d, enum shmpub_type type,
                        const struct columns *s)
{
	bool b = false;

	for (size_t k = 0; k < d->n; k++) {
		struct span word = word_of(d, k);
		struct value *v = &values[k];

		v->code = (uint32_t)k;
		if (type == SHMPUB_INT64) {
			(void)value_int(&v->as.i, trimmed(word));
		} else if (type == SHMPUB_UINT64) {
			v->as.u = uint_of(word);
		} else if (type == SHMPUB_FLOAT64) {
			(void)value_float_reparsed(&v->as.f, word);
		} else if (type == SHMPUB_BOOL) {
			(void)value_bool_rules(&b, word, &s->rules);
			v->as.i = b;
		} else {
			v->as.text = word;
		}
	}
}

typedef int compare_fn(const void *, const void *);

static compare_fn *compare_of(enum shmpub_type type)
{
	switch (type) {
	case SHMPUB_INT64:
	case SHMPUB_BOOL:
		return compare_int;
	case SHMPUB_UINT64:
		return compare_uint;
	case SHMPUB_FLOAT64:
		return compare_float;
	default:
		return compare_text;
	}
}

/*
 * Merges equal neighbours into the one that the source has first: 0.0 and -0.0 differ for readers,
 * and qsort() may put either of them before the other. Returns the number of values left.
 */
static size_t merge(struct value *values, uint32_t *map, size_t n, compare_fn *compare)
{
	size_t kept = 0;

	for (size_t k = 0; k < n; k++) {
		if (kept == 0 || compare(&values[kept - 1], &values[k]) != 0)
			values[kept++] = values[k];
		else if (values[k].code < values[kept - 1].code)
			values[kept - 1] = values[k];
		map[values[k].code] = (uint32_t)kept - 1;
	}
	return kept;
}

static void put_text(char *text, int64_t *offsets, const struct value *values, size_t n)
{
	int64_t at = 0;

	for (size_t k = 0; k < n; k++) {
		offsets[k] = at;
		if (values[k].as.text.size)
			memcpy(text + at, values[k].as.text.data, values[k].as.text.size);
		at += (int64_t)values[k].as.text.size;
	}
	offsets[n] = at;
}

static void put_values(struct dictionary_column *out, const struct value *values, size_t n)
{
	uint8_t *bits = out->memory;
	uint64_t *words = out->memory;

	if (out->column.type == SHMPUB_TEXT) {
		out->column.offsets = out->memory;
		out->column.text = (char *)out->memory + (n + 1) * 8;
		put_text((char *)out->memory + (n + 1) * 8, out->memory, values, n);
		return;
	}
	out->column.values = out->memory;
	for (size_t k = 0; k < n; k++) {
		if (out->column.type == SHMPUB_BOOL)
			bits[0] = (uint8_t)(bits[0] | (values[k].as.i ? 1u << k : 0));
		else
			words[k] = values[k].as.u;
	}
}

int dictionary_finish(struct dictionary_column *out, const struct dictionary *d,
                      const struct columns *s, struct shmpub_error *err)
{
	struct dictionary_column c = { 0 };
	struct value *values = mem_zalloc(d->n + 1, sizeof(*values));
	size_t n;

	c.column.type = s != NULL ? type_of(d, s) : SHMPUB_TEXT;
	c.map = mem_zalloc(d->n + 1, sizeof(*c.map));
	c.memory = mem_zalloc(1, (d->n + 1) * 8 + d->bytes.size + 8);
	if (values == NULL || c.map == NULL || c.memory == NULL) {
		mem_free(values);
		dictionary_column_free(&c);
		return error_nomem(err, (d->n + 1) * sizeof(*values) + d->bytes.size);
	}
	read_values(values, d, c.column.type, s);
	if (d->n)
		qsort(values, d->n, sizeof(*values), compare_of(c.column.type));
	n = merge(values, c.map, d->n, compare_of(c.column.type));
	c.column.n_rows = n;
	put_values(&c, values, n);
	mem_free(values);
	*out = c;
	return SHMPUB_OK;
}

void dictionary_column_free(struct dictionary_column *c)
{
	mem_free(c->map);
	mem_free(c->memory);
	*c = (struct dictionary_column){ .map = NULL };
}
