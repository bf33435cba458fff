/* The end of the file: footer, its size, the magic. */
#ifndef SHMPUB_SNAPSHOT_FOOTER_WRITE_H
#define SHMPUB_SNAPSHOT_FOOTER_WRITE_H

#include "snapshot/arrow_schema_write.h"
#include "snapshot/record.h"

/* Where a message lies, for Arrow's own readers. */
struct block {
	uint64_t offset, size, body_length;
};

/* Bytes that footer_write() writes at most. */
uint64_t footer_max_size(const struct arrow_schema *schema, size_t n_dictionaries,
                         size_t n_regions);
int footer_write(struct flatbuf *out, const struct arrow_schema *schema, const struct block *batch,
                 const struct block *dictionaries, const struct record *record,
                 struct shmpub_error *err);

#endif
