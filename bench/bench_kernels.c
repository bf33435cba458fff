/*
 * bench_kernels [ROUNDS [WORD]]
 *
 * Each kernel that runs on this processor (base/cpu.h), on texts of 64 to 256 KB that stay in its
 * nearer caches: gigabytes of text a second, and nanoseconds for a cell where there are cells. The
 * kernels of a line take turns; a figure is that of the quickest of all rounds (1,000 unless told),
 * so that other work on the machine hardly shows. Ratios within a line are what counts. With a
 * WORD, only lines whose name holds it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/utf8_kernel.h"
#include "csv/copy_cells.h"
#include "csv/index.h"
#include "csv/options.h"
#include "csv/unquote.h"
#include "value/batch_kernel.h"

enum { CELLS = 8192, CELL_ROOM = 512, MAX_KERNELS = 5 };

/* A text of cells between commas and line ends, and where its cells are (value/batch.h). */
static struct {
	char text[CELLS * CELL_ROOM + 64];
	size_t size;
	uint32_t cuts[CELLS + 1];
	size_t n_cells;
	struct date_format format; /* of its cells, if they are dates */
} made;

/* Where results go: at least as much as any kernel writes. */
static union {
	uint32_t index[2][sizeof(made.text) / 4];
	char text[CELL_ROOM + 64];
	int64_t ints[CELLS];
	double floats[CELLS];
	struct {
		char text[sizeof(made.text)];
		int64_t offsets[CELLS];
		uint8_t validity[CELLS / 8];
	} copied;
} out;

/* What the text of cells is read with: pandas' defaults. */
static struct {
	struct csv_dialect dialect;
	struct word_set na;
} defaults;

static uint64_t seed = 1;

