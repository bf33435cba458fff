#include "cat_rows.h"

#include "base/alloc.h"
#include "command.h"
#include "show/cell.h"

/*
 * Writes a CSV file from which pandas.read_csv makes the same frame, given the feed's options
 * that say what the data means (index_col, parse_dates, dtype, ...). How the source was written
 * (delimiter, skiprows, ...) is not kept: the file has commas, decimal points, one header line
 * and LF.
 *
 * Quotes only decide where a cell ends, never what it means: pandas reads "1" as a number and
 * "" as NA either way. So a cell is quoted only if one of its bytes would be taken for
 * structure, or if pandas would skip the line as blank. NA is written as the empty cell.
 */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool needs_quotes(struct span s, bool is_alone)
{
	if (s.size == 0)
		return is_alone; /* pandas skips an empty line */
	if (is_blank(s.data[0]))
		return true; /* and a line of blanks */
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
 * Counts the unnamed levels at the beginning that get no cell in the header. When rows follow,
 * the header can be shorter than they are: pandas then takes the first fields for the index,
 * with or without index_col, as in the source. Without rows the header must have all cells,
 * because pandas has nothing to compare its length with.
 */
static size_t count_hidden_levels(const struct table *t, uint64_t n_rows)
{
	size_t n = 0;

	while (n < t->n_columns && t->columns[n].index > 0 && t->columns[n].is_unnamed)
		n++;
	return n_rows > 0 && n < t->n_columns ? n : 0;
}

/*
 * False if the source had no header, so that the columns are named by numbers. pandas would
 * read a header of numbers as texts.
 */
static bool has_header(const struct table *t)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		if (t->columns[i].is_integer_name)
			return false;
	}
	return true;
}

static struct span column_name(const struct shmpub_column *c)
{
	return c->is_unnamed ? SPAN_NONE : span_of(c->name, c->name_size);
}

/*
 * pandas removes one byte order mark at the beginning of a file. If the first text itself
 * begins with one, another one is written before it.
 */
static void keep_byte_order_mark(struct out *o, struct span first)
{
	static const char mark[] = "\xEF\xBB\xBF";

	if (first.size >= 3 && memcmp(first.data, mark, 3) == 0)
		out_str(o, mark);
}

static void put_header(struct out *o, const struct table *t, uint64_t n_rows)
{
	size_t first = count_hidden_levels(t, n_rows);

	keep_byte_order_mark(o, column_name(&t->columns[first]));
	for (size_t i = first; i < t->n_columns; i++) {
		if (i > first)
			out_str(o, ",");
		put_cell(o, column_name(&t->columns[i]), first + 1 == t->n_columns);
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

int cat_csv(struct out *o, const struct table *t, const struct cat_range *range)
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
	if (!range->has_header)
		;
	else if (has_header(t))
		put_header(o, t, range->to);
	else if (range->to > 0 && column_is_valid(&t->columns[0], 0))
		keep_byte_order_mark(o, cell_text(room, &t->columns[0], 0, &forms[0]));
	for (uint64_t row = range->from; row < range->to && !out_is_over(o); row++)
		put_row(o, t, row, forms);
	mem_free(forms);
	return EXIT_GOOD;
}
