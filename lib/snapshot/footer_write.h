/* Writes the end of the file: the footer, its size, and the magic. */
#ifndef SHMPUB_SNAPSHOT_FOOTER_WRITE_H
#define SHMPUB_SNAPSHOT_FOOTER_WRITE_H

#include "snapshot/arrow_schema_write.h"
#include "snapshot/record.h"

/* The place of a message and its body, as Arrow's footer has it. */
struct block {
	uint64_t offset, size, body_length;
};

/* An upper bound of the bytes that footer_write() writes. */
uint64_t footer_max_size(const struct arrow_schema *schema, size_t n_dictionaries,
                         size_t n_regions);
/*
 * The footer alone, without its size and the magic. `schema` NULL: it stands elsewhere, and the caller
 * stores the reference. *schema_at: where its table is; with NULL, where the reference goes.
 */
int footer_write_own(struct flatbuf *out, uint32_t *schema_at, const struct arrow_schema *schema,
                     const struct block *batch, const struct block *dictionaries,
                     const struct record *record, struct shmpub_error *err);
int footer_write(struct flatbuf *out, const struct arrow_schema *schema, const struct block *batch,
                 const struct block *dictionaries, const struct record *record,
                 struct shmpub_error *err);

#endif
