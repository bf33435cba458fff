/*
 * Bytes that come in order and can be had again from the start: a file, text in memory, what
 * a pipe gave (kept in a file meanwhile), or what a decoder makes of another source.
 *
 * Threads: one call at a time, from whichever thread.
 * Errors:  `read`, `rewind` and `peek` return SHMPUB_OK, or a failure or an answer of the
 *          source's own, which whoever reads hands on as it is.
 */
#ifndef SHMPUB_BASE_BYTE_SOURCE_H
#define SHMPUB_BASE_BYTE_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

/*
 * The parts of a source that is made of several, one after the other; what comes before the first
 * part is a header. Each part ends with a line end, or is empty.
 *
 * All parts are known before the first byte is read, and where each of them begins is known when
 * a byte of it was read. A later pass finds them at the same places.
 */
struct byte_parts {
	size_t n;
	size_t n_begun;        /* of so many the beginning is set; only read() changes it */
	const uint64_t *begin; /* offset in the source of the part's first byte */
	const uint64_t *line;  /* the number, from 1, that its line has in the part itself */
	uint64_t header_line;  /* the number that the header's line has in the first part */
	const struct span *names;
	struct span column; /* the name of a column that tells each row's part; data NULL: none */
};

struct byte_source {
	void *self;
	/* Reads at most `size` bytes (at least 1) to `to`. *n is how many; 0: the end. */
	int (*read)(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err);
	/* The next read begins at the first byte again. */
	int (*rewind)(void *self, struct shmpub_error *err);
	/*
	 * Reads at most `size` bytes from `offset` on, and leaves alone where read() goes on. For a
	 * look at what comes later; NULL where bytes can only be had in order.
	 */
	int (*peek)(void *self, uint64_t offset, char *to, size_t size, size_t *n,
	            struct shmpub_error *err);
	uint64_t size; /* how many bytes there will probably be; 0: not known */
	/*
	 * How many bytes a record may have, all of which have to be in memory at once; 0: as many
	 * as the reader allows. Messages call it `record_max_name`, such as "a quarter of max_bytes".
	 */
	uint64_t record_max;
	const char *record_max_name;
	const struct byte_parts *parts; /* NULL: it is in one piece, or its parts do not matter */
	struct span
	        whole; /* all of it, where it lies in memory: nobody need call read(); data NULL: no */
};

/* Text in memory, which must outlive its use: no functions, `whole` and `size` alone. */
static inline struct byte_source byte_source_of(struct span text)
{
	return (struct byte_source){ .size = text.size, .whole = text.data ? text : span_str("") };
}

#endif
