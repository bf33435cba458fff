#include "api/check_columns.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "columns/codes.h"
#include "columns/column_type.h"
#include "columns/timezone.h"
#include "columns/unique.h"

/*
 * Every rule has a message of its own, because a programmer who filled a struct by hand
 * reads it. The functions *_rule() return NULL, or the rule that is broken. Values are
 * checked only where a wrong one would lead a reader out of bounds or make it refuse the
 * table: offsets, codes, UTF-8.
 */

static int broken(struct shmpub_error *err, const struct shmpub_column *c, const char *rule)
{
	size_t size = c->name != NULL && c->name_size < 100 ? c->name_size : 0;

	return error_set(err, SHMPUB_ERR_INVALID, "column \"%.*s\": %s", (int)size,
	                 size > 0 ? c->name : "", rule);
}

static bool is_aligned(const void *p, size_t to)
{
	return (uintptr_t)p % to == 0;
}

static const char *type_rule(const struct shmpub_column *c)
{
	const struct column_type *type = column_type(c->type);

	if (type == NULL)
		return "type is not one of enum shmpub_type";
	if ((unsigned)c->unit > SHMPUB_NANOSECOND)
		return "unit is not one of enum shmpub_unit";
	if (c->timezone != NULL && !type->has_unit)
		return "only timestamps have a time zone";
	if (c->timezone != NULL && !timezone_is_valid(span_str(c->timezone)))
		return "time zone is neither a name (Europe/Berlin) nor +hh:mm";
	if ((unsigned)c->kind > SHMPUB_KIND_BOOL)
		return "kind is not one of enum shmpub_kind";
	if (c->kind != SHMPUB_PLAIN && (c->kind != type->kind || c->dictionary != NULL))
		return c->kind == SHMPUB_KIND_INT ? "kind int is for text"
		                                  : "kind bool is for bool";
	return NULL;
}

/* An integer has only one spelling as a label, so that equal labels are equal names. */
static bool is_label(struct span name)
{
	static const char largest[] = "9223372036854775807";
	size_t digits = sizeof(largest) - 1;

	return text_is_integer(name) && name.data[0] != '+' && name.data[0] != '-' &&
	       (name.data[0] != '0' || name.size == 1) &&
	       (name.size < digits ||
	        (name.size == digits && memcmp(name.data, largest, digits) <= 0));
}

static const char *name_rule(const struct shmpub_column *c)
{
	if (c->name == NULL && c->name_size > 0)
		return "name is missing";
	if (utf8_valid_prefix(span_of(c->name, c->name_size)) != c->name_size)
		return "name is not UTF-8";
	for (size_t i = 0; i < ARRAY_LEN(c->reserved); i++) {
		if (c->reserved[i] != 0)
			return "reserved room is not zero: initialise the column";
	}
	if (c->index < 0)
		return "index is below 0";
	if (c->is_unnamed && c->index == 0)
		return "only index levels can be unnamed";
	if (c->is_unnamed && c->is_integer_name)
		return "what has no name has no integer as name";
	if (c->is_integer_name && !is_label(span_of(c->name, c->name_size)))
		return "the name is no integer from 0 to 2^63 - 1, in digits without leading zeros";
	return NULL;
}

static const char *text_rule(const struct shmpub_column *c, uint64_t n)
{
	const int64_t *o = c->offsets;

	if (n == 0)
		return NULL;
	if (o == NULL || !is_aligned(o, sizeof(*o)))
		return "offsets are missing or not aligned to 8 bytes";
	if (o[0] < 0)
		return "offsets begin below 0";
	for (uint64_t i = 0; i < n; i++) {
		if (o[i + 1] < o[i])
			return "offsets fall";
	}
	if (o[n] > o[0] && c->text == NULL)
		return "text is missing";
	for (uint64_t i = 0; i < n; i++) {
		struct span cell = column_text(c, i);

		if (cell.size > 0 && utf8_valid_prefix(cell) != cell.size)
			return "text is not UTF-8";
		if (c->kind == SHMPUB_KIND_INT && column_is_valid(c, i) && !text_is_integer(cell))
			return "text of kind int is no integer";
	}
	return NULL;
}

