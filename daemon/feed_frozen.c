#include "expect.h"
#include "feed_parts.h"

/*
 * The schema that frozen_schema compares with is that of the snapshot in place and nothing else: it
 * outlives this process, and a configuration that reads another type is a change like any other.
 */

int feed_load_frozen(struct feed *f, struct shmpub_error *err)
{
	schema_free(&f->refresh.frozen);
	f->refresh.frozen = SCHEMA_NONE;
	if (publisher_feed_sequence(f->out) == 0)
		return SHMPUB_OK;
	if (f->schema.n_fields > 0)
		return schema_copy(&f->refresh.frozen, &f->schema, err);
	return expect_published(&f->refresh.frozen, f->out, err);
}
