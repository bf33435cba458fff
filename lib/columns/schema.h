/*
 * The schema of a table: the names and types of its columns.
 *
 * A schema is built by one thread and then only read. It owns copies of names and time
 * zones. SCHEMA_NONE may be freed.
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
	bool is_integer_name; /* the label is an int in pandas (header = none) */
	/* Text: how many bytes the last table had, for which the next one gets room; 0: unknown. */
	uint64_t text_expected;
	/* How the last table was read, for one that keeps rows of it (ingest/join.h): */
	int reading;   /* a value of enum reading (types/verdict.h); 0: unknown */
	bool is_whole; /* float64: all its numbers were written as integers, and cells are null */
};

struct schema {
	struct field *fields; /* in the order of the source */
	size_t n_fields;
	uint64_t source_size; /* bytes of the source when text_expected was counted */
	uint64_t source_rows; /* how many rows it had; 0: not known */
};

#define SCHEMA_NONE ((struct schema){ NULL, 0, 0, 0 })

/* Make `n` fields without names, of type SHMPUB_NULL and index_level -1. */
int schema_init(struct schema *out, size_t n, struct shmpub_error *err);
/*
 * Both copy the text and free the old one. timezone NULL: naive. On failure the field is unchanged.
 */
int schema_set_name(struct schema *s, size_t i, struct span name, struct shmpub_error *err);
int schema_set_timezone(struct schema *s, size_t i, const char *timezone, struct shmpub_error *err);
int schema_copy(struct schema *out, const struct schema *from, struct shmpub_error *err);
void schema_free(struct schema *s);

#endif