static const char *plain_rule(const struct shmpub_column *c, uint64_t n)
{
	const struct column_type *type = column_type(c->type);

	if (type->form == FORM_TEXT)
		return text_rule(c, n);
	if (n == 0 || type->form == FORM_NONE)
		return NULL;
	if (c->values == NULL ||
	    (type->form == FORM_VALUES && !is_aligned(c->values, type->value_size)))
		return "values are missing or not aligned to their size";
	return NULL;
}

static const char *codes_rule(const struct shmpub_column *c, uint64_t n)
{
	if (c->code_size != 1 && c->code_size != 2 && c->code_size != 4)
		return "code_size is not 1, 2 or 4";
	if (n > 0 && (c->values == NULL || !is_aligned(c->values, (size_t)c->code_size)))
		return "codes are missing or not aligned";
	for (uint64_t i = 0; i < n; i++) {
		if ((c->validity == NULL || bit_get(c->validity, i)) &&
		    code_get(c->values, c->code_size, i) >= c->dictionary->n_rows)
			return "a code is outside the dictionary";
	}
	return NULL;
}

static const char *dictionary_rule(const struct shmpub_column *c)
{
	const struct shmpub_column *d = c->dictionary;

	if (c->type == SHMPUB_NULL)
		return "a dictionary has values of a type";
	if (d->type != c->type || d->unit != c->unit)
		return "the dictionary's type is another one";
	if (d->dictionary != NULL)
		return "the dictionary has a dictionary";
	if (d->validity != NULL)
		return "the dictionary has nulls";
	if (d->n_rows > TABLE_MAX_ROWS)
		return "too many values in the dictionary";
	return plain_rule(d, d->n_rows);
}

static int check_column(const struct shmpub_column *c, uint64_t n, struct shmpub_error *err)
{
	const char *rule = name_rule(c);

	if (rule == NULL)
		rule = type_rule(c);
	if (rule == NULL && c->dictionary == NULL)
		rule = plain_rule(c, n);
	if (rule == NULL && c->dictionary != NULL)
		rule = dictionary_rule(c);
	if (rule == NULL && c->dictionary != NULL)
		rule = codes_rule(c, n);
	return rule == NULL ? SHMPUB_OK : broken(err, c, rule);
}

/* --- rules between columns ----------------------------------------------------------------------- */

/*
 * Equal names are found by sorting, since comparing all pairs would take too long in wide tables.
 */

static int by_name(const void *a, const void *b)
{
	const struct shmpub_column *x = *(const struct shmpub_column *const *)a;
	const struct shmpub_column *y = *(const struct shmpub_column *const *)b;
	size_t n = x->name_size < y->name_size ? x->name_size : y->name_size;
	int c = n > 0 ? memcmp(x->name, y->name, n) : 0;

	if (c != 0)
		return c;
	return (x->name_size > y->name_size) - (x->name_size < y->name_size);
}

static int check_names(const struct shmpub_column *columns, size_t n, struct shmpub_error *err)
{
	const struct shmpub_column **sorted;
	size_t named = 0;
	int r = SHMPUB_OK;

	sorted = mem_zalloc(n + 1, sizeof(void *));
	if (sorted == NULL)
		return error_nomem(err, (n + 1) * sizeof(void *));
	for (size_t i = 0; i < n; i++) {
		if (!columns[i].is_unnamed)
			sorted[named++] = &columns[i];
	}
	qsort(sorted, named, sizeof(void *), by_name);
	for (size_t i = 1; i < named && r == SHMPUB_OK; i++) {
		if (by_name(&sorted[i - 1], &sorted[i]) == 0)
			r = broken(err, sorted[i], "the name is there twice");
	}
	mem_free(sorted);
	return r;
}

