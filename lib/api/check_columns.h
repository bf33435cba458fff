/*
 * Checks the columns that a program wants to publish, by the rules of
 * shmpub_publish_columns(). A snapshot must not contain anything that shmpub_verify()
 * would refuse.
 *
 * Lifetime: a checked table points into the caller's columns; CHECKED_NONE may be
 *           freed. Errors: SHMPUB_ERR_INVALID names the column and the rule; then *out
 *           is CHECKED_NONE.
 */
#ifndef SHMPUB_API_CHECK_COLUMNS_H
#define SHMPUB_API_CHECK_COLUMNS_H

#include "columns/table.h"

struct checked {
	struct table table;
	struct shmpub_column *columns;      /* owned: copies with n_rows and null_count set */
	struct shmpub_column *dictionaries; /* owned: one for each column, used where it has one */
};
#define CHECKED_NONE ((struct checked){ .columns = NULL })

int checked_init(struct checked *out, const struct shmpub_column *columns, size_t n_columns,
                 uint64_t n_rows, struct shmpub_error *err);
void checked_free(struct checked *c);

#endif
