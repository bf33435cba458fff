/*
 * Writes Arrow's messages: schema, record batch, dictionary batch. The size of a batch's
 * message depends only on the fields. So it is written with zeros while the file is planned,
 * and the functions arrow_message_set_*() store the numbers when they are known.
 */
#ifndef SHMPUB_SNAPSHOT_ARROW_BATCH_WRITE_H
#define SHMPUB_SNAPSHOT_ARROW_BATCH_WRITE_H

#include "snapshot/arrow_schema_write.h"
#include "snapshot/flatbuf_write.h"
#include "snapshot/layout.h"

struct arrow_message {
	struct flatbuf tree; /* the whole message, prefix included */
	uint32_t body_length_at, length_at, nodes_at, buffers_at; /* places of numbers in it */
	uint32_t schema_at; /* place of the schema's bytes, which come last */
};
#define ARROW_MESSAGE_NONE ((struct arrow_message){ .nodes_at = 0 })

int arrow_message_schema(struct arrow_message *out, const struct arrow_schema *schema,
                         struct shmpub_error *err);
/* Copy the schema again, whose sizes of codes are other ones than when the message was written. */
void arrow_message_set_schema(struct arrow_message *m, const struct arrow_schema *schema);
int arrow_message_batch(struct arrow_message *out, size_t n_nodes, size_t n_buffers,
                        struct shmpub_error *err);
int arrow_message_dictionary(struct arrow_message *out, int64_t id, size_t n_buffers,
                             struct shmpub_error *err);

/*
 * Append zeros until the message has `size` bytes, a multiple of 8, and store the size in the
 * prefix.
 */
void arrow_message_pad(struct arrow_message *m, uint64_t size);
void arrow_message_set_rows(struct arrow_message *m, uint64_t n_rows, uint64_t body_length);
void arrow_message_set_node(struct arrow_message *m, size_t i, uint64_t n_rows,
                            uint64_t null_count);
/* `offset` counts from the start of the body. */
void arrow_message_set_buffer(struct arrow_message *m, size_t i, uint64_t offset, uint64_t length);
void arrow_message_free(struct arrow_message *m);

#endif
