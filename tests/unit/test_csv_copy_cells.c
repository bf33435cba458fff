/* lib/csv/copy_cells.h: each kernel against csv/cell.h and word_set_has(), cell by cell. */
#include "unit/check.h"

#include "csv/cell.h"
#include "csv/copy_cells.h"
#include "unit/options_text.h"

#define CELLS_MAX 300u
#define CELL_MAX 520u
#define SOURCE_MAX (CELLS_MAX * CELL_MAX + COPY_CELLS_BEYOND)
#define TEXT_MAX SOURCE_MAX
#define FIRST_ROW 5u

static uint64_t state = 11;

static uint32_t random_below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(state >> 33) % n;
}

/* Cells of one column as a source has them, each followed by a cell of another column. */
struct column {
	char source[SOURCE_MAX];
	size_t size;
	uint32_t cuts[2 * CELLS_MAX + 1];
	size_t n;
};

/* How the cells of a column look. */
struct look {
	uint32_t most; /* bytes of a cell */
	uint32_t quoted, pairs, na, blanks, missing,
	        irregular; /* one cell, or byte, of so many; 0: none */
};

static bool one_of(uint32_t n)
{
	return n > 0 && random_below(n) == 0;
}

static void add_bytes(struct column *c, const char *bytes, size_t n)
{
	memcpy(c->source + c->size, bytes, n);
	c->size += n;
}

static void add_cell(struct column *c, const struct look *look)
{
	static const char *const words[] = { "",     "NA",   "#N/A N/A",     "nan",
		                             "NaN ", "a\"b", "a longer word" };
	const char *word = words[random_below(ARRAY_LEN(words))];
	const bool is_quoted = one_of(look->quoted);
	uint32_t left = random_below(look->most + 1);

	if (one_of(look->blanks))
		add_bytes(c, "  ", 1 + random_below(2));
	if (is_quoted)
		add_bytes(c, "\"", 1);
	if (one_of(look->na)) {
		left = 0;
		for (const char *p = word; *p; p++)
			add_bytes(c, is_quoted && *p == '"' ? "\"\"" : p,
			          is_quoted && *p == '"' ? 2 : 1);
	}
	for (; left > 0; left--) {
		if (is_quoted && one_of(look->pairs))
			add_bytes(c, "\"\"", 2);
		else
			add_bytes(c, &"abc #NA\xC3\xA9\n"[random_below(10)], 1);
	}
	if (one_of(look->irregular))
		add_bytes(c, "\"x", 1 + random_below(2));
	else if (is_quoted)
		add_bytes(c, "\"", 1);
}

static void make_column(struct column *c, const struct look *look)
{
	c->size = 0;
	c->cuts[0] = UINT32_MAX;
	c->n = 1 + random_below(CELLS_MAX);
	for (size_t i = 0; i < c->n; i++) {
		add_cell(c, look);
		c->cuts[2 * i + 1] = i > 0 && one_of(look->missing) ? c->cuts[2 * i]
		                                                    : (uint32_t)c->size;
		add_bytes(c, ",\n", 2);
		c->cuts[2 * i + 2] = (uint32_t)c->size - 1;
	}
	memset(c->source + c->size, '"', SOURCE_MAX - c->size); /* nothing of it may count */
}

/* What copying has made. */
struct made {
	char text[TEXT_MAX];
	int64_t offsets[FIRST_ROW + CELLS_MAX];
	uint8_t validity[(FIRST_ROW + CELLS_MAX) / 8 + 1];
};

/* Copies a cell in the simple way. */
static void put_simply(struct cell_copy *c, const struct cell_run *run, size_t i)
{
	const struct csv_cell cell = csv_cell(cell_run_at(run, i), c->dialect);
	struct span text = cell.text;
	char unescaped[CELL_MAX];

	if (cell.needs_unescape)
		text = span_of(unescaped, csv_unescape(unescaped, text, c->dialect));
	c->offsets[c->row] = (int64_t)c->size;
	if (word_set_has(c->na, text)) {
		bit_put(c->validity, c->row, false);
		c->n_nulls++;
		text.size = 0;
	}
	if (text.size > 0)
		memcpy(c->text + c->size, text.data, text.size);
	c->size += text.size;
	c->row++;
}

static struct cell_copy begin(struct made *m, const struct csv_dialect *d,
                              const struct word_set *na, bool is_regular, const struct column *col,
                              uint64_t room)
{
	memset(m->text, 0x55, TEXT_MAX);
	memset(m->offsets, 0x55, sizeof(m->offsets));
	memset(m->validity, 0xFF, sizeof(m->validity));
	return (struct cell_copy){ .dialect = d,
		                   .na = na,
		                   .is_regular = is_regular,
		                   .source_end = col->source + col->size + COPY_CELLS_BEYOND,
		                   .text = m->text,
		                   .room = room,
		                   .validity = m->validity,
		                   .offsets = m->offsets,
		                   .row = FIRST_ROW };
}

/* Returns how many cells were left to the simple way. */
static size_t copy_all(struct cell_copy *c, const struct copy_cells_kind *kind,
                       const struct column *col)
{
	size_t i = 0, left = 0;

	while (i < col->n) {
		struct cell_run run = { col->source, col->cuts + 2 * i, 2 };

		i += kind->copy(c, &run, col->n - i);
		run.cuts = col->cuts + 2 * i;
		if (i == col->n)
			break;
		put_simply(c, &run, 0);
		left++;
		i++;
	}
	return left;
}

