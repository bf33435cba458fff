#include "expect.h"

#include <stdio.h>
#include "base/error.h"
#include "base/nearest.h"
#include "columns/column_type.h"
#include "prepare/prepare.h"

/*
 * These checks come after a table was made and before anybody sees it, so that a source that is
 * complete by every other measure, but not what its readers count on, leaves the last good table in
 * place.
 */

#define SHOWN_MAX 60 /* bytes of a name that a line shows */

static int shown(struct span name)
{
	return (int)(name.size < SHOWN_MAX ? name.size : SHOWN_MAX);
}

static const struct field *find_field(const struct schema *s, struct span name)
{
	for (size_t i = 0; i < s->n_fields; i++) {
		if (span_eq(s->fields[i].name, name))
			return &s->fields[i];
	}
	return NULL;
}

/* --- require_columns ---------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes the next name of "a, b"; false: there is none. */
static bool next_name(struct span *name, struct span *list)
{
	const char *comma = list->size ? memchr(list->data, ',', list->size) : NULL;
	size_t n = comma != NULL ? (size_t)(comma - list->data) : list->size;

	if (list->size == 0)
		return false;
	*name = span_of(list->data, n);
	while (name->size > 0 && is_blank(name->data[0]))
		*name = span_of(name->data + 1, name->size - 1);
	while (name->size > 0 && is_blank(name->data[name->size - 1]))
		name->size--;
	n += comma != NULL;
	*list = span_of(list->data + n, list->size - n);
	return true;
}

static int check_columns(const struct config_feed *config, const struct schema *now,
                         struct shmpub_error *err)
{
	struct span list = span_str(config->require_columns), name;

	while (next_name(&name, &list)) {
		if (name.size > 0 && find_field(now, name) == NULL)
			return error_set(err, SHMPUB_ERR_INVALID,
			                 "no column '%.*s', which require_columns names",
			                 shown(name), name.data);
	}
	return SHMPUB_OK;
}

/* --- frozen_schema ------------------------------------------------------------------------------------ */

void expect_type_name(char out[64], const struct field *field)
{
	const struct column_type *type = column_type(field->type);

	if (field->is_dictionary)
		snprintf(out, 64, "category");
	else if (field->type == SHMPUB_NULL || field->kind != SHMPUB_PLAIN)
		snprintf(out, 64, "object");
	else if (!type->has_unit)
		snprintf(out, 64, "%s", type->name);
	else
		snprintf(out, 64, "%s[%s%s%.30s]", type->name, unit_name(field->unit),
		         field->timezone != NULL ? ", " : "",
		         field->timezone != NULL ? field->timezone : "");
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* A column that had no value so far had no type: whatever comes is the first one. */
static bool same_type(const struct field *before, const struct field *now)
{
	return before->type == SHMPUB_NULL ||
	       (before->type == now->type && before->kind == now->kind &&
	        before->is_dictionary == now->is_dictionary && before->unit == now->unit &&
	        same_text(before->timezone, now->timezone));
}

static int check_field(struct expect_change *change, const struct field *before,
                       const struct schema *now_schema, struct shmpub_error *err)
{
	const struct field *now = find_field(now_schema, before->name);
	char old_type[64], new_type[64];

	if (now == NULL)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "column '%.*s' is gone, and frozen_schema wants it as it was",
		                 shown(before->name), before->name.data);
	if (same_type(before, now) && before->index_level == now->index_level)
		return SHMPUB_OK;
	expect_type_name(old_type, before);
	expect_type_name(new_type, now);
	*change = (struct expect_change){ before, now };
	return error_set(err, SHMPUB_ERR_INVALID, "column %.*s was %s%s, is now %s%s",
	                 shown(before->name), before->name.data, old_type,
	                 before->index_level >= 0 ? " in the index" : "", new_type,
	                 now->index_level >= 0 ? " in the index" : "");
}

static int check_schema(struct expect_change *change, const struct schema *before,
                        const struct schema *now, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; i < before->n_fields && !r; i++)
		r = check_field(change, &before->fields[i], now, err);
	for (size_t i = 0; i < now->n_fields && !r; i++) {
		struct span name = now->fields[i].name;

		if (find_field(before, name) == NULL)
			r = error_set(err, SHMPUB_ERR_INVALID,
			              "column '%.*s' is new, and frozen_schema is set", shown(name),
			              name.data);
	}
	return r;
}

/* --- all of them -------------------------------------------------------------------------------------- */

int expect_check(struct expect_change *change, const struct config_feed *config,
                 const struct expect_found *found, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	*change = (struct expect_change){ NULL, NULL };
	if (config->require_newline && !found->ends_line)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "the last line is not ended, and require_newline is set");
	if (config->require_columns != NULL)
		r = check_columns(config, found->now, err);
	if (!r && found->n_rows < config->min_rows)
		r = error_set(err, SHMPUB_ERR_INVALID, "%llu rows, min_rows is %llu",
		              (unsigned long long)found->n_rows,
		              (unsigned long long)config->min_rows);
	if (!r && config->frozen_schema && found->before->n_fields > 0)
		r = check_schema(change, found->before, found->now, err);
	return r;
}

int expect_published(struct schema *out, struct publisher_feed *feed, struct shmpub_error *err)
{
	struct snapshot_view view = SNAPSHOT_VIEW_NONE;
	struct shm_map map = SHM_MAP_NONE;
	int r = SHMPUB_OK;

	*out = SCHEMA_NONE;
	if (publisher_feed_map(&map, feed) == SHMPUB_OK &&
	    snapshot_view_init(&view, span_of(map.addr, map.size), SNAPSHOT_CHECK_BOUNDS, NULL) ==
	            SHMPUB_OK)
		r = prepare_schema_of(out, &view.table, err);
	snapshot_view_free(&view);
	shm_discard(&map);
	return r;
}
