#include "feed_doubts.h"

#include <stdio.h>
#include "base/error.h"
#include "columns/table.h"
#include "prepare/prepare.h"
#include "value/value.h"

/*
 * Each rule knows one way in which a file is read without an error, and yet not as its author
 * meant it: a wrong delimiter, one cell that turns a column of numbers into text, dates that
 * are none. Rules look at every row, which is slow; only a person at a terminal waits for them.
 */

#define SHOWN_MAX 40 /* bytes of a cell or a name that a line shows */

struct doubts {
	struct buffer *out;
	struct shmpub_error *err;
	int r;
	const struct config_feed *feed;
	const struct table *table;
};

static void warn(struct doubts *d, const char *line)
{
	if (!d->r)
		d->r = buffer_printf(d->out, d->err, "warning: %s\n", line);
}

static void warn_of_column(struct doubts *d, const struct shmpub_column *c, const char *line)
{
	struct shmpub_error text; /* error_set makes control characters harmless */

	error_set(&text, SHMPUB_OK, "column '%.*s': %s", (int)c->name_size, c->name, line);
	warn(d, text.message);
}

static struct span column_name(const struct shmpub_column *c)
{
	return span_of(c->name, c->name_size);
}

/* --- the whole table ------------------------------------------------------------------------------- */

static void check_rows(struct doubts *d, uint64_t n_skipped)
{
	const struct prepare_rejects bounds = {
		.max_rows = d->feed->max_rejects.rows,
		.max_millionths = d->feed->max_rejects.millionths,
	};
	char line[96];

	if (d->table->n_rows == 0)
		warn(d, "no rows");
	if (n_skipped == 0)
		return;
	snprintf(line, sizeof(line), "rows with too many fields that were left out: %llu",
	         (unsigned long long)n_skipped);
	warn(d, line);
	if (prepare_rejects_are_too_many(&bounds, n_skipped, d->table->n_rows))
		warn(d, "more than max_rejects: a refresh will fail");
}

/* Returns the only column beside the index; NULL when there are several or none. */
static const struct shmpub_column *find_only_column(const struct table *table)
{
	const struct shmpub_column *only = NULL;

	for (size_t i = 0; i < table->n_columns; i++) {
		if (table->columns[i].index > 0)
			continue;
		if (only != NULL)
			return NULL;
		only = &table->columns[i];
	}
	return only;
}

/* A single column whose name has a delimiter in it: the source uses another delimiter. */
static void check_delimiter(struct doubts *d)
{
	static const struct {
		char byte;
		const char *word;
	} others[] = { { ';', "semicolon" }, { '\t', "tab" }, { '|', "pipe" }, { ',', "comma" } };
	const struct shmpub_column *c = find_only_column(d->table);
	struct span name = c != NULL ? column_name(c) : SPAN_NONE;
	char line[96];

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (name.size == 0 || memchr(name.data, others[i].byte, name.size) == NULL)
			continue;
		snprintf(line, sizeof(line), "one column only: is the delimiter another, as '%s'?",
		         others[i].word);
		warn_of_column(d, c, line);
		return;
	}
}

/* --- names ----------------------------------------------------------------------------------------- */

static bool has_name(const struct table *table, struct span name)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		if (span_eq(column_name(&table->columns[i]), name))
			return true;
	}
	return false;
}

/* A second column `a` is named `a.1`, as pandas does. */
static void check_name(struct doubts *d, const struct shmpub_column *c)
{
	struct span name = column_name(c);
	size_t n = name.size;
	char line[128];

	if (n > 9 && memcmp(name.data, "Unnamed: ", 9) == 0)
		warn_of_column(d, c, "it has no name in the source");
	while (n > 0 && name.data[n - 1] >= '0' && name.data[n - 1] <= '9')
		n--;
	if (n == name.size || n < 2 || name.data[n - 1] != '.' ||
	    !has_name(d->table, span_of(name.data, n - 1)))
		return;
	snprintf(line, sizeof(line), "the name '%.*s' is there more than once",
	         (int)(n - 1 < SHOWN_MAX ? n - 1 : SHOWN_MAX), name.data);
	warn_of_column(d, c, line);
}

/* --- columns that became text ---------------------------------------------------------------------- */

struct count {
	uint64_t n, n_numbers,
	        first_other_row; /* first_other_row: the first row that is no number */
};

static struct count count_numbers(const struct shmpub_column *c, const struct value_rules *rules)
{
	struct count k = { .n = 0 };
	double v;

