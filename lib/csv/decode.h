/*
 * A source in another encoding, as a source of UTF-8, decoded some at a time.
 *
 * Threads: as base/byte_source.h. Errors: SHMPUB_ERR_CSV for a byte that means nothing, without
 * a line; all text before it was given out then.
 */
#ifndef SHMPUB_CSV_DECODE_H
#define SHMPUB_CSV_DECODE_H

#include <stdbool.h>
#include "base/byte_source.h"
#include "csv/options.h"

struct csv_decoding {
	struct byte_source source; /* what it makes; `size` is a guess */
	const struct byte_source *from;
	enum csv_encoding encoding;
	char *raw; /* owned; bytes that were read and not decoded */
	size_t raw_size;
	uint64_t offset; /* of raw in the source that is decoded */
	char *text;      /* owned; what was decoded, of which `at` bytes were given out */
	size_t size, at;
	bool has_begun, is_big; /* utf-16: its mark was read; the order of its bytes */
	bool is_end;
	int failure; /* comes after the text */
	struct shmpub_error error;
};

/* `encoding` is not CSV_UTF8. `d` must stay where it is, and `from` must outlive it. */
void csv_decoding_init(struct csv_decoding *d, const struct byte_source *from,
                       enum csv_encoding encoding);
/* All zero may be freed. */
void csv_decoding_free(struct csv_decoding *d);

#endif
