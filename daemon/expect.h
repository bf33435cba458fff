/*
 * What a table has to be like before it is published: the keys min_rows, require_columns,
 * require_newline and frozen_schema.
 *
 * Threads: expect_check() on a worker, expect_published() on the loop thread.
 * Errors:  SHMPUB_ERR_INVALID with what is missing; SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_EXPECT_H
#define SHMPUBD_EXPECT_H

#include "config.h"
#include "columns/schema.h"
#include "publisher/publisher.h"

struct expect_found {
	const struct schema *before; /* of the table that is published; no fields: not known */
	const struct schema *now;
	uint64_t n_rows;
	bool ends_line; /* the last byte of the text ends a line */
};

/*
 * A column that has another type than before. `before` NULL: no other difference was found.
 */
struct expect_change {
	const struct field *before, *now;
};

/* *change tells why frozen_schema failed, if a column's type did. */
int expect_check(struct expect_change *change, const struct config_feed *config,
                 const struct expect_found *found, struct shmpub_error *err);
/*
 * The schema of the snapshot that the feed has in place, also when an earlier daemon has published it.
 * Without one, or where it cannot be read, *out has no fields.
 */
int expect_published(struct schema *out, struct publisher_feed *feed, struct shmpub_error *err);
/* The type of a column as pandas shows it in .dtypes. */
void expect_type_name(char out[64], const struct field *field);

#endif
