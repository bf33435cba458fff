/*
 * Reads an Arrow schema into columns. Whatever docs/FORMAT.md does not allow is
 * SHMPUB_ERR_FORMAT.
 */
#ifndef SHMPUB_SNAPSHOT_ARROW_SCHEMA_READ_H
#define SHMPUB_SNAPSHOT_ARROW_SCHEMA_READ_H

#include "columns/table.h"
#include "snapshot/flatbuf_read.h"
#include "snapshot/snapshot.h"

/*
 * Check the prefix of a message, and find its flatbuffer (*out) and its header, which must
 * be of `header_type`. `message` is the whole message. `body_length` may be NULL.
 */
int arrow_read_message(struct flatbuf_view *out, struct flatbuf_table *header,
                       uint64_t *body_length, struct span message, int header_type,
                       struct shmpub_error *err);

struct arrow_fields {
	struct flatbuf_view view;
	struct flatbuf_table schema;
	struct flatbuf_items fields;
};

/*
 * Open a schema message. After this the number of fields is known, for which the caller then
 * allocates memory.
 */
int arrow_read_schema(struct arrow_fields *out, struct span message, struct shmpub_error *err);
/* The same for a schema table, a->schema, as the footer has it. */
int arrow_open_schema(struct arrow_fields *a, struct shmpub_error *err);
/* Read feed and source from the schema's metadata. They point into the message. */
int arrow_read_origin(struct snapshot_origin *out, struct arrow_fields *a,
                      struct shmpub_error *err);
/*
 * Read all fields into columns[fields.n]: names, types, marks, code_size (0: no
 * dictionary). Names and time zones point into the message.
 */
int arrow_read_fields(struct shmpub_column *columns, struct arrow_fields *a,
                      struct shmpub_error *err);

#endif
