#include "plan/choose.h"

#include "base/alloc.h"
#include "base/error.h"

/*
 * pandas chooses columns twice. Its reader goes over the fields of a record and keeps those that
 * usecols names. A wrapper around the reader goes over the names, keeps those that usecols names,
 * and pairs the n-th name with the n-th field. Both choices agree when each name stands over its
 * field. They differ when there are names for the used fields only, when the index has no name,
 * and when positions lie beyond the header; then the table is still what pandas' two choices make
 * of it. So we choose twice as well: take_fields() does what the reader does, take_labels() what
 * the wrapper does, and match() pairs the results.
 *
 * A position in usecols counts the fields of a record when fields are chosen, and the names when
 * names are chosen. A position in index_col or parse_dates counts the chosen names.
 */

/* A name that usecols keeps, and its place among all names. */
struct label {
	struct span text;
	size_t place;
};

struct choice {
	struct columns *s;
	const struct header *h;
	const struct csv_options *o;
	struct label *labels;
	size_t n_labels;
};

/* Without a header the names are integers: pandas finds none of them by its text. */
static bool item_is(const struct choice *c, const struct csv_item *item, struct span name,
                    size_t position)
{
	if (item->is_position)
		return item->position == position;
	return !c->h->has_integer_names && span_eq(item->text, name);
}

static bool are_among(const struct choice *c, const struct csv_items *items, struct span name,
                      size_t position)
{
	for (size_t i = 0; i < items->n; i++) {
		if (item_is(c, &items->items[i], name, position))
			return true;
	}
	return false;
}

static int no_column(const char *key, const struct csv_item *item, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_CSV, "%s: there is no column %.*s", key,
	                 span_shown(item->text, 200), item->text.data);
}

static int wrong_number(size_t wanted, size_t found, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_CSV, "usecols asks for %zu columns, %zu of them are there",
	                 wanted, found);
}

/* --- what pandas' reader does: choose fields ---------------------------------------------------- */

/* Returns the name by which options refer to field i, which is the n-th used field. */
static struct span option_name_of(const struct choice *c, size_t i, size_t n)
{
	size_t k = i - c->h->leading;

	if (c->o->usecols.is_given && c->o->names.is_given && c->h->names.n == c->o->usecols.n)
		k = n;
	return k < c->h->names.n ? c->h->names.names[k].text : SPAN_NONE;
}

static void take_fields(struct choice *c)
{
	const struct csv_items *usecols = &c->o->usecols;
	size_t n = 0;

	for (size_t i = 0; i < c->h->table_width; i++) {
		struct column column = { .source = i, .index_level = -1 };

		if (i >= c->h->leading) {
			if (usecols->n && n == c->o->usecols.n)
				break;
			column.option_name = option_name_of(c, i, n);
			if (usecols->is_given && !are_among(c, usecols, column.option_name, i))
				continue;
			n++;
		}
		c->s->columns[c->s->n++] = column;
	}
}

/* --- what pandas' wrapper does: choose names ------------------------------------------------------ */

/* Keeps the labels that usecols has, by name or by their place among the labels. */
static void keep_used_labels(struct choice *c)
{
	size_t kept = 0;

	if (!c->o->usecols.is_given || c->n_labels == c->o->usecols.n)
		return;
	for (size_t i = 0; i < c->n_labels; i++) {
		if (are_among(c, &c->o->usecols, c->labels[i].text, i))
			c->labels[kept++] = c->labels[i];
	}
	c->n_labels = kept;
}

static int check_used_names(const struct choice *c, struct shmpub_error *err)
{
	for (size_t i = 0; i < c->o->usecols.n; i++) {
		const struct csv_item *item = &c->o->usecols.items[i];

		if (!item->is_position && (c->h->has_integer_names ||
		                           names_find(&c->h->names, item->text) == c->h->names.n))
			return no_column("usecols", item, err);
	}
	return SHMPUB_OK;
}

static int take_labels(struct choice *c, struct shmpub_error *err)
{
	size_t n = c->h->names.n;
	int r = check_used_names(c, err);

	if (r)
		return r;
	c->labels = mem_zalloc(n + 1, sizeof(*c->labels));
	if (c->labels == NULL)
		return error_nomem(err, n * sizeof(*c->labels));
	for (size_t i = 0; i < n; i++)
		c->labels[i] = (struct label){ c->h->names.names[i].text, i };
	c->n_labels = n;
	if (c->o->usecols.n == 0)
		return SHMPUB_OK;
	if (c->n_labels > c->o->usecols.n)
		keep_used_labels(c);
	return c->n_labels < c->o->usecols.n ? wrong_number(c->o->usecols.n, c->n_labels, err)
	                                     : SHMPUB_OK;
}

