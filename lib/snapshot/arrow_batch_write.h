/*
 * Encapsulated messages: schema, record batch, dictionary batch. The size of a
 * batch's message depends on the fields only, so it is written empty when the file is
 * planned and its numbers are put in when they are known.
 */
#ifndef SHMPUB_SNAPSHOT_ARROW_BATCH_WRITE_H
#define SHMPUB_SNAPSHOT_ARROW_BATCH_WRITE_H

#include "snapshot/arrow_schema_write.h"
#include "snapshot/flatbuf_write.h"
#include "snapshot/layout.h"

struct arrow_message {
	struct flatbuf tree; /* prefix included: the first byte is the message's first byte */
	uint32_t body_length_at, length_at, nodes_at, buffers_at;
};
#define ARROW_MESSAGE_NONE ((struct arrow_message){ .nodes_at = 0 })

int arrow_message_schema(struct arrow_message *out, const struct arrow_schema *schema,
                         struct shmpub_error *err);
int arrow_message_batch(struct arrow_message *out, size_t n_nodes, size_t n_buffers,
                        struct shmpub_error *err);
int arrow_message_dictionary(struct arrow_message *out, int64_t id, size_t n_buffers,
                             struct shmpub_error *err);

/* Zeros up to `size`, a multiple of 8 that is at least the present size, and the prefix. */
void arrow_message_pad(struct arrow_message *m, uint64_t size);
void arrow_message_set_rows(struct arrow_message *m, uint64_t n_rows, uint64_t body_length);
void arrow_message_set_node(struct arrow_message *m, size_t i, uint64_t n_rows,
                            uint64_t null_count);
/* `offset` from the start of the body. */
void arrow_message_set_buffer(struct arrow_message *m, size_t i, uint64_t offset, uint64_t length);
void arrow_message_free(struct arrow_message *m);

#endif
