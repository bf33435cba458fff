/*
 * An Arrow schema as flatbuffer bytes that may be put anywhere on a multiple of 8:
 * in the schema message and again in the footer.
 */
#ifndef SHMPUB_SNAPSHOT_ARROW_SCHEMA_WRITE_H
#define SHMPUB_SNAPSHOT_ARROW_SCHEMA_WRITE_H

#include "columns/schema.h"
#include "snapshot/flatbuf_write.h"
#include "snapshot/snapshot.h"

#define ARROW_MAX_LEVELS 64 /* of an index */

struct arrow_schema {
	struct flatbuf tree;
	uint32_t table;     /* where Schema lies in it */
	uint32_t *width_at; /* per field: where the codes' bitWidth stands; 0: no dictionary */
};
#define ARROW_SCHEMA_NONE ((struct arrow_schema){ .width_at = NULL })

/* Codes count as one byte wide until arrow_schema_set_code_size(). SHMPUB_ERR_INVALID: not a schema of ours. */
int arrow_schema_write(struct arrow_schema *out, const struct schema *schema,
                       const struct snapshot_origin *origin, struct shmpub_error *err);
void arrow_schema_set_code_size(struct arrow_schema *a, size_t field, int code_size);
void arrow_schema_free(struct arrow_schema *a);

/* What a timestamp's type says of its zone, which is not NULL; the field's own may be in a mark. */
struct span arrow_timezone(const struct field *field);

#endif
