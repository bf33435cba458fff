/* Whether two schemas have the same names and types: what is expected of sizes may differ. */
#ifndef SHMPUB_TESTS_SCHEMA_EQUAL_H
#define SHMPUB_TESTS_SCHEMA_EQUAL_H

#include "columns/schema.h"

static inline bool timezone_equal(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static inline bool field_equal(const struct field *a, const struct field *b)
{
	return span_eq(a->name, b->name) && a->type == b->type && a->unit == b->unit &&
	       a->kind == b->kind && timezone_equal(a->timezone, b->timezone) &&
	       a->index_level == b->index_level && a->is_unnamed == b->is_unnamed &&
	       a->is_dictionary == b->is_dictionary && a->is_integer_name == b->is_integer_name;
}

static inline bool schema_equal(const struct schema *a, const struct schema *b)
{
	if (a->n_fields != b->n_fields)
		return false;
	for (size_t i = 0; i < a->n_fields; i++) {
		if (!field_equal(&a->fields[i], &b->fields[i]))
			return false;
	}
	return true;
}

#endif
