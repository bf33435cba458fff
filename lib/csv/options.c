#include "csv/options.h"

#include "base/alloc.h"
#include "base/error.h"
#include "csv/dtype.h"
#include "csv/encoding.h"
#include "csv/item_list.h"
#include "value/date_format.h"

/*
 * A table has a row for each option, with the function that parses its text and the member of
 * struct csv_options that the function sets.
 *
 * Options of single columns (dtype.NAME) are kept in one struct csv_column_option for each
 * column. It is looked up by the column's name first and then by its position, as pandas does
 * with its dicts.
 */

struct key {
	const char *name;
	int (*set)(struct csv_options *o, const struct key *key, struct span value,
	           struct shmpub_error *err);
	size_t offset; /* of the member that is set */
	/* Sets the option of one column (`name`.COLUMN); NULL: there is no such option. */
	int (*set_column)(struct csv_column_option *c, const struct key *key, struct span value,
	                  struct shmpub_error *err);
};

static void *member(struct csv_options *o, const struct key *key)
{
	return (char *)o + key->offset;
}

static int refuse(const struct key *key, struct span value, const char *expected,
                  struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_INVALID, "%s: \"%.*s\" is not %s", key->name,
	                 span_shown(value, 80), value.data, expected);
}

static const struct {
	const char *word;
	bool flag;
} flag_words[] = {
	{ "yes", true }, { "true", true },   { "True", true },   { "on", true },
	{ "no", false }, { "false", false }, { "False", false }, { "off", false },
};

static bool parse_flag(bool *out, struct span value)
{
	for (size_t i = 0; i < ARRAY_LEN(flag_words); i++) {
		if (span_is(value, flag_words[i].word)) {
			*out = flag_words[i].flag;
			return true;
		}
	}
	return false;
}

static int set_flag(struct csv_options *o, const struct key *key, struct span value,
                    struct shmpub_error *err)
{
	bool flag = span_is(value, "1");

	if (!flag && !span_is(value, "0") && !parse_flag(&flag, value))
		return refuse(key, value, "yes or no", err);
	*(bool *)member(o, key) = flag;
	return SHMPUB_OK;
}

static const struct {
	const char *word;
	char byte;
} byte_words[] = {
	{ "comma", ',' }, { "tab", '\t' },        { "\\t", '\t' },  { "space", ' ' },
	{ "pipe", '|' },  { "semicolon", ';' },   { "colon", ':' }, { "hash", '#' },
	{ "quote", '"' }, { "apostrophe", '\'' }, { "point", '.' }, { "none", '\0' },
};

/* Parses a word of byte_words, or one byte of ASCII that does not end lines. */
static bool parse_byte(char *out, struct span value)
{
	for (size_t i = 0; i < ARRAY_LEN(byte_words); i++) {
		if (span_is(value, byte_words[i].word)) {
			*out = byte_words[i].byte;
			return true;
		}
	}
	if (value.size != 1 || (unsigned char)value.data[0] >= 0x80 || value.data[0] == '\n' ||
	    value.data[0] == '\r')
		return false;
	*out = value.data[0];
	return true;
}

/* Sets a byte that may be `none`. */
static int set_byte(struct csv_options *o, const struct key *key, struct span value,
                    struct shmpub_error *err)
{
	char byte;

	if (!parse_byte(&byte, value))
		return refuse(key, value, "one ASCII byte, or a word such as semicolon or none",
		              err);
	*(char *)member(o, key) = byte;
	return SHMPUB_OK;
}

static int set_required_byte(struct csv_options *o, const struct key *key, struct span value,
                             struct shmpub_error *err)
{
	char byte;

	if (!parse_byte(&byte, value) || byte == '\0')
		return refuse(key, value, "one ASCII byte, or a word such as tab", err);
	*(char *)member(o, key) = byte;
	return SHMPUB_OK;
}

static int set_delimiter(struct csv_options *o, const struct key *key, struct span value,
                         struct shmpub_error *err)
{
	bool is_whitespace = span_is(value, "whitespace") || span_is(value, "\\s+");
	int r = is_whitespace ? SHMPUB_OK : set_required_byte(o, key, value, err);

