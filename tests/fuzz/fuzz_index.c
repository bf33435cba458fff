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
	uint32_t ends[MOST + 64], records[MOST + 64];
};

static void index_by(struct result *r, const struct csv_index_kind *kind, struct span text,
                     const struct csv_index_dialect *dialect)
{
	struct csv_index_state state = CSV_INDEX_START;

	r->index = (struct csv_index){ .ends = r->ends,
		                       .records = r->records,
		                       .odd_quote = CSV_INDEX_NONE };
	kind->index(&r->index, text, dialect, &state);
	CLAIM(r->index.n_ends <= text.size && r->index.n_records <= text.size);
}

static void compare(const struct result *a, const struct result *b)
{
	CLAIM(a->index.odd_quote == b->index.odd_quote);
	CLAIM(a->index.n_ends == b->index.n_ends && a->index.n_records == b->index.n_records);
	CLAIM(a->index.has_quotes == b->index.has_quotes && a->index.has_cr == b->index.has_cr);
	CLAIM(memcmp(a->ends, b->ends, a->index.n_ends * sizeof(a->ends[0])) == 0);
	CLAIM(memcmp(a->records, b->records, a->index.n_records * sizeof(a->records[0])) == 0);
}

static void count_in_two(const struct csv_index_kind *kind, struct span text, size_t cut,
                         const struct csv_index_dialect *dialect)
{
	struct csv_index_state whole = CSV_INDEX_START, parts = CSV_INDEX_START;
	struct csv_count one = { 0 }, first = { 0 }, second = { 0 };

	kind->count(&one, text, dialect, &whole);
	kind->count(&first, span_of(text.data, cut), dialect, &parts);
	kind->count(&second, span_of(text.data + cut, text.size - cut), dialect, &parts);
	CLAIM(one.n_records == first.n_records + second.n_records);
	CLAIM(one.n_empty == first.n_empty + second.n_empty);
	CLAIM(memcmp(&whole, &parts, sizeof(whole)) == 0);
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

		index_by(i == 0 ? &plain : &other, kind, span, &dialect);
		if (i > 0)
			compare(&plain, &other);
		count_in_two(kind, span, size * data[1] / 256, &dialect);
	}
	free(text);
	return 0;
}
