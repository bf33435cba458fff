/*
 * What a table is, without its values: the columns' names and types.
 *
 * A schema is built once by one thread and then only read. Names and time zones
 * are its own copies. SCHEMA_NONE may be freed.
 */
#ifndef SHMPUB_COLUMNS_SCHEMA_H
#define SHMPUB_COLUMNS_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct field {
	struct span name; /* UTF-8, owned by the schema */
	enum shmpub_type type;
	enum shmpub_unit unit; /* timestamps */
	enum shmpub_kind kind;
	const char *timezone; /* timestamps: NULL when naive; owned by the schema */
	int index_level;      /* -1: a column; else the level of the DataFrame's index */
	bool is_unnamed;      /* an index level without a name */
	bool is_dictionary;   /* cells are codes into a dictionary of `type` (pandas: category) */
	bool is_integer_name; /* pandas shows the label as an int (header = none) */
	/* Text: how many bytes of it a table had, or is to be given room for at once; 0: unknown. */
	uint64_t text_expected;
};

struct schema {
	struct field *fields; /* in the order of the source */
	size_t n_fields;
	uint64_t source_size; /* bytes of the source that text_expected was seen in */
};

#define SCHEMA_NONE ((struct schema){ NULL, 0, 0 })

/* `n` fields: unnamed NULL-typed columns, index_level -1. */
int schema_init(struct schema *out, size_t n, struct shmpub_error *err);
/* Copies `name` / `timezone` (NULL: naive), giving back what was there. */
int schema_set_name(struct schema *s, size_t i, struct span name, struct shmpub_error *err);
int schema_set_timezone(struct schema *s, size_t i, const char *timezone, struct shmpub_error *err);
int schema_copy(struct schema *out, const struct schema *from, struct shmpub_error *err);
void schema_free(struct schema *s);

#endif
