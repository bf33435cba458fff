/* lib/csv/index.h: the plain implementation against a table, the others against the plain one. */
#include "unit/check.h"

#include "base/alloc.h"
#include "csv/index.h"

static const struct csv_index_dialect comma = { ',', '"', true, false };

static const struct {
	const char *label;
	const char *text;
	const char *ends;    /* offsets */
	const char *records; /* ends up to each record's last */
	int odd;             /* -1: none */
	bool still_quoted;
	bool has_non_ascii;
} cases[] = {
	{ "no final newline", "a,b", "1 ", "", -1, false, false },
	{ "two records", "a,b\nc,d\n", "1 3 5 7 ", "2 4 ", -1, false, false },
	{ "crlf ends at the cr", "a,b\r\nc,d\r\n", "1 3 6 8 ", "2 4 ", -1, false, false },
	{ "bare cr", "a\rb\r", "1 3 ", "1 2 ", -1, false, false },
	{ "empty lines", "\na\n\n\nb\n", "0 2 3 4 6 ", "1 2 3 4 5 ", -1, false, false },
	{ "empty crlf lines", "a\r\n\r\nb\r\n", "1 3 6 ", "1 2 3 ", -1, false, false },
	{ "lf cr is two ends", "a\n\rb\n", "1 2 4 ", "1 2 3 ", -1, false, false },
	{ "quoted delimiter", "\"a,b\",c\n", "5 7 ", "2 ", -1, false, false },
	{ "quoted newlines", "\"a\r\nb\n\",c\n", "7 9 ", "2 ", -1, false, false },
	{ "doubled quote", "\"a\"\",b\",c\n", "7 9 ", "2 ", -1, false, false },
	{ "empty quoted", "\"\",\"\"\n", "2 5 ", "2 ", -1, false, false },
	{ "text behind a quote", "\"a\"b,c\n", "4 6 ", "2 ", -1, false, false },
	{ "quote in a bare field", "a\"b,c\n", "", "", 1, true, false },
	{ "quote after text after quote", "\"a\"b\"c,d\n", "", "", 4, true, false },
	{ "quote after a blank", "a, \"b\"\n", "1 6 ", "2 ", 3, false, false },
	{ "never closed", "a,\"b\nc\n", "1 ", "", -1, true, false },
	{ "no ascii", "a,\xC3\xBC\n", "1 4 ", "2 ", -1, false, true },
	{ "the least that is no ascii", "\x7F,\x80\n", "1 3 ", "2 ", -1, false, true },
	{ "the last of ascii", "\x7F\n", "1 ", "1 ", -1, false, false },
};

static void format_numbers(char *out, size_t size, const uint32_t *v, size_t n)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(out + used, size - used, "%u ", v[i]);
}

static void check_case(size_t i, const struct csv_index_kind *kind)
{
	uint32_t ends[128], records[128];
	struct csv_index index = { .ends = ends, .records = records, .odd_quote = CSV_INDEX_NONE };
	struct csv_index_state state = CSV_INDEX_START;
	char label[96], text[256];

	snprintf(label, sizeof(label), "%s: %s", kind->name, cases[i].label);
	kind->index(&index, span_str(cases[i].text), &comma, &state);
	format_numbers(text, sizeof(text), ends, index.n_ends);
	CHECK_STR(label, text, cases[i].ends);
	format_numbers(text, sizeof(text), records, index.n_records);
	CHECK_STR(label, text, cases[i].records);
	CHECK_INT(label, (int)index.odd_quote, cases[i].odd);
	CHECK_INT(label, state.quoted != 0, cases[i].still_quoted);
	CHECK_INT(label, index.has_non_ascii, cases[i].has_non_ascii);
}

struct result {
	uint32_t ends[1024], records[1024];
	struct csv_index index;
	struct csv_index_state state;
};

/* In two calls, cut anywhere: positions of the second start again at 0. */
static void run(struct result *r, const struct csv_index_kind *kind, struct span text, size_t cut,
                const struct csv_index_dialect *d)
{
	memset(r, 0, sizeof(*r));
	r->index = (struct csv_index){ .ends = r->ends,
		                       .records = r->records,
		                       .odd_quote = CSV_INDEX_NONE };
	r->state = CSV_INDEX_START;
	kind->index(&r->index, span_of(text.data, cut), d, &r->state);
	kind->index(&r->index, span_of(text.data + cut, text.size - cut), d, &r->state);
}

static bool same(const struct result *a, const struct result *b)
{
	return a->index.n_ends == b->index.n_ends && a->index.n_records == b->index.n_records &&
	       memcmp(a->ends, b->ends, a->index.n_ends * sizeof(a->ends[0])) == 0 &&
	       memcmp(a->records, b->records, a->index.n_records * sizeof(a->records[0])) == 0 &&
	       a->index.odd_quote == b->index.odd_quote &&
	       a->index.has_quotes == b->index.has_quotes && a->index.has_cr == b->index.has_cr &&
	       a->index.has_non_ascii == b->index.has_non_ascii &&
	       memcmp(&a->state, &b->state, sizeof(a->state)) == 0;
}

/* Random texts over few bytes, so that every neighbourhood occurs; sizes around the block. */
static void test_against_plain(void)
{
	static const char alphabet[] = "ab,,\"\"\n\n\r\t \0x\xE9";
	static const struct csv_index_dialect dialects[] = { { ',', '"', true, false },
		                                             { ',', '"', true, true },
		                                             { ',', '"', false, false },
		                                             { '\t', '\'', true, false } };
	static struct result want, got;
	uint64_t seed = 42;
	char text[400];

	for (int round = 0; round < 20000; round++) {
		const struct csv_index_dialect *d = &dialects[round % 4];
		size_t size, cut;
		unsigned letters;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		size = (seed >> 33) % sizeof(text);
		cut = size ? (seed >> 13) % (size + 1) : 0;
		letters = (round & 4) ? 14 : 4 + (unsigned)(seed >> 50) % 8;
		for (size_t i = 0; i < size; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			text[i] = alphabet[(seed >> 35) % letters];
		}
		if (size && (round & 12) == 0) /* one that is no ASCII, anywhere */
			text[(seed >> 21) % size] = '\xE9';
		run(&want, csv_index_kind(0), span_of(text, size), cut, d);
		for (size_t k = 1; csv_index_kind(k) != NULL; k++) {
			run(&got, csv_index_kind(k), span_of(text, size), cut, d);
			CHECK(csv_index_kind(k)->name, same(&got, &want));
		}
	}
}

int main(void)
{
	for (size_t k = 0; csv_index_kind(k) != NULL; k++) {
		for (size_t i = 0; i < ARRAY_LEN(cases); i++)
			check_case(i, csv_index_kind(k));
	}
	test_against_plain();
	return check_report();
}