	for (uint64_t i = 0; i < c->n_rows; i++) {
		if (!column_is_valid(c, i))
			continue;
		k.n++;
		if (value_float_rules(&v, column_text(c, i), rules))
			k.n_numbers++;
		else if (k.n_numbers + 1 == k.n)
			k.first_other_row = i;
	}
	return k;
}

static bool has_dtype_option(const struct config_feed *f, struct span name)
{
	const struct csv_options *o = f->csv;

	if (o->dtype != CSV_DTYPE_AUTO)
		return true;
	for (size_t i = 0; i < o->n_columns; i++) {
		if (o->columns[i].dtype != CSV_DTYPE_AUTO &&
		    span_eq(o->columns[i].column.text, name))
			return true;
	}
	return false;
}

/*
 * Most cells are numbers and some are not: the source has a mistake, or a word for a missing
 * value.
 */
static void check_text(struct doubts *d, const struct shmpub_column *c)
{
	const struct csv_options *o = d->feed->csv;
	struct value_rules rules = VALUE_RULES_NONE, comma = VALUE_RULES_NONE;
	struct span other_cell;
	struct count k;
	char line[256];

	if (c->type != SHMPUB_TEXT || c->dictionary != NULL || c->kind == SHMPUB_KIND_INT ||
	    has_dtype_option(d->feed, column_name(c)))
		return;
	rules.decimal = o->decimal;
	rules.thousands = o->thousands;
	k = count_numbers(c, &rules);
	if (k.n_numbers < k.n && k.n_numbers * 2 > k.n) {
		other_cell = column_text(c, k.first_other_row);
		snprintf(line, sizeof(line),
		         "text, though %llu of %llu cells are numbers: row %llu is '%.*s'",
		         (unsigned long long)k.n_numbers, (unsigned long long)k.n,
		         (unsigned long long)k.first_other_row + 1,
		         (int)(other_cell.size < SHOWN_MAX ? other_cell.size : SHOWN_MAX),
		         other_cell.data);
		warn_of_column(d, c, line);
		return;
	}
	comma.decimal = ',';
	comma.thousands = '.';
	k = count_numbers(c, &comma);
	if (k.n && k.n_numbers == k.n && o->decimal != ',')
		warn_of_column(d, c, "text, and all cells are numbers with 'decimal = comma'");
}

/* --- dates that are none --------------------------------------------------------------------------- */

static bool is_in_items(const struct csv_items *items, const struct shmpub_column *c,
                        size_t position, bool has_positions)
{
	for (size_t i = 0; i < items->n; i++) {
		const struct csv_item *item = &items->items[i];

		if (span_eq(item->text, column_name(c)) ||
		    (has_positions && item->is_position && item->position == position))
			return true;
	}
	return false;
}

static void check_dates(struct doubts *d, size_t position)
{
	const struct csv_options *o = d->feed->csv;
	const struct shmpub_column *c = &d->table->columns[position];
	bool is_index = o->parses_index && c->index > 0;

	if (c->type == SHMPUB_TIMESTAMP || c->type == SHMPUB_NULL || d->table->n_rows == 0)
		return;
	if (is_index || is_in_items(&o->parse_dates, c, position, !o->usecols.is_given))
		warn_of_column(d, c,
		               "parse_dates finds a cell that is no date, so the column is as it "
		               "would be without");
}

/* --- all of them ----------------------------------------------------------------------------------- */

static void check_values(struct doubts *d, const struct shmpub_column *c)
{
	uint64_t i = 0;

	while (i < c->n_rows && !column_is_valid(c, i))
		i++;
	if (c->n_rows && i == c->n_rows)
		warn_of_column(d, c, "every value is missing");
}

int feed_doubts(struct buffer *out, const struct config_feed *feed,
                const struct snapshot_view *view, struct shmpub_error *err)
{
	struct doubts d = { .out = out, .err = err, .feed = feed, .table = &view->table };
	size_t before;

	d.r = buffer_append(out, span_str("\n"), err);
	before = out->size;
	check_rows(&d, view->stamp.skipped_rows);
	check_delimiter(&d);
	for (size_t i = 0; i < view->table.n_columns; i++) {
		const struct shmpub_column *c = &view->table.columns[i];

		check_name(&d, c);
		check_values(&d, c);
		check_text(&d, c);
		check_dates(&d, i);
	}
	if (!d.r && out->size == before)
		out->size--; /* nothing was told: the empty line goes */
	return d.r;
}
