/*
 * Text in other encodings, as UTF-8.
 *
 * Pure but for the buffer that is filled; nothing is there to free when it fails.
 */
#ifndef SHMPUB_CSV_ENCODING_H
#define SHMPUB_CSV_ENCODING_H

#include "base/buffer.h"
#include "csv/options.h"

/* By Python's name of the codec; false: no such encoding here. */
bool csv_encoding_by_name(enum csv_encoding *out, struct span name);

/* `encoding` is not CSV_UTF8. SHMPUB_ERR_CSV names the first byte that means nothing. */
int csv_decode(struct buffer *out, struct span text, enum csv_encoding encoding,
               struct shmpub_error *err);

#endif
