#include "columns/schema.h"

#include "base/alloc.h"
#include "base/error.h"

/*
 * Each field has copies of its name and time zone, because a schema is kept longer than
 * the text that it was read from: the daemon keeps the last schema of every feed as the
 * first guess for the next refresh.
 */

static void field_deinit(struct field *f)
{
	mem_free((void *)f->name.data);
	mem_free((void *)f->timezone);
}

int schema_init(struct schema *out, size_t n, struct shmpub_error *err)
{
	struct schema s = SCHEMA_NONE;

	s.fields = mem_zalloc(n, sizeof(*s.fields));
	if (s.fields == NULL)
		return error_nomem(err, n * sizeof(*s.fields));
	s.n_fields = n;
	for (size_t i = 0; i < n; i++)
		s.fields[i].index_level = -1;
	*out = s;
	return SHMPUB_OK;
}

int schema_set_name(struct schema *s, size_t i, struct span name, struct shmpub_error *err)
{
	char *copy = mem_copy(name);

	if (copy == NULL)
		return error_nomem(err, name.size + 1);
	mem_free((void *)s->fields[i].name.data);
	s->fields[i].name = span_of(copy, name.size);
	return SHMPUB_OK;
}

int schema_set_timezone(struct schema *s, size_t i, const char *timezone, struct shmpub_error *err)
{
	char *copy = timezone ? mem_copy(span_str(timezone)) : NULL;

	if (timezone && copy == NULL)
		return error_nomem(err, strlen(timezone) + 1);
	mem_free((void *)s->fields[i].timezone);
	s->fields[i].timezone = copy;
	return SHMPUB_OK;
}

int schema_copy(struct schema *out, const struct schema *from, struct shmpub_error *err)
{
	struct schema s = SCHEMA_NONE;
	int r = schema_init(&s, from->n_fields, err);

	s.source_size = from->source_size;
	s.source_rows = from->source_rows;
	for (size_t i = 0; r == SHMPUB_OK && i < s.n_fields; i++) {
		s.fields[i] = from->fields[i];
		s.fields[i].name = SPAN_NONE;
		s.fields[i].timezone = NULL;
		r = schema_set_name(&s, i, from->fields[i].name, err);
		if (r == SHMPUB_OK)
			r = schema_set_timezone(&s, i, from->fields[i].timezone, err);
	}
	if (r) {
		schema_free(&s);
		return r;
	}
	*out = s;
	return SHMPUB_OK;
}

void schema_free(struct schema *s)
{
	for (size_t i = 0; i < s->n_fields; i++)
		field_deinit(&s->fields[i]);
	mem_free(s->fields);
	*s = SCHEMA_NONE;
}
