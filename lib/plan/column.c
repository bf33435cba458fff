#include "plan/column.h"

#include "base/alloc.h"
#include "base/error.h"
#include "plan/choose.h"
#include "plan/na_words.h"
#include "rows/trim.h"

/*
 * Applies the options that name a column or its position: dtype, na_values, date_format. Which
 * fields are columns has been decided before (choose.c).
 */

/* The second of two columns "a" became "a.1" (names_mangle): returns the dtype option of "a". */
static const struct csv_column_option *option_of_original(const struct column *c,
                                                          const struct header *h,
                                                          const struct csv_options *o)
{
	size_t i = c->source - h->leading; /* for a leading field too large for any name */

	if (!h->has_rows || i >= h->names.n || h->names.names[i].original.data == NULL ||
	    !span_eq(h->names.names[i].text, c->option_name))
		return NULL;
	return csv_options_column(o, CSV_FAMILY_DTYPE, h->names.names[i].original, UINT64_MAX);
}

/*
 * Columns without na_values of their own share na[0]. An option for columns has one set of words,
 * which is built for the first column that the option applies to.
 */
static int set_na(struct columns *s, struct column *c, const struct csv_column_option *option,
                  const struct csv_options *o, struct shmpub_error *err)
{
	struct na_words *na = &s->na[0];
	int r = SHMPUB_OK;

	if (option) {
		na = &s->na[1 + (option - o->columns)];
		if (na->words.n_words == 0)
			r = na_words_init(na, &option->na_values, o->keeps_default_na, err);
	}
	c->na = na;
	return r;
}

/*
 * Sets the route of a column of parse_dates. If pandas' reader leaves the column as text, its dates
 * are read from the cells as they are written. Any other column is first read as its type; its
 * dates are read from the text that spells these values again. If a level of the index proves to
 * be text and no dates, its type is inferred once more, unless a dtype was given for this level.
 */
static void set_route(struct column *c, bool is_of_reader, bool has_rows, bool has_own_dtype)
{
	bool is_level = c->index_level >= 0 && !c->is_leading;
	bool is_date = c->request.is_date || is_of_reader;
	bool is_as_written = c->dtype == CSV_DTYPE_AUTO && c->request.is_unconverted;

	if (c->route == ROUTE_TEXT_OF_VALUES) {
		c->first_dtype = c->dtype = CSV_DTYPE_AUTO;
		return;
	}
	if (!has_rows || (is_level && has_own_dtype) || c->dtype == CSV_DTYPE_TIMESTAMP ||
	    (!is_date && !is_as_written))
		return;
	if (!is_date)
		c->route = ROUTE_TEXT;
	else if (is_as_written)
		c->route = is_of_reader ? ROUTE_DATES_OF_READER : ROUTE_DATES;
	else
		c->route = ROUTE_DATES_OF_VALUES;
	c->infers_again = is_level;
	c->first_dtype = is_date ? c->dtype : CSV_DTYPE_STR;
	c->dtype = CSV_DTYPE_AUTO;
}

/*
 * pandas infers the type of a level twice. The second time a cell whose value equals that of an NA
 * word is NA, even if it is spelled in another way.
 */
static void set_value_nulls(struct column *c, bool has_rows)
{
	if (!has_rows || c->index_level < 0 || c->is_leading || c->route != ROUTE_TYPED ||
	    c->dtype != CSV_DTYPE_AUTO || c->na->n_numbers == 0)
		return;
	c->route = ROUTE_COMPARED;
	c->infers_again = true;
	c->first_dtype = CSV_DTYPE_AUTO;
}

static int set_form(struct column *c, const struct csv_items *format, struct shmpub_error *err)
{
	if (!column_may_be_dates(c) || format->n == 0)
		return SHMPUB_OK;
	c->given_form = mem_zalloc(1, sizeof(*c->given_form));
	if (c->given_form == NULL)
		return error_nomem(err, sizeof(*c->given_form));
	return date_format_compile(c->given_form, format->items[0].text, err);
}

/*
 * With index_col, and for a table without rows, pandas replaces each position in dtype by the name
 * there, and fails if there is none. In all other cases such a position has no effect.
 */
static int check_positions(const struct columns *s, const struct header *h,
                           const struct csv_options *o, struct shmpub_error *err)
{
	bool are_names = h->has_rows && (o->index_col.n == 0 || h->leading > 0);

	for (size_t i = 0; i < o->n_columns && !are_names; i++) {
		const struct csv_item *item = &o->columns[i].column;
		size_t k = 0;

		if (!item->is_position || item->position < s->n_labels || !o->columns[i].dtype)
			continue;
		while (k < s->n && !span_eq(s->columns[k].name, item->text))
			k++;
		if (k == s->n)
			return error_set(err, SHMPUB_ERR_CSV,
			                 "dtype.%.*s: there are only %zu columns",
			                 (int)item->text.size, item->text.data, s->n_labels);
	}
	return SHMPUB_OK;
}

