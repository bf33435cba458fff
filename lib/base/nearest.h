/*
 * "Did you mean": the known name that is nearest to a misspelt one.
 *
 * Threads: no state. Names longer than NEAREST_MAX bytes have no neighbours.
 */
#ifndef SHMPUB_BASE_NEAREST_H
#define SHMPUB_BASE_NEAREST_H

#include <stddef.h>
#include "base/span.h"

#define NEAREST_MAX 63

struct nearest {
	struct span wanted;
	const char *name; /* the best so far; NULL: none is near enough */
	size_t distance;
};

static inline struct nearest nearest_to(struct span wanted)
{
	return (struct nearest){ wanted, NULL, 0 };
}

/* Consider one more name; the first of equals wins. `name` must outlive *n. */
void nearest_offer(struct nearest *n, const char *name);
/* Insertions, deletions, replacements and swaps of neighbours that make b of a. */
size_t nearest_distance(struct span a, struct span b);

#endif
