/*
 * Decodes text in other encodings to UTF-8.
 *
 * Threads: no state but the caller's.
 */
#ifndef SHMPUB_CSV_ENCODING_H
#define SHMPUB_CSV_ENCODING_H

#include "base/buffer.h"
#include "csv/options.h"

/* Finds an encoding by Python's name of the codec; false: none of that name is supported. */
bool csv_encoding_by_name(enum csv_encoding *out, struct span name);

/*
 * Sets *out to a new buffer with `text` in UTF-8, which the caller frees. `encoding` must not be
 * CSV_UTF8.
 *
 * Errors: SHMPUB_ERR_CSV with the line and offset of the first byte that is invalid in the
 * encoding, or SHMPUB_ERR_NOMEM. *out is then unchanged, and there is nothing to free.
 */
int csv_decode(struct buffer *out, struct span text, enum csv_encoding encoding,
               struct shmpub_error *err);

#endif
