/*
 * The message of a record batch, or of a dictionary, read back: what lies where.
 *
 * A message is copied before it is checked, because the owner of a mapping may change
 * it between two looks. ARROW_BATCH_NONE may be freed.
 */
#ifndef SHMPUB_SNAPSHOT_ARROW_BATCH_READ_H
#define SHMPUB_SNAPSHOT_ARROW_BATCH_READ_H

#include "snapshot/arrow_schema_read.h"
#include "snapshot/record.h"

struct arrow_batch {
	char *message; /* owned */
	struct flatbuf_view view;
	struct flatbuf_items nodes, buffers;
	uint64_t n_rows;
	struct span file;
	uint64_t body_at, body_length;
	uint32_t next_buffer; /* columns are placed in order */
};
#define ARROW_BATCH_NONE ((struct arrow_batch){ .message = NULL })

/* `file` is the whole snapshot; place and CRC of the message are checked first. *out is freed on failure. */
int arrow_open_batch(struct arrow_batch *out, struct span file, const struct record_message *where,
                     struct shmpub_error *err);
int arrow_open_dictionary(struct arrow_batch *out, struct span file,
                          const struct record_message *where, uint64_t id,
                          struct shmpub_error *err);
void arrow_batch_free(struct arrow_batch *b);
/* A copy of a message that the record names, its CRC checked; mem_free() it. */
int arrow_copy_message(char **out, struct span file, const struct record_message *where,
                       struct shmpub_error *err);

/* Node i's buffers, into a column whose type and code_size are known: each inside the body, long enough. */
int arrow_place_column(struct shmpub_column *c, struct arrow_batch *b, uint32_t i,
                       struct shmpub_error *err);
/* After the last column: no buffer is left over. */
int arrow_close_batch(const struct arrow_batch *b, uint32_t n_columns, struct shmpub_error *err);

#endif
