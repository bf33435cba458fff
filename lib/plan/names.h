/*
 * Column names as pandas hands them out: empty ones get a name, equal ones a number.
 *
 * Threads: one. NAMES_NONE may be freed; every text is the names' own copy.
 */
#ifndef SHMPUB_PLAN_NAMES_H
#define SHMPUB_PLAN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct name {
	struct span text;
	struct span original; /* before a number was added; data NULL: the same */
	bool is_unnamed;      /* "Unnamed: 3", the header had nothing there */
};

struct names {
	struct name *names;
	size_t n;
};

#define NAMES_NONE ((struct names){ NULL, 0 })

int names_init(struct names *out, size_t n, struct shmpub_error *err);
/* Copies; an empty text becomes "Unnamed: i" when `fills` is set. */
int names_set(struct names *s, size_t i, struct span text, bool fills, struct shmpub_error *err);
/* Numbers added to names that were there before: a, a, a.1 becomes a, a.2, a.1. */
int names_mangle(struct names *s, struct shmpub_error *err);
/* The position of a name; s->n: there is none. */
size_t names_find(const struct names *s, struct span text);
void names_free(struct names *s);

#endif
