#include "ingest/column.h"

#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"
#include "ingest/na_words.h"

/*
 * From names and options to columns: which fields of a record are used (usecols), which
 * become levels of the index (index_col, or the leading fields without a name), and what
 * was said of each by name or position. Positions in index_col and parse_dates count
 * the used columns, those of usecols, dtype and na_values the fields of a record, as
 * pandas has it.
 */

/* Positions of usecols that were used, so that what is missing can be told. */
static bool item_is(const struct csv_item *item, struct span name, size_t position)
{
	return item->is_position ? item->position == position : span_eq(item->text, name);
}

static bool is_used(const struct csv_options *o, struct span name, size_t position)
{
	if (!o->usecols.is_given)
		return true;
	for (size_t i = 0; i < o->usecols.n; i++) {
		if (item_is(&o->usecols.items[i], name, position))
			return true;
	}
	return false;
}

/* The name of field `source`; usecols may rename the used ones in turn. */
static const struct name *name_of(const struct header *h, const struct csv_options *o,
                                  size_t source, size_t n_used)
{
	size_t i = source - h->leading;

	if (o->usecols.is_given && o->names.is_given && o->names.n == o->usecols.n)
		i = n_used;
	return i < h->names.n ? &h->names.names[i] : NULL;
}

static int take_used(struct columns *s, const struct header *h, const struct csv_options *o,
                     struct shmpub_error *err)
{
	size_t n_used = 0;
	const struct name *name;

	s->columns = mem_zalloc(h->table_width, sizeof(*s->columns));
	if (s->columns == NULL)
		return error_nomem(err, h->table_width * sizeof(*s->columns));
	for (size_t i = 0; i < h->table_width; i++) {
		struct column c = { .source = i, .index_level = -1 };

		if (i < h->leading) {
			c.index_level = (int)i;
			c.is_unnamed = true;
			c.is_leading = true;
		} else {
			name = name_of(h, o, i, n_used);
			if (o->usecols.is_given && n_used == o->usecols.n)
				break;
			if (name == NULL || !is_used(o, name->text, i))
				continue;
			c.name = name->text;
			c.is_unnamed = false;
			n_used++;
		}
		s->columns[s->n++] = c;
	}
	if (o->usecols.is_given && n_used < o->usecols.n)
		return error_set(err, SHMPUB_ERR_CSV,
		                 "usecols asks for %zu columns, %zu of them are there",
		                 o->usecols.n, n_used);
	return SHMPUB_OK;
}

/* The used column an item names; NULL: none. Leading fields have no name. */
static struct column *find_used(struct columns *s, const struct header *h,
                                const struct csv_item *item)
{
	size_t n_leading = h->leading < s->n ? h->leading : s->n;

	for (size_t i = n_leading; i < s->n; i++) {
		if (item_is(item, s->columns[i].name, i - n_leading) ||
		    (item->is_position && s->has_integer_names &&
		     span_eq(item->text, s->columns[i].name)))
			return &s->columns[i];
	}
	return NULL;
}

static int no_column(const char *key, const struct csv_item *item, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_CSV, "%s: there is no column %.*s", key,
	                 (int)(item->text.size < 200 ? item->text.size : 200), item->text.data);
}

static bool is_unnamed(const struct header *h, struct span name)
{
	for (size_t i = 0; i < h->names.n; i++) {
		if (span_eq(h->names.names[i].text, name))
			return h->names.names[i].is_unnamed;
	}
	return false;
}

/* index_col beside leading fields counts all fields and must be as many as those. */
static int move_leading(struct columns *s, const struct header *h, const struct csv_options *o,
                        struct shmpub_error *err)
{
	size_t next = 0;

	if (o->index_col.n != h->leading)
		return error_set(err, SHMPUB_ERR_CSV,
		                 "index_col names %zu columns, the records have %zu without a name",
		                 o->index_col.n, h->leading);
	for (size_t i = 0; i < s->n; i++) {
		s->columns[i].index_level = -1;
		for (size_t k = 0; k < o->index_col.n; k++) {
			if (!o->index_col.items[k].is_position ||
			    o->index_col.items[k].position >= s->n)
				return no_column("index_col", &o->index_col.items[k], err);
			if (o->index_col.items[k].position == i)
				s->columns[i].index_level = (int)k;
		}
		s->columns[i].is_unnamed = s->columns[i].index_level >= 0;
		s->columns[i].is_leading = s->columns[i].is_unnamed;
		s->columns[i].name = SPAN_NONE;
		if (!s->columns[i].is_unnamed && next < h->names.n)
			s->columns[i].name = h->names.names[next++].text;
	}
	return SHMPUB_OK;
}

