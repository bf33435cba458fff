/*
 * Writes an Arrow schema as bytes of a flatbuffer that are valid at any multiple of 8: they
 * are copied into the schema message and into the footer. ARROW_SCHEMA_NONE may be freed.
 */
#ifndef SHMPUB_SNAPSHOT_ARROW_SCHEMA_WRITE_H
#define SHMPUB_SNAPSHOT_ARROW_SCHEMA_WRITE_H

#include "columns/schema.h"
#include "snapshot/flatbuf_write.h"
#include "snapshot/snapshot.h"

#define ARROW_MAX_LEVELS 64 /* of an index */

struct arrow_schema {
	struct flatbuf tree;
	uint32_t table;     /* where the table Schema is in it */
	uint32_t *width_at; /* for each field: where the bitWidth of codes is; 0: no dictionary */
};
#define ARROW_SCHEMA_NONE ((struct arrow_schema){ .width_at = NULL })

/*
 * Codes have one byte until arrow_schema_set_code_size(). SHMPUB_ERR_INVALID: the schema breaks a
 * rule, which the message names.
 */
int arrow_schema_write(struct arrow_schema *out, const struct schema *schema,
                       const struct snapshot_origin *origin, struct shmpub_error *err);
void arrow_schema_set_code_size(struct arrow_schema *a, size_t field, int code_size);
void arrow_schema_free(struct arrow_schema *a);

/*
 * The time zone in the Arrow type of a field that has one: UTC if its own is in the mark
 * "shmpub.timezone".
 */
struct span arrow_timezone(const struct field *field);

#endif