/*
 * Returns the column's option by its name, else by its position. But if the header has a column
 * whose name is this number, the option is for that column alone.
 */
static const struct csv_column_option *find_option(enum csv_family family, struct span name,
                                                   size_t place, const struct header *h,
                                                   const struct csv_options *o)
{
	const struct csv_column_option *option = csv_options_column(o, family, name, place);

	if (option && !h->has_integer_names && !span_eq(option->column.text, name) &&
	    names_find(&h->names, option->column.text) < h->names.n)
		return NULL;
	return option;
}

/* Looks by its name, then by the name that it had before it was numbered, then by its position. */
static const struct csv_column_option *find_dtype(const struct column *c, const struct header *h,
                                                  const struct csv_options *o)
{
	const struct csv_column_option *option;

	option = csv_options_column(o, CSV_FAMILY_DTYPE, c->option_name, UINT64_MAX);
	if (option == NULL)
		option = option_of_original(c, h, o);
	return option ? option : find_option(CSV_FAMILY_DTYPE, c->option_name, c->source, h, o);
}

/*
 * Returns date_format for the column. pandas' reader looks for it by the name over the field;
 * everything else by the column's name, which a level may not have.
 */
static const struct csv_items *find_date_format(const struct column *c, bool is_of_reader,
                                                const struct header *h, const struct csv_options *o)
{
	const struct csv_column_option *option = NULL;

	if (is_of_reader)
		option = csv_options_column(o, CSV_FAMILY_DATE_FORMAT,
		                            h->names.names[c->source].text, UINT64_MAX);
	else if (c->index_level < 0 || !c->is_unnamed)
		option = find_option(CSV_FAMILY_DATE_FORMAT, c->name, c->source, h, o);
	return option ? &option->date_format : &o->date_format;
}

/*
 * True if pandas' reader itself makes dates of the column, should all its cells be ISO 8601 in one
 * layout. The reader finds the column by the position of its field: therefore it finds a level
 * that has no name, and with usecols another column than parse_dates means.
 */
static bool is_read_as_date(const struct column *c, const struct header *h,
                            const struct csv_options *o)
{
	const struct csv_items *format;

	if (!c->request.is_read || c->request.is_date || c->dtype != CSV_DTYPE_AUTO)
		return false;
	format = find_date_format(c, true, h, o);
	return format->n == 0 || span_is(format->items[0].text, "ISO8601");
}

/*
 * pandas casts a level once more when it makes the index. There a position in dtype counts the used
 * names, not the fields. *option is the dtype option of the column; where there is one for this
 * second cast, *option is set to it.
 */
static int set_level_dtype(struct column *c, size_t place, const struct csv_column_option **option,
                           const struct header *h, const struct csv_options *o,
                           struct shmpub_error *err)
{
	const struct csv_column_option *cast;

	if (c->index_level < 0 || c->is_leading || c->is_unnamed || c->route == ROUTE_MISSING)
		return SHMPUB_OK;
	cast = find_option(CSV_FAMILY_DTYPE, c->name, place, h, o);
	if (cast == NULL || (*option && (*option)->dtype == cast->dtype))
		return SHMPUB_OK;
	if (*option)
		return error_set(err, SHMPUB_ERR_CSV,
		                 "dtype.%.*s and dtype.%.*s both mean the level \"%.*s\"",
		                 (int)(*option)->column.text.size, (*option)->column.text.data,
		                 (int)cast->column.text.size, cast->column.text.data,
		                 span_shown(c->name, 100), c->name.data);
	*option = cast;
	if (cast->dtype == CSV_DTYPE_STR)
		c->route = ROUTE_TEXT_OF_VALUES;
	return SHMPUB_OK;
}

static void set_types(struct column *c, const struct header *h, const struct csv_options *o,
                      const struct csv_column_option *option)
{
	c->dtype = option ? option->dtype : o->dtype;
	if (c->route == ROUTE_MISSING)
		return;
	set_route(c, is_read_as_date(c, h, o), h->has_rows, option != NULL && !c->is_unnamed);
}