/* Returns where the first byte after `size` bytes of text is that has been written; else TEXT_MAX. */
static uint64_t first_written(const struct made *m, uint64_t size)
{
	while (size < TEXT_MAX && m->text[size] == 0x55)
		size++;
	return size;
}

static void compare(const char *label, const struct cell_copy *got, const struct cell_copy *want)
{
	CHECK_INT(label, got->size, want->size);
	CHECK_INT(label, got->row, want->row);
	CHECK_INT(label, got->n_nulls, want->n_nulls);
	CHECK(label, memcmp(got->text, want->text, (size_t)want->size) == 0);
	CHECK(label, memcmp(got->offsets, want->offsets, sizeof(((struct made *)0)->offsets)) == 0);
	CHECK(label,
	      memcmp(got->validity, want->validity, sizeof(((struct made *)0)->validity)) == 0);
}

static const struct {
	const char *label;
	struct look look;
	const char *options;
	const char *na;      /* a word for NA besides pandas' own; NULL: no word is NA */
	bool is_odd;         /* is_regular is false */
	bool leaves_nothing; /* every cell is ordinary */
} cases[] = {
	{ "short", { .most = 6, .na = 3 }, "", "", false, true },
	{ "around a step", { .most = 36, .na = 9 }, "", "", false, true },
	{ "long", { .most = 200, .na = 9 }, "", "", false, true },
	{ "some quoted", { .most = 40, .quoted = 2, .na = 3 }, "", "", false, true },
	{ "few pairs", { .most = 60, .quoted = 2, .pairs = 30 }, "", "", false, true },
	{ "many pairs", { .most = 70, .quoted = 1, .pairs = 2, .na = 5 }, "", "", false, true },
	{ "long quoted", { .most = 240, .quoted = 2, .pairs = 9 }, "", "", false, true },
	{ "quote in a word", { .most = 8, .quoted = 2, .na = 2 }, "", "a\"b", false, true },
	{ "longer word", { .most = 30, .quoted = 5, .na = 2 }, "", "a longer word", false, true },
	{ "no words", { .most = 6, .na = 2 }, "", NULL, false, true },
	{ "missing", { .most = 9, .missing = 4 }, "", "", false, true },
	{ "odd", { .most = 9, .quoted = 3, .irregular = 5 }, "", "", true, false },
	{ "spaces", { .most = 9, .blanks = 2, .na = 4 }, "skipinitialspace=yes", "", false, true },
	{ "whitespace", { .most = 9, .blanks = 2 }, "sep=whitespace", "", false, false },
	{ "no quotes", { .most = 9, .quoted = 2, .na = 4 }, "quotechar=none", "", false, true },
};

static struct column column;
static struct made got_made, want_made;

static void check_column(const struct copy_cells_kind *kind, size_t i, const struct word_set *na,
                         const struct csv_dialect *d)
{
	struct cell_copy got, want;
	size_t left;

	make_column(&column, &cases[i].look);
	want = begin(&want_made, d, na, !cases[i].is_odd, &column, TEXT_MAX);
	for (size_t k = 0; k < column.n; k++) {
		const struct cell_run run = { column.source, column.cuts + 2 * k, 2 };

		put_simply(&want, &run, 0);
	}
	got = begin(&got_made, d, na, !cases[i].is_odd, &column, TEXT_MAX);
	left = copy_all(&got, kind, &column);
	compare(cases[i].label, &got, &want);
	CHECK_INT(cases[i].label, first_written(&got_made, want.size + COPY_CELLS_BEYOND),
	          TEXT_MAX);
	if (cases[i].leaves_nothing)
		CHECK_INT(cases[i].label, left, 0);
	/* If there is no more room than the text needs, nothing is written past it. */
	got = begin(&got_made, d, na, !cases[i].is_odd, &column, want.size);
	copy_all(&got, kind, &column);
	compare(cases[i].label, &got, &want);
	CHECK_INT(cases[i].label, first_written(&got_made, want.size), TEXT_MAX);
}

static void check_case(const struct copy_cells_kind *kind, size_t i)
{
	struct csv_options *options = options_of(cases[i].options);
	const struct span *default_words;
	struct span words[32];
	struct word_set na;
	struct csv_dialect d;
	size_t n = 0;

	csv_dialect_init(&d, options);
	default_words = words_default_na(&n);
	memcpy(words, default_words, n * sizeof(*words));
	words[n++] = span_str(cases[i].na ? cases[i].na : "");
	CHECK_INT(cases[i].label, word_set_init(&na, words, cases[i].na ? n : 0, NULL), 0);
	for (int round = 0; round < 60; round++)
		check_column(kind, i, &na, &d);
	word_set_free(&na);
	csv_options_free(options);
}

int main(void)
{
	for (size_t k = 0; copy_cells_kind(k) != NULL; k++) {
		for (size_t i = 0; i < ARRAY_LEN(cases); i++)
			check_case(copy_cells_kind(k), i);
	}
	return check_report();
}
