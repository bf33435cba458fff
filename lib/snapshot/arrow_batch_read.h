/* The message of a record batch, or of a dictionary, read back: what lies where. */
#ifndef SHMPUB_SNAPSHOT_ARROW_BATCH_READ_H
#define SHMPUB_SNAPSHOT_ARROW_BATCH_READ_H

#include "snapshot/arrow_schema_read.h"
#include "snapshot/record.h"

struct arrow_batch {
	struct flatbuf_view view;
	struct flatbuf_items nodes, buffers;
	uint64_t n_rows;
	struct span file;
	uint64_t body_at, body_length;
	uint32_t next_buffer; /* columns are placed in order */
};

/* `file` is the whole snapshot; place and CRC of the message are checked first. */
int arrow_open_batch(struct arrow_batch *out, struct span file, const struct record_message *where,
                     struct shmpub_error *err);
int arrow_open_dictionary(struct arrow_batch *out, struct span file,
                          const struct record_message *where, uint64_t id,
                          struct shmpub_error *err);
/* The place and CRC of a message that the record names. */
int arrow_find_message(struct span *out, struct span file, const struct record_message *where,
                       struct shmpub_error *err);

/* Node i's buffers, into a column whose type and code_size are known: each inside the body, long enough. */
int arrow_place_column(struct shmpub_column *c, struct arrow_batch *b, uint32_t i,
                       struct shmpub_error *err);
/* After the last column: no buffer is left over. */
int arrow_close_batch(const struct arrow_batch *b, uint32_t n_columns, struct shmpub_error *err);

#endif