/* Returns the number of the label that an item of index_col means, or n_labels. */
static size_t find_label(const struct choice *c, const struct csv_item *item)
{
	size_t i = 0;

	if (item->is_position)
		return item->position < c->n_labels ? (size_t)item->position : c->n_labels;
	while (i < c->n_labels &&
	       (c->h->has_integer_names || !span_eq(c->labels[i].text, item->text)))
		i++;
	return i;
}

static bool is_unnamed(const struct choice *c, const struct label *label)
{
	return c->h->names.names[label->place].is_unnamed;
}

/* --- fields and names together -------------------------------------------------------------------- */

/*
 * The first `leading` fields are the index. With index_col the fields that it names are the index
 * instead, and it must name as many of them.
 */
static int set_leading(struct choice *c, struct shmpub_error *err)
{
	const struct csv_items *index_col = &c->o->index_col;
	size_t k;

	if (index_col->n && index_col->n != c->h->leading)
		return error_set(err, SHMPUB_ERR_CSV,
		                 "index_col names %zu columns, the records have %zu without a name",
		                 index_col->n, c->h->leading);
	for (size_t i = 0; i < c->h->leading; i++) {
		size_t source = index_col->n ? (size_t)index_col->items[i].position : i;

		for (k = 0; k < c->s->n && c->s->columns[k].source != source;)
			k++;
		if (k == c->s->n || (index_col->n && !index_col->items[i].is_position))
			return no_column("index_col", &index_col->items[i], err);
		if (c->s->columns[k].index_level >= 0)
			return error_set(err, SHMPUB_ERR_CSV, "index_col: %zu is there twice", k);
		c->s->columns[k].index_level = (int)i;
		c->s->columns[k].is_unnamed = true;
		c->s->columns[k].is_leading = true;
	}
	return SHMPUB_OK;
}

static int match_leading(struct choice *c, struct shmpub_error *err)
{
	size_t next = 0;
	int r = set_leading(c, err);

	if (r)
		return r;
	keep_used_labels(c);
	if (c->s->n - c->h->leading != c->n_labels)
		return wrong_number(c->n_labels, c->s->n - c->h->leading, err);
	for (size_t i = 0; i < c->s->n; i++) {
		if (c->s->columns[i].index_level < 0)
			c->s->columns[i].name = c->labels[next++].text;
	}
	return SHMPUB_OK;
}

static int set_levels(struct choice *c, struct shmpub_error *err)
{
	for (size_t i = 0; i < c->o->index_col.n; i++) {
		const struct csv_item *item = &c->o->index_col.items[i];
		size_t k = find_label(c, item);
		struct column *column = &c->s->columns[k];

		if (k == c->n_labels || column->route == ROUTE_MISSING)
			return no_column("index_col", item, err);
		if (column->index_level >= 0)
			return error_set(err, SHMPUB_ERR_CSV, "index_col: \"%.*s\" is there twice",
			                 (int)column->name.size, column->name.data);
		column->index_level = (int)i;
		column->is_unnamed = is_unnamed(c, &c->labels[k]);
	}
	return SHMPUB_OK;
}

/* Without rows pandas applies usecols once more, to the columns that are not in the index. */
static void drop_unused(struct choice *c)
{
	size_t kept = 0, place = 0, n_left = 0;

	for (size_t i = 0; i < c->s->n; i++)
		n_left += c->s->columns[i].index_level < 0;
	if (!c->o->usecols.is_given || n_left == c->o->usecols.n)
		return;
	for (size_t i = 0; i < c->s->n; i++) {
		const struct column *column = &c->s->columns[i];

		if (column->index_level >= 0 || are_among(c, &c->o->usecols, column->name, place++))
			c->s->columns[kept++] = *column;
	}
	c->s->n = kept;
}

static int match(struct choice *c, struct shmpub_error *err)
{
	int r;

	if (!c->h->has_rows) {
		c->s->n = c->n_labels;
		for (size_t i = 0; i < c->s->n; i++)
			c->s->columns[i] = (struct column){ .source = i, .index_level = -1 };
	}
	c->s->has_no_field = c->s->n == 0;
	while (c->s->n < c->n_labels) { /* the first row lacks a field that usecols counts */
		c->s->columns[c->s->n] = (struct column){ .index_level = -1,
			                                  .route = ROUTE_MISSING };
		c->s->n++;
	}
	for (size_t i = 0; i < c->s->n; i++) {
		c->s->columns[i].name = c->labels[i].text;
		if (!c->h->has_rows)
			c->s->columns[i].option_name = c->labels[i].text;
	}
	r = set_levels(c, err);
	if (r == SHMPUB_OK && !c->h->has_rows)
		drop_unused(c);
	return r;
}

