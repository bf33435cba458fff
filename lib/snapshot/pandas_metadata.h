/* Writes the JSON under the schema's key "pandas", from which pandas restores index and labels. */
#ifndef SHMPUB_SNAPSHOT_PANDAS_METADATA_H
#define SHMPUB_SNAPSHOT_PANDAS_METADATA_H

#include "base/buffer.h"
#include "columns/schema.h"

/*
 * `arrow_names`: the names of the Arrow fields, which may differ from the schema's at index levels.
 */
int pandas_metadata(struct buffer *out, const struct schema *schema, const struct span *arrow_names,
                    struct shmpub_error *err);

#endif
