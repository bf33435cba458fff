/* lib/fill: bools in words of the caller, in more rows than a tile has. */
#include "unit/heap_sink.h"
#include "unit/check.h"
#include "unit/options_text.h"

#define ROWS 5000u
#define TEXT_SIZE (ROWS * 32)
#define OUT_SIZE (ROWS * 8 + 64)

static uint64_t state = 7;

static uint32_t random_below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(state >> 33) % n;
}

static const struct {
	const char *cell;
	char means; /* as heap_ingest() prints it */
} cells[] = {
	{ "yes", 'T' },
	{ "\"yes\"", 'T' },
	{ "no", 'F' },
	{ "TRUE", 'T' },
	{ "0", 'F' },
	{ "a longer word for no", 'F' },
	{ "sixteen bytes yes", 'T' },
	{ "\"q\"\"t\"", 'T' },
	{ "", '-' },
	{ "\"NA\"", '-' },
	{ "both", '-' },
};

#define OPTIONS                                                                                    \
	"true_values=yes, sixteen bytes yes, \"q\"\"t\", both\n"                                   \
	"false_values=no, 0, a longer word for no\nna_values=both"

static char text[TEXT_SIZE], want[OUT_SIZE], got[OUT_SIZE];

/* The cell of row `row` is no bool; ROWS: all are. Returns the text's size. */
static size_t make(size_t row)
{
	char *p = text + sprintf(text, "b,a\n"), *w = want + sprintf(want, "b:i a:b!");

	for (size_t i = 0; i < ROWS; i++) {
		const size_t k = random_below(ARRAY_LEN(cells));

		p += sprintf(p, "1,%s\n", i == row ? "neither" : cells[k].cell);
		w += sprintf(w, " | 1 %c", cells[k].means);
	}
	return (size_t)(p - text);
}

static int read_text(size_t size, const char *more_options, struct shmpub_error *err)
{
	char options[sizeof(OPTIONS) + 32];
	char *exactly = malloc(size); /* where the sanitizer knows its end */
	struct csv_options *o;
	int n_rounds, r;

	sprintf(options, "%s%s", OPTIONS, more_options);
	o = options_of(options);
	memcpy(exactly, text, size);
	r = heap_ingest(got, sizeof(got), span_of(exactly, size), o, NULL, NULL, &n_rounds, NULL,
	                err);
	csv_options_free(o);
	free(exactly);
	return r;
}

int main(void)
{
	struct shmpub_error err = { .code = 0 };
	size_t size = make(ROWS);

	CHECK_INT("all are bools", read_text(size, "", &err), 0);
	CHECK_STR("all are bools", got, want);
	CHECK_INT("no line end", read_text(size - 1, "", &err), 0);
	CHECK_STR("no line end", got, want);
	CHECK_INT("one is not", read_text(make(ROWS - 10), "", &err), 0);
	CHECK("one is not", strncmp(got, "b:i a:s | 1 ", 12) == 0);
	CHECK_INT("dtype", read_text(make(ROWS - 10), "\ndtype.a=bool", &err), SHMPUB_ERR_CSV);
	CHECK("dtype", strncmp(err.message, "line ", 5) == 0);
	return check_report();
}