static uint32_t random_below(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

static double random_unit(void)
{
	return (random_below(1u << 30) + random_below(1u << 20) / 1048576.0) / (1u << 30);
}

/* --- cells --------------------------------------------------------------------------------------- */

typedef int make_cell(char *cell);

static int long_float(char *cell)
{
	return sprintf(cell, "%.17g", (random_unit() - 0.5) * 1000);
}

static int price(char *cell)
{
	return sprintf(cell, "%.*f", 2 + (int)random_below(3), 20 + random_unit() * 200);
}

static int high_price(char *cell)
{
	return sprintf(cell, "%.4f", 1000 + random_unit() * 20000);
}

static int id(char *cell)
{
	return sprintf(cell, "%d", (int)random_below(1001000000) - 1000000);
}

static int six_digits(char *cell)
{
	return sprintf(cell, "%.6g", (random_unit() - 0.5) * 400);
}

static int small_int(char *cell)
{
	return sprintf(cell, "%u", random_below(100000));
}

static int long_int(char *cell)
{
	return sprintf(cell, "%u%09u", random_below(2000000) + 1, random_below(1000000000));
}

static int moment(char *cell)
{
	return sprintf(cell, "2024-03-%02uT%02u:%02u:%02u.%03u", 1 + random_below(28),
	               random_below(24), random_below(60), random_below(60), random_below(1000));
}

static int random_moment(char *cell)
{
	return sprintf(cell, "%u-%02u-%02uT%02u:%02u:%02u", 2021 + random_below(3),
	               1 + random_below(12), 1 + random_below(28), random_below(24),
	               random_below(60), random_below(60));
}

static int sorted_moment(char *cell)
{
	return sprintf(cell, "2024-03-01T%02u:%02u:%02u.%03u", random_below(24), random_below(60),
	               random_below(60), random_below(1000));
}

static int words(char *cell)
{
	int n = 0;

	for (int i = 0; i < 5; i++)
		n += sprintf(cell + n, "%sword%u", i ? " " : "", random_below(10000));
	return n;
}

static int quoted(char *cell)
{
	if (random_below(2))
		return words(cell);
	return sprintf(cell, "\"one, two \"\"%07x\"\" end\"", random_below(1 << 28));
}

static int short_quoted(char *cell)
{
	return sprintf(cell, random_below(2) ? "\"w%x\"" : "w%x", random_below(1 << 20));
}

static int word_or_na(char *cell)
{
	return random_below(2) ? sprintf(cell, "NA") : sprintf(cell, "w%x", random_below(1 << 20));
}

static int inner(char *cell)
{
	return sprintf(cell, "one, two \"\"%07x\"\" end", random_below(1 << 28));
}

static int long_inner(char *cell)
{
	int n = 0;

	for (int i = 0; i < 8; i++)
		n += sprintf(cell + n, "some words and \"\"%x\"\" and others ",
		             random_below(1 << 28));
	return n;
}

static int not_ascii(char *cell)
{
	static const char *const parts[] = { "Gr\xC3\xBC\xC3\x9F", "\xE2\x82\xAC 5", "abc",
		                             "\xE6\x97\xA5\xE6\x9C\xAC", "\xF0\x9F\x98\x80" };
	int n = 0;

	for (int i = 0; i < 6; i++)
		n += sprintf(cell + n, "%s ", parts[random_below(5)]);
	return n;
}

static struct span cell_at(size_t i)
{
	return cell_run_at(&(struct cell_run){ made.text, made.cuts, 1 }, i);
}

static void make(make_cell *cell, size_t n, size_t n_columns)
{
	made.size = 0;
	made.n_cells = n;
	made.cuts[0] = UINT32_MAX;
	for (size_t i = 0; i < n; i++) {
		made.size += (size_t)cell(made.text + made.size);
		made.cuts[i + 1] = (uint32_t)made.size;
		made.text[made.size++] = i % n_columns == n_columns - 1 ? '\n' : ',';
	}
	(void)date_format_infer(&made.format, cell_at(0));
}

/* --- what is timed ------------------------------------------------------------------------------- */

static const struct csv_index_dialect dialect = { ',', '"', true, false };

static void run_index(const void *kernel)
{
	const struct csv_index_kind *k = kernel;
	struct csv_index index = { .ends = out.index[0],
		                   .records = out.index[1],
		                   .odd_quote = CSV_INDEX_NONE };
	struct csv_index_state state = CSV_INDEX_START;

	k->index(&index, span_of(made.text, made.size), &dialect, &state);
}

static void run_unquote(const void *kernel)
{
	const struct csv_unquote_kind *k = kernel;

	for (size_t i = 0; i < made.n_cells; i++)
		(void)k->copy(out.text, cell_at(i), '"');
}

static void run_unquoted_size(const void *kernel)
{
	const struct csv_unquote_kind *k = kernel;
	size_t size = 0;

	for (size_t i = 0; i < made.n_cells; i++)
		size += k->size(cell_at(i), '"');
	out.ints[0] = (int64_t)size;
}

static void must_take_all(size_t taken)
{
	if (taken != made.n_cells)
		abort();
}

static const struct cell_run cells = { made.text, made.cuts, 1 };

static void run_copy(const void *kernel)
{
	const struct copy_cells_kind *k = kernel;
	struct cell_copy copy = { .dialect = &defaults.dialect,
		                  .na = &defaults.na,
		                  .is_regular = true,
		                  .source_end = made.text + sizeof(made.text),
		                  .text = out.copied.text,
		                  .room = sizeof(out.copied.text),
		                  .validity = out.copied.validity,
		                  .offsets = out.copied.offsets };

	must_take_all(k->copy(&copy, &cells, made.n_cells));
}

static void run_utf8(const void *kernel)
{
	if (utf8_valid_prefix_by(kernel, span_of(made.text, made.size)) != made.size)
		abort();
}

static void run_ints(const void *kernel)
{
	const struct batch_kernel *k = kernel;

	must_take_all(k->take_ints(out.ints, &cells, made.n_cells));
}

static void run_floats(const void *kernel)
{
	const struct batch_kernel *k = kernel;
	struct batch_empty empty = { .validity = NULL };
	size_t i = 0;

	/* The kernels leave what they do not take to the caller: an exponent, say. */
	while (i < made.n_cells) {
		const struct cell_run rest = { made.text, made.cuts + i, 1 };

		i += k->take_floats(out.floats + i, &rest, made.n_cells - i, &empty) + 1;
	}
}

static void run_whole(const void *kernel)
{
	const struct batch_kernel *k = kernel;
	struct batch_empty empty = { .validity = NULL };

	must_take_all(k->take_whole(out.floats, &cells, made.n_cells, &empty));
}

static void run_dates(const void *kernel)
{
	const struct batch_kernel *k = kernel;
	struct batch_empty empty = { .validity = NULL };
	struct date_cache cache = DATE_CACHE_NONE;
	const struct batch_dates dates = { .format = &made.format, .unit = SHMPUB_MICROSECOND };

	must_take_all(k->take_dates(out.ints, &cache, &dates, &cells, made.n_cells, &empty));
}

/* --- the table ----------------------------------------------------------------------------------- */

static const void *index_at(size_t i)
{
	return csv_index_kind(i);
}

static const void *unquote_at(size_t i)
{
	return csv_unquote_kind(i);
}

static const void *copy_at(size_t i)
{
	return copy_cells_kind(i);
}

static const void *utf8_at(size_t i)
{
	return utf8_kernel_at(i);
}

static const void *batch_at(size_t i)
{
	return batch_kernel_at(i);
}

static const struct {
	const char *name;
	make_cell *cell;
	size_t n_cells, n_columns;
	const void *(*kernel_at)(size_t i); /* the name is what each of them begins with */
	void (*run)(const void *kernel);
	bool is_of_cells;
} lines[] = {
	{ "index, floats", long_float, 4096, 10, index_at, run_index, false },
	{ "index, prices", price, 8192, 6, index_at, run_index, false },
	{ "index, quotes", quoted, 4096, 4, index_at, run_index, false },
	{ "utf8, ascii", words, 4096, 4, utf8_at, run_utf8, false },
	{ "utf8, others", not_ascii, 4096, 4, utf8_at, run_utf8, false },
	{ "unquote, short", inner, 4096, 4, unquote_at, run_unquote, true },
	{ "unquote, long", long_inner, 512, 4, unquote_at, run_unquote, true },
	{ "unquoted size", inner, 4096, 4, unquote_at, run_unquoted_size, true },
	{ "copy, words", words, 4096, 4, copy_at, run_copy, true },
	{ "copy, short", short_quoted, 8192, 4, copy_at, run_copy, true },
	{ "copy, NA", word_or_na, 8192, 4, copy_at, run_copy, true },
	{ "copy, quoted", quoted, 4096, 4, copy_at, run_copy, true },
	{ "copy, long", long_inner, 512, 4, copy_at, run_copy, true },
	{ "ints, 1 to 5", small_int, 8192, 6, batch_at, run_ints, true },
	{ "ints, 1 to 10", id, 8192, 6, batch_at, run_ints, true },
	{ "ints, 10 to 16", long_int, 8192, 6, batch_at, run_ints, true },
	{ "ints as floats", small_int, 8192, 6, batch_at, run_whole, true },
	{ "floats, 17", long_float, 8192, 10, batch_at, run_floats, true },
	{ "floats, 6", six_digits, 8192, 10, batch_at, run_floats, true },
	{ "prices", price, 8192, 6, batch_at, run_floats, true },
	{ "high prices", high_price, 8192, 6, batch_at, run_floats, true },
	{ "dates, 3 years", random_moment, 4096, 6, batch_at, run_dates, true },
	{ "dates, any day", moment, 4096, 6, batch_at, run_dates, true },
	{ "dates, one day", sorted_moment, 4096, 6, batch_at, run_dates, true },
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void time_line(size_t line, unsigned n_rounds)
{
	int64_t least[MAX_KERNELS], from, took;
	const void *kernel;
	size_t n = 0;

	make(lines[line].cell, lines[line].n_cells, lines[line].n_columns);
	for (unsigned round = 0; round < n_rounds; round++) {
		for (n = 0; n < MAX_KERNELS && (kernel = lines[line].kernel_at(n)) != NULL; n++) {
			from = now_ns();
			lines[line].run(kernel);
			took = now_ns() - from;
			least[n] = round == 0 || took < least[n] ? took : least[n];
		}
	}
	printf("%-15s", lines[line].name);
	for (size_t i = 0; i < n; i++) {
		printf("  %6s %6.2f GB/s", *(const char *const *)lines[line].kernel_at(i),
		       (double)made.size / (double)least[i]);
		if (lines[line].is_of_cells)
			printf(" %6.2f ns", (double)least[i] / (double)made.n_cells);
	}
	printf("\n");
}

static void make_defaults(void)
{
	struct csv_options *options;
	const struct span *words;
	size_t n;

	words = words_default_na(&n);
	if (csv_options_new(&options, NULL) || word_set_init(&defaults.na, words, n, NULL))
		abort();
	csv_dialect_init(&defaults.dialect, options);
	csv_options_free(options);
}

int main(int argc, char **argv)
{
	const unsigned n_rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;

	make_defaults();
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (argc < 3 || strstr(lines[i].name, argv[2]))
			time_line(i, n_rounds ? n_rounds : 1);
	}
	word_set_free(&defaults.na);
	return 0;
}
