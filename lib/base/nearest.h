/*
 * Finds the known name that is nearest to a misspelt one, for messages such as "did you mean".
 *
 * Usage: start with nearest_to(), pass every known name to nearest_offer(), then read `name`.
 * For a name of more than NEAREST_MAX bytes nothing is found.
 *
 * Threads: no state but the caller's.
 */
#ifndef SHMPUB_BASE_NEAREST_H
#define SHMPUB_BASE_NEAREST_H

#include <stddef.h>
#include "base/span.h"

#define NEAREST_MAX 63

struct nearest {
	struct span wanted;
	const char *name; /* the nearest one so far; NULL: none is near enough */
	size_t distance;  /* of `name` */
};

static inline struct nearest nearest_to(struct span wanted)
{
	return (struct nearest){ wanted, NULL, 0 };
}

/*
 * Keeps `name` in *n if it is nearer than those offered before; of equally near ones the first
 * stays. `name` must outlive *n.
 */
void nearest_offer(struct nearest *n, const char *name);
/*
 * Returns how many insertions, deletions, replacements and swaps of neighbours turn `a` into
 * `b`; (size_t)-1 when either is longer than NEAREST_MAX.
 */
size_t nearest_distance(struct span a, struct span b);

#endif
