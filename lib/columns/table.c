#include "columns/table.h"

#include "base/atomic.h"
#include "columns/codes.h"

/*
 * A cell of a dictionary column is a code: the row of its value in a second column, the
 * dictionary. column_resolve() finds that row, so code that shows values need not know
 * about codes.
 */

const struct shmpub_column *column_resolve(const struct shmpub_column *c, uint64_t *row)
{
	if (c->dictionary == NULL)
		return c;
	*row = code_get(c->values, c->code_size, *row);
	return c->dictionary;
}

struct span column_text_inside(const struct shmpub_column *c, uint64_t row)
{
	const uint64_t *offsets = (const uint64_t *)c->offsets; /* a negative one is too large */
	uint64_t from = load_relaxed_u64(offsets + row);
	uint64_t to = load_relaxed_u64(offsets + row + 1);

	if (from > to || to > c->text_size)
		return span_of(c->text, 0);
	return span_of(c->text + from, (size_t)(to - from));
}

#define MAX_DIGITS 4300

bool text_is_integer(struct span text)
{
	size_t from = text.size > 0 && (text.data[0] == '+' || text.data[0] == '-');

	for (size_t i = from; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	return text.size > from && text.size - from <= MAX_DIGITS;
}