/* Returns date_format for a column whose route is already set. */
static const struct csv_items *date_format_of(const struct column *c, const struct header *h,
                                              const struct csv_options *o)
{
	bool is_of_reader = c->route == ROUTE_DATES_OF_READER ||
	                    (c->request.is_read && !column_is_date(c));

	return find_date_format(c, is_of_reader, h, o);
}

static int set_options(struct columns *s, const struct header *h, const struct csv_options *o,
                       struct shmpub_error *err)
{
	int r = check_positions(s, h, o, err);

	for (size_t i = 0; i < s->n && r == SHMPUB_OK; i++) {
		struct column *c = &s->columns[i];
		const struct csv_column_option *option = find_dtype(c, h, o);

		if (h->has_rows)
			r = set_level_dtype(c, i, &option, h, o, err);
		if (r)
			return r;
		set_types(c, h, o, option);
		r = set_na(s, c, find_option(CSV_FAMILY_NA_VALUES, c->option_name, c->source, h, o),
		           o, err);
		if (r)
			return r;
		set_value_nulls(c, h->has_rows);
		c->has_plain_numbers = s->has_plain_quotes && !s->has_number_options &&
		                       !c->na->has_numbers && c->na->n_numbers == 0;
		r = set_form(c, date_format_of(c, h, o), err);
	}
	return r;
}

static int init_words(struct word_set *out, const struct csv_items *items, struct shmpub_error *err)
{
	struct span *words;
	int r;

	*out = WORD_SET_NONE;
	if (items->n == 0)
		return SHMPUB_OK;
	words = mem_zalloc(items->n, sizeof(*words));
	if (words == NULL)
		return error_nomem(err, items->n * sizeof(*words));
	for (size_t i = 0; i < items->n; i++)
		words[i] = items->items[i].text;
	r = word_set_init(out, words, items->n, err);
	mem_free(words);
	return r;
}

static int set_rules(struct columns *s, const struct header *h, const struct csv_options *o,
                     struct shmpub_error *err)
{
	int r = init_words(&s->true_words, &o->true_values, err);

	if (r == SHMPUB_OK)
		r = init_words(&s->false_words, &o->false_values, err);
	if (r)
		return r;
	s->rules = VALUE_RULES_NONE;
	s->rules.decimal = o->decimal;
	s->rules.thousands = o->thousands;
	s->rules.true_words = &s->true_words;
	s->rules.false_words = &s->false_words;
	s->has_bool_words = o->true_values.n + o->false_values.n > 0;
	s->has_number_options = o->decimal != '.' || o->thousands != '\0';
	s->has_plain_quotes = trim_has_plain_quotes(h->rows.dialect);
	s->na = mem_zalloc(o->n_columns + 1, sizeof(*s->na));
	if (s->na == NULL)
		return error_nomem(err, (o->n_columns + 1) * sizeof(*s->na));
	s->n_na = o->n_columns + 1;
	return na_words_init(&s->na[0], &o->na_values, o->keeps_default_na, err);
}

int columns_init(struct columns *out, const struct header *h, const struct csv_options *o,
                 struct shmpub_error *err)
{
	struct columns s = { .has_integer_names = h->has_integer_names };
	int r = choose_columns(&s, h, o, err);

	*out = s; /* before rules and columns point to its word sets */
	if (r == SHMPUB_OK)
		r = set_rules(out, h, o, err);
	if (r == SHMPUB_OK)
		r = set_options(out, h, o, err);
	if (r)
		columns_free(out);
	return r;
}

int columns_add_part(struct columns *s, const struct byte_parts *parts, struct shmpub_error *err)
{
	struct column *grown;

	for (size_t i = 0; i < s->n; i++) {
		if (span_eq(s->columns[i].name, parts->column))
			return error_set(err, SHMPUB_ERR_CSV,
			                 "there is a column '%.*s', the name of filename_column",
			                 span_shown(parts->column, 100), parts->column.data);
	}
	grown = mem_resize(s->columns, (s->n + 1) * sizeof(*grown));
	if (grown == NULL)
		return error_nomem(err, (s->n + 1) * sizeof(*grown));
	s->columns = grown;
	s->columns[s->n++] = (struct column){
		.name = parts->column, .index_level = -1, .route = ROUTE_PART, .na = &s->na[0]
	};
	return SHMPUB_OK;
}

void columns_free(struct columns *s)
{
	for (size_t i = 0; i < s->n; i++)
		mem_free(s->columns[i].given_form);
	for (size_t i = 0; i < s->n_na; i++)
		na_words_free(&s->na[i]);
	mem_free(s->na);
	mem_free(s->columns);
	word_set_free(&s->true_words);
	word_set_free(&s->false_words);
	*s = COLUMNS_NONE;
}
