/* lib/csv/unquote.h: each implementation against csv/cell.h, which knows every field. */
#include "unit/check.h"

#include "csv/cell.h"
#include "csv/unquote.h"

static uint64_t state = 7;

static uint32_t random_below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(state >> 33) % n;
}

/* Quotes in pairs among other bytes, some of which are the quote but for one bit. */
static size_t make_inner(char *out, size_t most)
{
	size_t size = 0, n = random_below((uint32_t)most);
	uint32_t rarity = 1 + random_below(40);

	while (size < n) {
		if (random_below(rarity) == 0 && size + 2 <= n) {
			out[size++] = '"';
			out[size++] = '"';
		} else {
			out[size++] = "ab #\n,\xA2\0"[random_below(8)];
		}
	}
	return size;
}

static void check(const struct csv_unquote_kind *kind)
{
	const struct csv_dialect dialect = { .quote = '"', .has_quote = true };
	char raw[300 + 2 + CSV_UNQUOTE_BEYOND], want[300], got[300 + CSV_UNQUOTE_BEYOND];

	for (int round = 0; round < 20000; round++) {
		size_t size = make_inner(raw + 1, 300), n;
		struct span inner = span_of(raw + 1, size);

		raw[0] = raw[size + 1] = '"';
		memset(raw + size + 2, '"', CSV_UNQUOTE_BEYOND); /* nothing of it may count */
		n = csv_unescape(want, span_of(raw, size + 2), &dialect);
		memset(got, 0x55, sizeof(got));
		CHECK_INT(kind->name, kind->size(inner, '"'), n);
		CHECK_INT(kind->name, kind->copy(got, inner, '"'), n);
		CHECK(kind->name, memcmp(got, want, n) == 0);
		for (size_t i = size + CSV_UNQUOTE_BEYOND; i < sizeof(got); i++)
			CHECK(kind->name, got[i] == 0x55);
		if (kind == &csv_unquote_plain)
			CHECK("plain writes nothing beyond", n == sizeof(got) || got[n] == 0x55);
	}
}

int main(void)
{
	for (size_t k = 0; csv_unquote_kind(k) != NULL; k++)
		check(csv_unquote_kind(k));
	return check_report();
}
