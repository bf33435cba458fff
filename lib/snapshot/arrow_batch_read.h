/*
 * Reads the message of a record batch or of a dictionary, to find the buffers of columns.
 *
 * A message is copied before it is checked, because the owner of a mapping may change
 * it after the check. ARROW_BATCH_NONE may be freed. Errors: SHMPUB_ERR_FORMAT,
 * SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUB_SNAPSHOT_ARROW_BATCH_READ_H
#define SHMPUB_SNAPSHOT_ARROW_BATCH_READ_H

#include "snapshot/arrow_schema_read.h"
#include "snapshot/record.h"

struct arrow_batch {
	char *message;            /* owned: the copy */
	struct flatbuf_view view; /* of the copy */
	struct flatbuf_items nodes, buffers;
	uint64_t n_rows;
	struct span file;
	uint64_t body_at, body_length;
	uint32_t next_buffer; /* of the column that is placed next */
};
#define ARROW_BATCH_NONE ((struct arrow_batch){ .message = NULL })

/*
 * `file` is the whole snapshot, `where` the place and CRC of the message. On failure *out is
 * ARROW_BATCH_NONE.
 */
int arrow_open_batch(struct arrow_batch *out, struct span file, const struct record_message *where,
                     struct shmpub_error *err);
int arrow_open_dictionary(struct arrow_batch *out, struct span file,
                          const struct record_message *where, uint64_t id,
                          struct shmpub_error *err);
void arrow_batch_free(struct arrow_batch *b);
/* Copy a message and check its CRC. The caller frees *out with mem_free(). */
int arrow_copy_message(char **out, struct span file, const struct record_message *where,
                       struct shmpub_error *err);

/*
 * Set counts and pointers of column i, whose type and code_size are set already. Columns must be
 * placed in order. Each buffer is inside the body, and long enough for the rows.
 */
int arrow_place_column(struct shmpub_column *c, struct arrow_batch *b, uint32_t i,
                       struct shmpub_error *err);
/* To be called after the last column: SHMPUB_ERR_FORMAT if nodes or buffers are left over. */
int arrow_close_batch(const struct arrow_batch *b, uint32_t n_columns, struct shmpub_error *err);

#endif