	if (r == SHMPUB_OK)
		o->is_whitespace = is_whitespace;
	return r;
}

static int set_items(struct csv_options *o, const struct key *key, struct span value,
                     struct shmpub_error *err)
{
	return item_list_set(member(o, key), value, err);
}

static bool is_same_item(const struct csv_item *a, const struct csv_item *b)
{
	return a->is_position == b->is_position &&
	       (a->is_position ? a->position == b->position : span_eq(a->text, b->text));
}

/* Sets names in the order they are written, or positions in ascending order, each of them once. */
static int set_usecols(struct csv_options *o, const struct key *key, struct span value,
                       struct shmpub_error *err)
{
	struct csv_items items = CSV_ITEMS_NONE;
	size_t kept = 0, k;
	int r = item_list_set(&items, value, err);

	if (r)
		return r;
	for (size_t i = 0; i < items.n; i++) {
		if (items.items[i].is_position == items.items[0].is_position)
			continue;
		item_list_free(&items);
		return refuse(key, value, "all names or all positions", err);
	}
	for (size_t i = 0; i < items.n; i++) {
		for (k = 0; k < kept && !is_same_item(&items.items[k], &items.items[i]);)
			k++;
		if (k == kept)
			items.items[kept++] = items.items[i];
		else
			item_deinit(&items.items[i]);
	}
	items.n = kept;
	(void)item_list_sort_positions(&items);
	item_list_free(&o->usecols);
	o->usecols = items;
	return SHMPUB_OK;
}

/* A format may contain commas, so it is not parsed as a list. */
static int set_format_item(struct csv_items *items, struct span value, struct shmpub_error *err)
{
	struct date_format format;
	int r = date_format_compile(&format, value, err);

	return r ? r : item_list_set_one(items, value, err);
}

static int set_format(struct csv_options *o, const struct key *key, struct span value,
                      struct shmpub_error *err)
{
	return set_format_item(member(o, key), value, err);
}

static int set_number(struct csv_options *o, const struct key *key, struct span value,
                      struct shmpub_error *err)
{
	uint64_t number;

	if (!item_parse_position(&number, value) || number == 0)
		return refuse(key, value, "a number above 0", err);
	*(uint64_t *)member(o, key) = number;
	return SHMPUB_OK;
}

static int set_header(struct csv_options *o, const struct key *key, struct span value,
                      struct shmpub_error *err)
{
	uint64_t line = 0;
	bool has_header = !span_is(value, "none") && !span_is(value, "None");

	if (has_header && !item_parse_position(&line, value))
		return refuse(key, value, "a line number from 0, or none", err);
	o->has_header = has_header;
	o->header = line;
	o->is_header_given = true;
	return SHMPUB_OK;
}

static int set_parse_dates(struct csv_options *o, const struct key *key, struct span value,
                           struct shmpub_error *err)
{
	bool parses_index;

	/* "0" and "1" are no flags here: they are positions of columns. */
	if (!parse_flag(&parses_index, value)) {
		o->parses_index = false;
		return set_items(o, key, value, err);
	}
	item_list_free(&o->parse_dates);
	o->parses_index = parses_index;
	return SHMPUB_OK;
}

/*
 * A number without brackets says how many lines are skipped. Several numbers, or a list in
 * brackets, say which lines.
 */
static int set_skiprows(struct csv_options *o, const struct key *key, struct span value,
                        struct shmpub_error *err)
{
	bool is_list = value.size >= 2 && value.data[0] == '[' && value.data[value.size - 1] == ']';
	struct csv_items items = CSV_ITEMS_NONE;
	int r = item_list_set(&items, is_list ? span_of(value.data + 1, value.size - 2) : value,
	                      err);

	if (r)
		return r;
	if (!item_list_sort_positions(&items)) {
		item_list_free(&items);
		return refuse(key, value, "a number of lines, or line numbers from 0", err);
	}
	item_list_free(&o->skiprows);
	o->skiprows = items;
	o->skips_list = is_list || items.n > 1;
	return SHMPUB_OK;
}

