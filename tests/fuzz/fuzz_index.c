#include "fuzz.h"

#include <string.h>

#include "csv/index.h"

/*
 * The structural index by every implementation that this machine can run, in one piece and
 * cut in two: all must say what plain C says of the whole. The first two bytes of the
 * input choose the dialect and the cut.
 */

enum { MOST = 1 << 14 };

struct result {
	struct csv_index index;
	struct csv_index_state state;
	uint32_t ends[MOST + 64], records[MOST + 64];
};

/* Positions of the second part count on from the first: what it says is the same as in one piece. */
static void index_in_two(struct result *r, const struct csv_index_kind *kind, struct span text,
                         size_t cut, const struct csv_index_dialect *dialect)
{
	r->state = CSV_INDEX_START;
	r->index = (struct csv_index){ .ends = r->ends,
		                       .records = r->records,
		                       .odd_quote = CSV_INDEX_NONE };
	kind->index(&r->index, span_of(text.data, cut), dialect, &r->state);
	r->index.base = (uint32_t)cut;
	kind->index(&r->index, span_of(text.data + cut, text.size - cut), dialect, &r->state);
	CLAIM(r->index.n_ends <= text.size && r->index.n_records <= text.size);
}

static void compare(const struct result *a, const struct result *b)
{
	CLAIM(a->index.odd_quote == b->index.odd_quote);
	CLAIM(a->index.n_ends == b->index.n_ends && a->index.n_records == b->index.n_records);
	CLAIM(a->index.has_quotes == b->index.has_quotes && a->index.has_cr == b->index.has_cr);
	CLAIM(a->index.has_non_ascii == b->index.has_non_ascii);
	CLAIM(memcmp(&a->state, &b->state, sizeof(a->state)) == 0);
	CLAIM(memcmp(a->ends, b->ends, a->index.n_ends * sizeof(a->ends[0])) == 0);
	CLAIM(memcmp(a->records, b->records, a->index.n_records * sizeof(a->records[0])) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char delimiters[] = { ',', ';', '\t', ' ' };
	static struct result plain, other;
	const struct csv_index_kind *kind;
	struct csv_index_dialect dialect;
	char *text;

	if (size < 2 || size - 2 > MOST)
		return 0;
	dialect = (struct csv_index_dialect){ delimiters[data[0] & 3], '"', (data[0] & 4) == 0,
		                              (data[0] & 8) != 0 };
	size -= 2;
	text = malloc(size + 1); /* just that size: one byte too many is seen */
	CLAIM(text != NULL);
	memcpy(text + 1, data + 2, size);
	for (size_t i = 0; (kind = csv_index_kind(i)) != NULL; i++) {
		struct span span = span_of(text + 1, size);

		index_in_two(i == 0 ? &plain : &other, kind, span, size, &dialect);
		if (i > 0)
			compare(&plain, &other);
		index_in_two(&other, kind, span, size * data[1] / 256, &dialect);
		compare(&plain, &other);
	}
	free(text);
	return 0;
}
