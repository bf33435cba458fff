#include "types/types.h"

#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"

int types_init(struct types *out, const struct columns *plan, struct shmpub_error *err)
{
	struct types s = { .plan = plan };

	s.columns = mem_zalloc(plan->n + 1, sizeof(*s.columns));
	if (s.columns == NULL)
		return error_nomem(err, plan->n * sizeof(*s.columns));
	*out = s;
	for (size_t k = 0; k < plan->n; k++) {
		struct column_type *y = &s.columns[k];

		y->plan = &plan->columns[k];
		if (y->plan->route == ROUTE_MISSING)
			y->verdict = verdict_of_nan();
		if (y->plan->route == ROUTE_PART)
			y->verdict = verdict_of(READ_CATEGORY, SHMPUB_TEXT);
		if (!column_may_be_dates(y->plan))
			continue;
		y->form = mem_zalloc(1, sizeof(*y->form));
		if (y->form == NULL)
			return error_nomem(err, sizeof(*y->form));
		if (y->plan->given_form)
			*y->form = *y->plan->given_form;
	}
	return SHMPUB_OK;
}

void types_free(struct types *s)
{
	for (size_t k = 0; s->columns && k < s->plan->n; k++)
		mem_free(s->columns[k].form);
	mem_free(s->columns);
	*s = TYPES_NONE;
}

/* Writes "+01:00", or "UTC" for an offset of zero. */
static void zone_text(char out[16], int32_t offset_s)
{
	int32_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;

	if (offset_s == 0)
		snprintf(out, 16, "UTC");
	else
		snprintf(out, 16, "%c%02d:%02d", offset_s < 0 ? '-' : '+',
		         (int)(minutes / 60 % 100), (int)(minutes % 60));
}

static int set_field(struct schema *schema, size_t i, const struct types *s,
                     struct shmpub_error *err)
{
	const struct column_type *y = &s->columns[i];
	const struct column *c = y->plan;
	struct field *f = &schema->fields[i];
	char zone[16];
	int r;

	f->type = y->verdict.type;
	f->unit = y->verdict.unit;
	f->kind = y->verdict.kind;
	f->index_level = c->index_level;
	f->is_unnamed = c->index_level >= 0 && c->is_unnamed;
	f->is_dictionary = y->verdict.reading == READ_CATEGORY;
	f->reading = (int)y->verdict.reading;
	f->is_integer_name = s->plan->has_integer_names && !f->is_unnamed && c->route != ROUTE_PART;
	f->text_expected = f->type == SHMPUB_TEXT && !f->is_dictionary ? y->text_expected : 0;
	r = f->is_unnamed ? SHMPUB_OK : schema_set_name(schema, i, c->name, err);
	if (r || !y->verdict.has_zone)
		return r;
	zone_text(zone, y->verdict.offset_s);
	return schema_set_timezone(schema, i, zone, err);
}

int types_schema(struct schema *out, const struct types *s, struct shmpub_error *err)
{
	struct schema schema = SCHEMA_NONE;
	int r = schema_init(&schema, s->plan->n, err);

	for (size_t i = 0; i < s->plan->n && r == SHMPUB_OK; i++)
		r = set_field(&schema, i, s, err);
	if (r) {
		schema_free(&schema);
		return r;
	}
	*out = schema;
	return SHMPUB_OK;
}

/* Returns the verdict by which a field was made; READ_NOTHING if the field does not show it. */
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
	if (column_is_date(c) || c->dtype != CSV_DTYPE_AUTO || f->is_dictionary ||
	    column_is_read_twice(c))
		v.reading = READ_NOTHING;
	return v;
}

static void take_field(struct column_type *y, const struct field *f)
{
	y->verdict = verdict_of_field(y->plan, f);
	y->text_expected = f->type == SHMPUB_TEXT && !f->is_dictionary ? f->text_expected : 0;
}

void types_guess(struct types *s, const struct schema *guess)
{
	if (guess->n_fields != s->plan->n)
		return;
	for (size_t i = 0; i < s->plan->n; i++) {
		const struct column *c = s->columns[i].plan;

		if (column_has_field(c) && span_eq(guess->fields[i].name, c->name))
			take_field(&s->columns[i], &guess->fields[i]);
	}
}