static int set_bad_lines(struct csv_options *o, const struct key *key, struct span value,
                         struct shmpub_error *err)
{
	bool keeps = span_is(value, "feed"), skips = keeps || span_is(value, "skip");

	if (!skips && !span_is(value, "error"))
		return refuse(key, value, "error, skip or feed", err);
	o->keeps_rejects = keeps;
	o->skips_bad_lines = skips;
	return SHMPUB_OK;
}

static int set_encoding(struct csv_options *o, const struct key *key, struct span value,
                        struct shmpub_error *err)
{
	return csv_encoding_by_name(&o->encoding, value)
	               ? SHMPUB_OK
	               : refuse(key, value, "utf-8, latin-1, cp1252 or utf-16", err);
}

static int set_dtype(struct csv_options *o, const struct key *key, struct span value,
                     struct shmpub_error *err)
{
	return csv_dtype_parse(&o->dtype, value) ? SHMPUB_OK : refuse(key, value, CSV_DTYPES, err);
}

static int set_column_dtype(struct csv_column_option *c, const struct key *key, struct span value,
                            struct shmpub_error *err)
{
	return csv_dtype_parse(&c->dtype, value) ? SHMPUB_OK : refuse(key, value, CSV_DTYPES, err);
}

static int set_column_na(struct csv_column_option *c, const struct key *key, struct span value,
                         struct shmpub_error *err)
{
	(void)key;
	return item_list_set(&c->na_values, value, err);
}

static int set_column_format(struct csv_column_option *c, const struct key *key, struct span value,
                             struct shmpub_error *err)
{
	(void)key;
	return set_format_item(&c->date_format, value, err);
}

#define AT(name) offsetof(struct csv_options, name)

static const struct key keys[] = {
	{ "delimiter", set_delimiter, AT(delimiter), NULL },
	{ "sep", set_delimiter, AT(delimiter), NULL },
	{ "quotechar", set_byte, AT(quote), NULL },
	{ "comment", set_byte, AT(comment), NULL },
	{ "thousands", set_byte, AT(thousands), NULL },
	{ "decimal", set_required_byte, AT(decimal), NULL },
	{ "skipinitialspace", set_flag, AT(skips_spaces), NULL },
	{ "on_bad_lines", set_bad_lines, 0, NULL },
	{ "header", set_header, 0, NULL },
	{ "names", set_items, AT(names), NULL },
	{ "usecols", set_usecols, AT(usecols), NULL },
	{ "index_col", set_items, AT(index_col), NULL },
	{ "parse_dates", set_parse_dates, AT(parse_dates), NULL },
	{ "date_format", set_format, AT(date_format), set_column_format },
	{ "na_values", set_items, AT(na_values), set_column_na },
	{ "keep_default_na", set_flag, AT(keeps_default_na), NULL },
	{ "true_values", set_items, AT(true_values), NULL },
	{ "false_values", set_items, AT(false_values), NULL },
	{ "skiprows", set_skiprows, AT(skiprows), NULL },
	{ "encoding", set_encoding, 0, NULL },
	{ "max_columns", set_number, AT(max_columns), NULL },
	{ "dtype", set_dtype, 0, set_column_dtype },
};

/*
 * Returns the row of the option, or NULL. *column is COLUMN of a key such as dtype.COLUMN, and
 * SPAN_NONE when the key names no column.
 */
static const struct key *find_key(struct span name, struct span *column)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t size = strlen(keys[i].name);

		*column = SPAN_NONE;
		if (span_is(name, keys[i].name))
			return &keys[i];
		if (keys[i].set_column && name.size > size + 1 && name.data[size] == '.' &&
		    memcmp(name.data, keys[i].name, size) == 0) {
			*column = span_of(name.data + size + 1, name.size - size - 1);
			return &keys[i];
		}
	}
	return NULL;
}

bool csv_options_has(struct span key)
{
	struct span column;

	return find_key(key, &column) != NULL;
}

