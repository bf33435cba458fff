/*
 * Column names as pandas makes them: an empty one becomes "Unnamed: 3", equal ones are numbered.
 *
 * Threads:  one.
 * Lifetime: every text is a copy that belongs to the names. NAMES_NONE may be freed.
 * Errors:   SHMPUB_ERR_NOMEM only.
 */
#ifndef SHMPUB_PLAN_NAMES_H
#define SHMPUB_PLAN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct name {
	struct span text;
	struct span original; /* the name before a number was added; data NULL: none was added */
	bool is_unnamed;      /* the header has an empty name here */
};

struct names {
	struct name *names;
	size_t n;
};

#define NAMES_NONE ((struct names){ NULL, 0 })

/* Makes n names, all still without a text. */
int names_init(struct names *out, size_t n, struct shmpub_error *err);
/* Sets name i to a copy of `text`; with `fills` an empty text becomes "Unnamed: i". */
int names_set(struct names *s, size_t i, struct span text, bool fills, struct shmpub_error *err);
/* Adds numbers to names that an earlier column has: a, a, a.1 becomes a, a.2, a.1. */
int names_mangle(struct names *s, struct shmpub_error *err);
/* Returns the position of a name, or s->n. */
size_t names_find(const struct names *s, struct span text);
void names_free(struct names *s);

#endif
