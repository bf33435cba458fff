/*
 * Arrow's messages, read back into columns. Everything that is not of the form that
 * docs/FORMAT.md describes is SHMPUB_ERR_FORMAT.
 */
#ifndef SHMPUB_SNAPSHOT_ARROW_SCHEMA_READ_H
#define SHMPUB_SNAPSHOT_ARROW_SCHEMA_READ_H

#include "columns/table.h"
#include "snapshot/flatbuf_read.h"
#include "snapshot/snapshot.h"

/*
 * A message's flatbuffer behind its prefix, its header of that type. `message` is the
 * whole of it. *body_length may be NULL.
 */
int arrow_read_message(struct flatbuf_view *out, struct flatbuf_table *header,
                       uint64_t *body_length, struct span message, int header_type,
                       struct shmpub_error *err);

struct arrow_fields {
	struct flatbuf_view view;
	struct flatbuf_table schema;
	struct flatbuf_items fields;
};

/* How many fields there are is known before there is memory for them. */
int arrow_read_schema(struct arrow_fields *out, struct span message, struct shmpub_error *err);
/* The same for the schema that a footer repeats. */
int arrow_open_schema(struct arrow_fields *a, struct shmpub_error *err);
/* The feed and the source, from the schema's metadata. */
int arrow_read_origin(struct snapshot_origin *out, struct arrow_fields *a,
                      struct shmpub_error *err);
/*
 * What the schema says of every field, into columns[fields.n]: names, types, marks,
 * code_size (0: no dictionary). Texts point into the message.
 */
int arrow_read_fields(struct shmpub_column *columns, struct arrow_fields *a,
                      struct shmpub_error *err);

#endif
