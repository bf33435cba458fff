#include "cat_rows.h"

#include <stdio.h>
#include "base/alloc.h"
#include "columns/column_type.h"
#include "command.h"
#include "json.h"
#include "show/cell.h"

/*
 * Writes one object per row, with a member for every column and index level. Timestamps are ISO
 * 8601, integers of any length are written as numbers, and values that JSON does not have (NaN,
 * inf) become null, as in pandas' to_json. Levels without a name get the names that
 * reset_index() gives them.
 */

static struct span column_key(char room[CELL_SIZE], const struct table *t, size_t i)
{
	const struct shmpub_column *c = &t->columns[i];
	int levels = 0;

	if (!c->is_unnamed)
		return span_of(c->name, c->name_size);
	for (size_t k = 0; k < t->n_columns; k++)
		levels += t->columns[k].index > 0;
	if (levels == 1)
		return span_str("index");
	return span_of(room, (size_t)snprintf(room, CELL_SIZE, "level_%d", c->index - 1));
}

static bool is_number(const struct shmpub_column *c)
{
	return column_type(c->type)->is_number || c->kind == SHMPUB_KIND_INT;
}

static void put_value(struct json *j, const struct shmpub_column *c, uint64_t row,
                      const struct cell_form *form)
{
	char room[CELL_SIZE];
	struct span text;

	if (!column_is_valid(c, row)) {
		json_null(j);
		return;
	}
	text = cell_text(room, c, row, form);
	if (c->type == SHMPUB_BOOL)
		json_bool(j, text.data[0] == 'T');
	else if (is_number(c) && json_is_number(text))
		json_plain(j, text);
	else if (c->type == SHMPUB_FLOAT64)
		json_null(j);
	else
		json_string(j, text); /* an integer in a form that JSON does not have: +5, 007 */
}

static int put_row(struct out *o, struct buffer *line, const struct table *t, uint64_t row,
                   const struct cell_form *forms)
{
	struct json j = json_to(line);
	char room[CELL_SIZE];

	line->size = 0;
	json_open(&j, '{');
	for (size_t i = 0; i < t->n_columns; i++) {
		json_key(&j, column_key(room, t, i));
		put_value(&j, &t->columns[i], row, &forms[i]);
	}
	json_close(&j, '}');
	if (j.has_failed)
		return session_nomem();
	out_bytes(o, buffer_span(line));
	out_str(o, "\n");
	return EXIT_GOOD;
}

int cat_json(struct out *o, const struct table *t, const struct cat_range *range)
{
	struct buffer line = BUFFER_NONE;
	struct cell_form *forms;
	int r = EXIT_GOOD;

	forms = mem_zalloc(t->n_columns + 1, sizeof(*forms));
	if (forms == NULL)
		return session_nomem();
	for (size_t i = 0; i < t->n_columns; i++)
		forms[i] = cell_form_of(&t->columns[i], 'T');
	for (uint64_t row = range->from; row < range->to && r == EXIT_GOOD && !out_is_over(o);
	     row++)
		r = put_row(o, &line, t, row, forms);
	buffer_free(&line);
	mem_free(forms);
	return r;
}
