#include "plan/names.h"

#include <stdint.h>
#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"

/*
 * Does what pandas' mangle_dupe_names does, but with a hash table where pandas searches lists, so
 * that a million equal names take linear time. Names that the header has are numbered first, then
 * those that were made for empty ones. A numbered name must differ from all names of the header,
 * those of later columns included.
 */

struct slot {
	struct span text;
	size_t n_present; /* how many columns have this name now */
	uint64_t count;   /* the next number to try; 0: no column with this name was seen yet */
};

struct table {
	struct slot *slots;
	size_t mask;
	uint64_t seed;
};

static struct slot *find(const struct table *t, struct span text)
{
	size_t i = hash_bytes(text, t->seed) & t->mask;

	while (t->slots[i].text.data && !span_eq(t->slots[i].text, text))
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

/* Makes room for the names of the header and the numbered ones: at most two for each column. */
static int table_init(struct table *t, const struct names *s, struct shmpub_error *err)
{
	size_t size = 16;
	struct slot *slot;

	while (size < s->n * 4)
		size *= 2;
	t->slots = mem_zalloc(size, sizeof(*t->slots));
	if (t->slots == NULL)
		return error_nomem(err, size * sizeof(*t->slots));
	t->mask = size - 1;
	t->seed = hash_seed(t->slots);
	for (size_t i = 0; i < s->n; i++) {
		slot = find(t, s->names[i].text);
		slot->text = s->names[i].text;
		slot->n_present++;
	}
	return SHMPUB_OK;
}

/* Makes `text`.N for the first N from *count on that no column has; sets *count to N + 1. */
static int make_numbered(struct span *out, struct table *t, struct span text, uint64_t *count,
                         struct shmpub_error *err)
{
	char *made = mem_alloc(text.size + 24);
	uint64_t n = *count;
	struct slot *slot;
	int digits;

	if (made == NULL)
		return error_nomem(err, text.size + 24);
	memcpy(made, text.data, text.size);
	for (;;) {
		digits = snprintf(made + text.size, 24, ".%llu", (unsigned long long)n);
		*count = n + 1;
		*out = span_of(made, text.size + (size_t)digits);
		slot = find(t, *out);
		if (slot->n_present > 0)
			n++;
		else if (slot->count > 0)
			n = slot->count;
		else
			return SHMPUB_OK;
	}
}

static int mangle_one(struct name *name, struct table *t, struct shmpub_error *err)
{
	struct slot *slot = find(t, name->text), *made;
	struct span text;
	int r;

	if (slot->count == 0) {
		slot->count = 1;
		return SHMPUB_OK;
	}
	r = make_numbered(&text, t, name->text, &slot->count, err);
	if (r)
		return r;
	slot->n_present--;
	name->original = name->text;
	name->text = text;
	made = find(t, text);
	made->text = text;
	made->n_present = 1;
	made->count = 1;
	return SHMPUB_OK;
}

int names_mangle(struct names *s, struct shmpub_error *err)
{
	struct table t = { NULL, 0, 0 };
	int r = table_init(&t, s, err);

	for (int unnamed = 0; unnamed < 2 && r == SHMPUB_OK; unnamed++) {
		for (size_t i = 0; i < s->n && r == SHMPUB_OK; i++) {
			if (s->names[i].is_unnamed == (unnamed == 1))
				r = mangle_one(&s->names[i], &t, err);
		}
	}
	mem_free(t.slots);
	return r;
}

int names_init(struct names *out, size_t n, struct shmpub_error *err)
{
	struct name *names = mem_zalloc(n ? n : 1, sizeof(*names));

	if (names == NULL)
		return error_nomem(err, n * sizeof(*names));
	*out = (struct names){ names, n };
	return SHMPUB_OK;
}

int names_set(struct names *s, size_t i, struct span text, bool fills, struct shmpub_error *err)
{
	char made[40], *copy;

	s->names[i].is_unnamed = fills && text.size == 0;
	if (s->names[i].is_unnamed) {
		snprintf(made, sizeof(made), "Unnamed: %zu", i);
		text = span_str(made);
	}
	copy = mem_copy(text);
	if (copy == NULL)
		return error_nomem(err, text.size + 1);
	s->names[i].text = span_of(copy, text.size);
	return SHMPUB_OK;
}

size_t names_find(const struct names *s, struct span text)
{
	size_t i = 0;

	while (i < s->n && !span_eq(s->names[i].text, text))
		i++;
	return i;
}

void names_free(struct names *s)
{
	for (size_t i = 0; i < s->n; i++) {
		mem_free((void *)(uintptr_t)s->names[i].text.data);
		mem_free((void *)(uintptr_t)s->names[i].original.data);
	}
	mem_free(s->names);
	*s = NAMES_NONE;
}