const char *csv_options_key(size_t i)
{
	static const char *const families[] = { "dtype.", "na_values.", "date_format." };

	if (i < ARRAY_LEN(keys))
		return keys[i].name;
	i -= ARRAY_LEN(keys);
	return i < ARRAY_LEN(families) ? families[i] : NULL;
}

static void column_option_deinit(struct csv_column_option *c)
{
	item_deinit(&c->column);
	item_list_free(&c->na_values);
	item_list_free(&c->date_format);
}

/* Finds the options of a column, or appends new ones and sets *is_new. */
static int find_or_add_column(struct csv_column_option **out, bool *is_new, struct csv_options *o,
                              struct span name, struct shmpub_error *err)
{
	struct csv_column_option *columns;
	int r;

	*is_new = false;
	for (size_t i = 0; i < o->n_columns; i++) {
		*out = &o->columns[i];
		if (span_eq(o->columns[i].column.text, name))
			return SHMPUB_OK;
	}
	columns = mem_resize(o->columns, (o->n_columns + 1) * sizeof(*columns));
	if (columns == NULL)
		return error_nomem(err, (o->n_columns + 1) * sizeof(*columns));
	o->columns = columns;
	columns[o->n_columns] = (struct csv_column_option){ .dtype = CSV_DTYPE_AUTO };
	r = item_init(&columns[o->n_columns].column, name, false, err);
	if (r)
		return r;
	*is_new = true;
	*out = &columns[o->n_columns++];
	return SHMPUB_OK;
}

int csv_options_set(struct csv_options *o, struct span key, struct span value,
                    struct shmpub_error *err)
{
	struct csv_column_option *c = NULL;
	struct span column;
	const struct key *k = find_key(key, &column);
	bool is_new;
	int r;

	if (k == NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "\"%.*s\" is no CSV option",
		                 span_shown(key, 80), key.data);
	if (column.data == NULL)
		return k->set(o, k, value, err);
	r = find_or_add_column(&c, &is_new, o, column, err);
	if (r)
		return r;
	r = k->set_column(c, k, value, err);
	if (r && is_new)
		column_option_deinit(&o->columns[--o->n_columns]);
	return r;
}

int csv_options_new(struct csv_options **out, struct shmpub_error *err)
{
	struct csv_options *o = mem_zalloc(1, sizeof(*o));

	if (o == NULL)
		return error_nomem(err, sizeof(*o));
	o->delimiter = ',';
	o->quote = '"';
	o->decimal = '.';
	o->has_header = true;
	o->keeps_default_na = true;
	o->max_columns = CSV_MAX_COLUMNS;
	*out = o;
	return SHMPUB_OK;
}

void csv_options_free(struct csv_options *o)
{
	if (o == NULL)
		return;
	/* Only these functions set a list, which has to be freed. */
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (keys[i].set == set_items || keys[i].set == set_format ||
		    keys[i].set == set_usecols || keys[i].set == set_parse_dates ||
		    keys[i].set == set_skiprows)
			item_list_free(member(o, &keys[i]));
	}
	for (size_t i = 0; i < o->n_columns; i++)
		column_option_deinit(&o->columns[i]);
	mem_free(o->columns);
	mem_free(o);
}

static bool has_value(const struct csv_column_option *c, enum csv_family family)
{
	switch (family) {
	case CSV_FAMILY_DTYPE:
		return c->dtype != CSV_DTYPE_AUTO;
	case CSV_FAMILY_NA_VALUES:
		return c->na_values.is_given;
	default:
		return c->date_format.is_given;
	}
}

const struct csv_column_option *csv_options_column(const struct csv_options *o,
                                                   enum csv_family family, struct span name,
                                                   uint64_t position)
{
	for (size_t i = 0; i < o->n_columns; i++) {
		if (has_value(&o->columns[i], family) && span_eq(o->columns[i].column.text, name))
			return &o->columns[i];
	}
	for (size_t i = 0; i < o->n_columns; i++) {
		if (has_value(&o->columns[i], family) && o->columns[i].column.is_position &&
		    o->columns[i].column.position == position)
			return &o->columns[i];
	}
	return NULL;
}
