#include "ingest/part.h"

#include "base/error.h"
#include "columns/table.h"

/*
 * What all ways of filling a column share: the text of a cell, room for it, and what to
 * say when a cell does not fit.
 */

char *part_room(struct part *p, size_t size)
{
	int r = buffer_reserve(&p->scratch, size, &p->error);

	if (r && p->result == SHMPUB_OK)
		p->result = r;
	return r ? NULL : p->scratch.data + p->scratch.size;
}

struct span part_unescape(struct part *p, struct span raw)
{
	char *room;

	p->scratch.size = 0;
	room = part_room(p, raw.size);
	if (room == NULL)
		return span_of("", 0);
	p->scratch.size = csv_unescape(room, raw, p->in->dialect.quote);
	return span_of(room, p->scratch.size);
}

static const char *asked_for(enum csv_dtype dtype)
{
	static const char *const names[] = {
		[CSV_DTYPE_AUTO] = "any type", [CSV_DTYPE_INT64] = "int64",
		[CSV_DTYPE_FLOAT64] = "float64", [CSV_DTYPE_BOOL] = "bool",
		[CSV_DTYPE_STR] = "str", [CSV_DTYPE_CATEGORY] = "category",
		[CSV_DTYPE_TIMESTAMP] = "timestamp",
	};

	return names[dtype];
}

void part_refuse(struct part *p, size_t column, const struct tile *t, size_t row)
{
	const struct column *c = &p->in->columns.columns[column];
	struct span raw = tile_raw(t, row, c->source);
	size_t shown = raw.size < 60 ? raw.size : 60;

	p->states[column].is_broken = true;
	if (!p->in->is_strict[column] || p->result)
		return;
	p->result = error_set(&p->error, SHMPUB_ERR_CSV,
	                      "line %llu: column \"%.*s\" is to be %s, \"%.*s\" is not",
	                      (unsigned long long)csv_line_at(
	                              p->in->text, (size_t)(raw.data - p->in->text.data)),
	                      (int)(c->name.size < 100 ? c->name.size : 100), c->name.data,
	                      asked_for(c->dtype), (int)shown, raw.data);
}