static int set_index(struct columns *s, const struct header *h, const struct csv_options *o,
                     struct shmpub_error *err)
{
	struct column *c;

	if (!o->index_col.is_given || o->index_col.n == 0)
		return SHMPUB_OK;
	if (h->leading > 0)
		return move_leading(s, h, o, err);
	for (size_t i = 0; i < o->index_col.n; i++) {
		c = find_used(s, h, &o->index_col.items[i]);
		if (c == NULL)
			return no_column("index_col", &o->index_col.items[i], err);
		if (c->index_level >= 0)
			return error_set(err, SHMPUB_ERR_CSV, "index_col: \"%.*s\" is there twice",
			                 (int)c->name.size, c->name.data);
		c->index_level = (int)i;
		c->is_unnamed = is_unnamed(h, c->name);
	}
	return SHMPUB_OK;
}

static int set_dates(struct columns *s, const struct header *h, const struct csv_options *o,
                     struct shmpub_error *err)
{
	struct column *c;

	for (size_t i = 0; i < o->parse_dates.n; i++) {
		c = find_used(s, h, &o->parse_dates.items[i]);
		if (c == NULL)
			return no_column("parse_dates", &o->parse_dates.items[i], err);
		c->is_date = true;
	}
	for (size_t i = 0; i < s->n; i++) {
		c = &s->columns[i];
		if (c->index_level < 0)
			continue;
		c->is_date |= o->parses_index;
		for (size_t k = 0; k < o->parse_dates.n && h->leading > 0; k++)
			c->is_date |= o->parse_dates.items[k].is_position &&
			              o->parse_dates.items[k].position == (uint64_t)c->index_level;
	}
	return SHMPUB_OK;
}

/* A name that was given a number keeps the dtype of the name without it. */
static const struct csv_column_option *said_before(const struct column *c, const struct header *h,
                                                   const struct csv_options *o)
{
	size_t i = c->source - h->leading; /* past every name for leading fields */

	if (!h->has_rows || i >= h->names.n || h->names.names[i].original.data == NULL ||
	    !span_eq(h->names.names[i].text, c->name))
		return NULL;
	return csv_options_column(o, h->names.names[i].original, UINT64_MAX);
}

/* One set of words for every record of the options, made when it is first asked for. */
static int set_na(struct columns *s, struct column *c, const struct csv_column_option *said,
                  const struct csv_options *o, struct shmpub_error *err)
{
	struct na_words *na = &s->na[0];
	int r = SHMPUB_OK;

	if (said && said->na_values.is_given) {
		na = &s->na[1 + (said - o->columns)];
		if (na->words.n_words == 0 && !na->is_default)
			r = na_words_init(na, &said->na_values, o->keeps_default_na, err);
	}
	c->na = na;
	return r;
}

static int set_form(struct column *c, const struct csv_items *format, struct shmpub_error *err)
{
	if (!c->is_date && c->dtype != CSV_DTYPE_TIMESTAMP)
		return SHMPUB_OK;
	c->form = mem_zalloc(1, sizeof(*c->form));
	if (c->form == NULL)
		return error_nomem(err, sizeof(*c->form));
	c->is_form_given = format->n > 0;
	return c->is_form_given ? date_format_compile(c->form, format->items[0].text, err)
	                        : SHMPUB_OK;
}

static int set_said(struct columns *s, const struct header *h, const struct csv_options *o,
                    struct shmpub_error *err)
{
	const struct csv_column_option *said, *before;
	int r = SHMPUB_OK;

	for (size_t i = 0; i < s->n && r == SHMPUB_OK; i++) {
		struct column *c = &s->columns[i];

		said = o->n_columns ? csv_options_column(o, c->name, c->source) : NULL;
		before = said == NULL && o->n_columns ? said_before(c, h, o) : NULL;
		c->dtype = o->dtype;
		if (said && said->dtype)
			c->dtype = said->dtype;
		else if (before && before->dtype)
			c->dtype = before->dtype;
		r = set_na(s, c, said, o, err);
		if (r == SHMPUB_OK)
			r = set_form(c,
			             said && said->date_format.n ? &said->date_format
			                                         : &o->date_format,
			             err);
	}
	return r;
}

static int init_words(struct word_set *out, const struct csv_items *items, struct shmpub_error *err)
{
	struct span *words = mem_zalloc(items->n + 1, sizeof(*words));
	int r;

	if (words == NULL)
		return error_nomem(err, items->n * sizeof(*words));
	for (size_t i = 0; i < items->n; i++)
		words[i] = items->items[i].text;
	r = word_set_init(out, words, items->n, err);
	mem_free(words);
	return r;
}

