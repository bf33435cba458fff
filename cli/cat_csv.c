#include "cat_rows.h"

#include "base/alloc.h"
#include "command.h"
#include "show/cell.h"

/*
 * A CSV file that pandas.read_csv makes the same frame of, given the feed's options that
 * say what the data means (index_col, parse_dates, dtype, ...); how the source spelled it
 * (delimiter, skiprows, ...) is gone: commas, points, one header line, LF.
 *
 * Quotes decide only where a cell ends, never what it means: pandas takes "1" for a number
 * and "" for NA either way. So quotes stand where a byte would be taken for structure, or
 * where pandas would drop a line for being blank. NA is the empty cell.
 */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool needs_quotes(struct span s, bool is_alone)
{
	if (s.size == 0)
		return is_alone; /* a line of nothing is no row */
	if (is_blank(s.data[0]))
		return true; /* a line of blanks is none either */
	for (size_t i = 0; i < s.size; i++) {
		char c = s.data[i];

		if (c == ',' || c == '"' || c == '\n' || c == '\r')
			return true;
	}
	return false;
}

static void put_quoted(struct out *o, struct span s)
{
	const char *p = s.data, *end = s.data + s.size;

	out_str(o, "\"");
	while (p < end) {
		const char *quote = memchr(p, '"', (size_t)(end - p));

		if (quote == NULL)
			break;
		out_bytes(o, span_of(p, (size_t)(quote + 1 - p)));
		out_str(o, "\"");
		p = quote + 1;
	}
	if (p < end)
		out_bytes(o, span_of(p, (size_t)(end - p)));
	out_str(o, "\"");
}

static void put_cell(struct out *o, struct span s, bool is_alone)
{
	if (needs_quotes(s, is_alone))
		put_quoted(o, s);
	else
		out_bytes(o, s);
}

/*
 * Unnamed levels in front. When rows follow, the header is written without cells for
 * them: pandas then takes them for the index with index_col and without, whichever made
 * them one in the source. Without rows there is nothing to be longer than the header.
 */
static size_t hidden_levels(const struct table *t, uint64_t n_rows)
{
	size_t n = 0;

	while (n < t->n_columns && t->columns[n].index > 0 && t->columns[n].is_unnamed)
		n++;
	return n_rows > 0 && n < t->n_columns ? n : 0;
}

/* The source had no header: pandas counted the columns, and would read the numbers as names. */
static bool has_header(const struct table *t)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		if (t->columns[i].is_integer_name)
			return false;
	}
	return true;
}

static struct span name_of(const struct shmpub_column *c)
{
	return c->is_unnamed ? SPAN_NONE : span_of(c->name, c->name_size);
}

/* pandas drops one byte order mark in front of a file: text that begins with one gets another. */
static void guard_mark(struct out *o, struct span first)
{
	static const char mark[] = "\xEF\xBB\xBF";

	if (first.size >= 3 && memcmp(first.data, mark, 3) == 0)
		out_str(o, mark);
}

static void put_header(struct out *o, const struct table *t, uint64_t n_rows)
{
	size_t first = hidden_levels(t, n_rows);

	guard_mark(o, name_of(&t->columns[first]));
	for (size_t i = first; i < t->n_columns; i++) {
		if (i > first)
			out_str(o, ",");
		put_cell(o, name_of(&t->columns[i]), first + 1 == t->n_columns);
	}
	out_str(o, "\n");
}

static void put_row(struct out *o, const struct table *t, uint64_t row,
                    const struct cell_form *forms)
{
	char room[CELL_SIZE];

	for (size_t i = 0; i < t->n_columns; i++) {
		const struct shmpub_column *c = &t->columns[i];
		struct span cell = SPAN_NONE;

		if (column_is_valid(c, row))
			cell = cell_text(room, c, row, &forms[i]);
		if (i > 0)
			out_str(o, ",");
		put_cell(o, cell, t->n_columns == 1);
	}
	out_str(o, "\n");
}

int cat_csv(struct out *o, const struct table *t, uint64_t n_rows)
{
	struct cell_form *forms;
	char room[CELL_SIZE];

	if (t->n_columns == 0)
		return EXIT_GOOD;
	forms = mem_zalloc(t->n_columns, sizeof(*forms));
	if (forms == NULL)
		return session_nomem();
	for (size_t i = 0; i < t->n_columns; i++)
		forms[i] = cell_form_of(&t->columns[i], ' ');
	if (has_header(t))
		put_header(o, t, n_rows);
	else if (n_rows > 0 && column_is_valid(&t->columns[0], 0))
		guard_mark(o, cell_text(room, &t->columns[0], 0, &forms[0]));
	for (uint64_t row = 0; row < n_rows && !out_is_over(o); row++)
		put_row(o, t, row, forms);
	mem_free(forms);
	return EXIT_GOOD;
}