static int check_levels(const struct shmpub_column *columns, size_t n, struct shmpub_error *err)
{
	uint8_t *seen;
	size_t levels = 0;
	int r = SHMPUB_OK;

	seen = mem_zalloc(n / 8 + 1, 1);
	if (seen == NULL)
		return error_nomem(err, n / 8 + 1);
	for (size_t i = 0; i < n; i++)
		levels += columns[i].index > 0;
	for (size_t i = 0; i < n && r == SHMPUB_OK; i++) {
		int level = columns[i].index - 1;

		if (level < 0)
			continue;
		if ((size_t)level >= levels || bit_get(seen, (uint64_t)level))
			r = broken(err, &columns[i], "index levels do not count 1, 2, ...");
		else
			bit_put(seen, (uint64_t)level, true);
	}
	mem_free(seen);
	return r;
}

static uint64_t count_nulls(const struct shmpub_column *c, uint64_t n)
{
	uint64_t nulls = 0;

	if (c->type == SHMPUB_NULL)
		return n;
	if (c->validity == NULL)
		return 0;
	for (uint64_t i = 0; i < n; i++)
		nulls += !bit_get(c->validity, i);
	return nulls;
}

/* Copy the columns and set the members that the caller need not set: counts and sizes. */
static void complete(struct checked *c, const struct shmpub_column *columns, size_t n_columns,
                     uint64_t n_rows)
{
	for (size_t i = 0; i < n_columns; i++) {
		struct shmpub_column *to = &c->columns[i];

		*to = columns[i];
		to->n_rows = n_rows;
		to->null_count = count_nulls(to, n_rows);
		if (to->null_count == 0)
			to->validity = NULL;
		if (to->dictionary == NULL) {
			to->code_size = 0;
			continue;
		}
		c->dictionaries[i] = *to->dictionary;
		c->dictionaries[i].null_count = 0;
		if (form_of_type(to->type) == FORM_TEXT && to->dictionary->n_rows > 0)
			c->dictionaries[i].text_size =
			        (uint64_t)to->dictionary->offsets[to->dictionary->n_rows];
		to->dictionary = &c->dictionaries[i];
	}
	c->table = (struct table){ .n_rows = n_rows,
		                   .n_columns = n_columns,
		                   .columns = c->columns };
}

/* Called after all other checks, because it follows offsets of text. */
static int check_dictionaries(const struct checked *c, struct shmpub_error *err)
{
	for (size_t i = 0; i < c->table.n_columns; i++) {
		const struct shmpub_column *d = c->columns[i].dictionary;
		const char *rule = NULL;
		int r = d != NULL ? unique_rule(&rule, d, err) : SHMPUB_OK;

		if (r)
			return r;
		if (rule != NULL)
			return broken(err, &c->columns[i], rule);
	}
	return SHMPUB_OK;
}

int checked_init(struct checked *out, const struct shmpub_column *columns, size_t n_columns,
                 uint64_t n_rows, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	*out = CHECKED_NONE;
	if (n_columns == 0 || columns == NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "no columns");
	if (n_rows > TABLE_MAX_ROWS)
		return error_set(err, SHMPUB_ERR_INVALID, "more than 2^48 rows");
	for (size_t i = 0; r == SHMPUB_OK && i < n_columns; i++)
		r = check_column(&columns[i], n_rows, err);
	if (r == SHMPUB_OK)
		r = check_names(columns, n_columns, err);
	if (r == SHMPUB_OK)
		r = check_levels(columns, n_columns, err);
	if (r)
		return r;
	out->columns = mem_zalloc(n_columns, sizeof(*out->columns));
	out->dictionaries = mem_zalloc(n_columns, sizeof(*out->dictionaries));
	if (out->columns == NULL || out->dictionaries == NULL) {
		checked_free(out);
		return error_nomem(err, n_columns * sizeof(*out->columns));
	}
	complete(out, columns, n_columns, n_rows);
	r = check_dictionaries(out, err);
	if (r)
		checked_free(out);
	return r;
}

void checked_free(struct checked *c)
{
	mem_free(c->columns);
	mem_free(c->dictionaries);
	*c = CHECKED_NONE;
}