static int set_rules(struct columns *s, const struct csv_options *o, struct shmpub_error *err)
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
	int r = take_used(&s, h, o, err);

	if (r == SHMPUB_OK)
		r = set_index(&s, h, o, err);
	if (r == SHMPUB_OK)
		r = set_dates(&s, h, o, err);
	*out = s; /* its word sets stay where they are from here on */
	if (r == SHMPUB_OK)
		r = set_rules(out, o, err);
	if (r == SHMPUB_OK)
		r = set_said(out, h, o, err);
	if (r)
		columns_free(out);
	return r;
}

/* "+01:00"; UTC for zero. */
static void zone_text(char out[16], int32_t offset_s)
{
	int32_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;

	if (offset_s == 0)
		snprintf(out, 16, "UTC");
	else
		snprintf(out, 16, "%c%02d:%02d", offset_s < 0 ? '-' : '+',
		         (int)(minutes / 60 % 100), (int)(minutes % 60));
}

static int set_field(struct schema *schema, size_t i, const struct columns *s,
                     struct shmpub_error *err)
{
	const struct column *c = &s->columns[i];
	struct field *f = &schema->fields[i];
	char zone[16];
	int r;

	f->type = c->verdict.type;
	f->unit = c->verdict.unit;
	f->kind = c->verdict.kind;
	f->index_level = c->index_level;
	f->is_unnamed = c->index_level >= 0 && c->is_unnamed;
	f->is_dictionary = c->verdict.reading == READ_CATEGORY;
	f->is_integer_name = s->has_integer_names && !f->is_unnamed;
	f->text_expected = f->type == SHMPUB_TEXT && !f->is_dictionary ? c->text_expected : 0;
	r = f->is_unnamed ? SHMPUB_OK : schema_set_name(schema, i, c->name, err);
	if (r || !c->verdict.has_zone)
		return r;
	zone_text(zone, c->verdict.offset_s);
	return schema_set_timezone(schema, i, zone, err);
}

int columns_schema(struct schema *out, const struct columns *s, struct shmpub_error *err)
{
	struct schema schema = SCHEMA_NONE;
	int r = schema_init(&schema, s->n, err);

	for (size_t i = 0; i < s->n && r == SHMPUB_OK; i++)
		r = set_field(&schema, i, s, err);
	if (r) {
		schema_free(&schema);
		return r;
	}
	*out = schema;
	return SHMPUB_OK;
}

/* What a field of an earlier refresh says of the column, where it can be told from it. */
static struct verdict verdict_of_field(const struct column *c, const struct field *f)
{
	static const enum reading readings[] = {
		[SHMPUB_NULL] = READ_NOTHING,  [SHMPUB_BOOL] = READ_BOOL,
		[SHMPUB_INT64] = READ_INT,     [SHMPUB_UINT64] = READ_UINT,
		[SHMPUB_FLOAT64] = READ_FLOAT, [SHMPUB_TIMESTAMP] = READ_NOTHING,
		[SHMPUB_TEXT] = READ_TEXT,
	};
	struct verdict v = { .reading = readings[f->type], .type = f->type, .kind = f->kind };

	if (f->type == SHMPUB_TEXT && f->kind == SHMPUB_KIND_INT)
		v.reading = READ_LONG;
	if (c->is_date || c->dtype != CSV_DTYPE_AUTO || f->is_dictionary)
		v.reading = READ_NOTHING;
	return v;
}

static void take_field(struct column *c, const struct field *f)
{
	c->verdict = verdict_of_field(c, f);
	c->text_expected = f->type == SHMPUB_TEXT && !f->is_dictionary ? f->text_expected : 0;
}

void columns_guess(struct columns *s, const struct schema *guess)
{
	if (guess->n_fields != s->n)
		return;
	for (size_t i = 0; i < s->n; i++) {
		if (span_eq(guess->fields[i].name, s->columns[i].name))
			take_field(&s->columns[i], &guess->fields[i]);
	}
}

void columns_free(struct columns *s)
{
	for (size_t i = 0; i < s->n; i++)
		mem_free(s->columns[i].form);
	for (size_t i = 0; i < s->n_na; i++)
		na_words_free(&s->na[i]);
	mem_free(s->na);
	mem_free(s->columns);
	word_set_free(&s->true_words);
	word_set_free(&s->false_words);
	*s = COLUMNS_NONE;
}
