/* The JSON under the schema's key "pandas": what restores the DataFrame's index and labels. */
#ifndef SHMPUB_SNAPSHOT_PANDAS_METADATA_H
#define SHMPUB_SNAPSHOT_PANDAS_METADATA_H

#include "base/buffer.h"
#include "columns/schema.h"

/* `arrow_names`: the fields' names in Arrow, which may differ from the schema's for index levels. */
int pandas_metadata(struct buffer *out, const struct schema *schema, const struct span *arrow_names,
                    struct shmpub_error *err);

#endif