/* --- dates ------------------------------------------------------------------------------------------ */

/* Marks the columns that have the label that an item of parse_dates means. */
static int set_date(struct choice *c, const struct csv_item *item, struct shmpub_error *err)
{
	size_t k = 0;

	if (item->is_position && c->h->has_integer_names) /* a label may be this integer */
		while (k < c->n_labels && c->labels[k].place != item->position)
			k++;
	if (!item->is_position || !c->h->has_integer_names || k == c->n_labels)
		k = find_label(c, item);
	if (k == c->n_labels)
		return no_column("parse_dates", item, err);
	for (size_t i = 0; i < c->s->n; i++) {
		struct column *column = &c->s->columns[i];

		if (column->is_leading || !span_eq(column->name, c->labels[k].text))
			continue;
		if (column->route == ROUTE_MISSING)
			return no_column("parse_dates", item, err);
		column->request.is_date |= column->index_level < 0;
	}
	return SHMPUB_OK;
}

/* True if parse_dates has the level, by its name or by its place among the labels. */
static bool is_date_level(const struct choice *c, const struct column *column)
{
	const struct csv_items *index_col = &c->o->index_col, *dates = &c->o->parse_dates;
	size_t place = (size_t)column->index_level;

	if (c->o->parses_index)
		return true;
	if (index_col->n)
		place = find_label(c, &index_col->items[column->index_level]);
	if (index_col->n && column->is_leading)
		place = column->source;
	for (size_t i = 0; i < dates->n; i++) {
		if (dates->items[i].is_position && dates->items[i].position == place)
			return true;
		if (!column->is_unnamed &&
		    item_is(c, &dates->items[i], column->name,
		            c->h->has_integer_names ? c->labels[place].place : SIZE_MAX))
			return true;
	}
	return false;
}

/*
 * Marks the field that pandas' reader leaves as text because of an item of parse_dates or
 * index_col. pandas counts fields here as if there were no leading ones: where there are, it
 * leaves another field as text than the item means.
 */
static int set_unconverted(struct choice *c, const struct csv_item *item, struct shmpub_error *err)
{
	const struct csv_items *usecols = &c->o->usecols;
	size_t source = (size_t)item->position, k;

	if (item->is_position && usecols->n) {
		if (source >= usecols->n || source >= c->n_labels)
			return no_column("parse_dates", item, err);
		source = usecols->items[0].is_position ? (size_t)usecols->items[source].position
		                                       : c->labels[source].place;
	} else if (!item->is_position) {
		k = find_label(c, item);
		if (k == c->n_labels)
			return no_column("parse_dates", item, err);
		source = c->labels[k].place;
	}
	/* pandas looks up the name of this field for its date_format: an error if it has none. */
	if (!c->o->parses_index && c->h->leading == 0 && source >= c->h->names.n)
		return no_column("parse_dates", item, err);
	for (size_t i = 0; i < c->s->n; i++) {
		struct column *column = &c->s->columns[i];

		if (column->source != source)
			continue;
		column->request.is_unconverted = true;
		column->request.is_read = !c->o->parses_index && c->h->leading == 0;
	}
	return SHMPUB_OK;
}

static int set_dates(struct choice *c, struct shmpub_error *err)
{
	const struct csv_items *items = c->o->parses_index ? &c->o->index_col : &c->o->parse_dates;
	int r = SHMPUB_OK;

	for (size_t i = 0; i < items->n && r == SHMPUB_OK; i++)
		r = set_unconverted(c, &items->items[i], err);

	for (size_t i = 0; i < c->o->parse_dates.n && r == SHMPUB_OK; i++)
		r = set_date(c, &c->o->parse_dates.items[i], err);
	for (size_t i = 0; i < c->s->n && r == SHMPUB_OK; i++) {
		if (c->s->columns[i].index_level >= 0)
			c->s->columns[i].request.is_date = is_date_level(c, &c->s->columns[i]);
	}
	return r;
}

int choose_columns(struct columns *s, const struct header *h, const struct csv_options *o,
                   struct shmpub_error *err)
{
	struct choice c = { .s = s, .h = h, .o = o };
	size_t room = h->table_width > h->names.n ? h->table_width : h->names.n;
	int r;

	s->columns = mem_zalloc(room + 1, sizeof(*s->columns));
	if (s->columns == NULL)
		return error_nomem(err, room * sizeof(*s->columns));
	if (h->has_rows)
		take_fields(&c);
	r = take_labels(&c, err);
	s->n_labels = c.n_labels;
	if (r == SHMPUB_OK)
		r = h->has_rows && h->leading ? match_leading(&c, err) : match(&c, err);
	if (r == SHMPUB_OK)
		r = set_dates(&c, err);
	mem_free(c.labels);
	return r;
}
