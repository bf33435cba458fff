#include "base/nearest.h"

/*
 * The edit distance is computed with three rows of the usual table (optimal string alignment).
 * A swap of two neighbouring letters, the commonest slip, counts as one change. A known name is
 * near enough when at most a third of the misspelt name, and never more than three letters,
 * would have to change. A proposal that is further off would only mislead.
 */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t nearest_distance(struct span a, struct span b)
{
	size_t rows[3][NEAREST_MAX + 1], *before = rows[0], *above = rows[1], *row = rows[2],
	                                 *spare;

	if (a.size > NEAREST_MAX || b.size > NEAREST_MAX)
		return (size_t)-1;
	for (size_t j = 0; j <= b.size; j++)
		above[j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b.size; j++) {
			size_t replace = above[j - 1] + (a.data[i - 1] != b.data[j - 1]);

			row[j] = least(replace, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[b.size];
}

void nearest_offer(struct nearest *n, const char *name)
{
	size_t limit = least(3, (n->wanted.size + 2) / 3);
	size_t distance = nearest_distance(n->wanted, span_str(name));

	if (distance > limit || (n->name != NULL && distance >= n->distance))
		return;
	n->name = name;
	n->distance = distance;
}
