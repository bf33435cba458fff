/*
 * One file of a pattern, as a source of UTF-8 text: expanded where its first bytes say that it is
 * compressed, and decoded.
 *
 * Threads:  a worker; one call at a time.
 * Lifetime: stays where it is from part_text_open() to part_text_close(). All zero may be closed.
 * Errors:   SOURCE_BUSY: the file is another one than was expected, or changed meanwhile.
 *           SHMPUB_ERR_SYS; SHMPUB_ERR_INVALID (not a file; damaged, or not of this encoding);
 *           SHMPUB_ERR_NOMEM. Each line begins with the path, with the line where there is one.
 */
#ifndef SHMPUBD_PART_TEXT_H
#define SHMPUBD_PART_TEXT_H

#include "csv/decode.h"
#include "expand.h"
#include "source_file.h"

/* What is the same for all files. */
struct part_request {
	enum csv_encoding encoding;
	struct expand_limit limit; /* of the text of one file, if it is compressed */
	bool insists;              /* see source.h */
	bool takes_growing;        /* read up to its last newline, see source.h */
	/*
	 * The file must have rested for a tick of the clock. One that is younger is held open so long,
	 * whatever becomes of its name; SOURCE_BUSY: it was written to meanwhile.
	 */
	bool waits_tick;
};

struct part_text {
	const char *path;
	struct source_file *file; /* owned; NULL: not open */
	struct source_mark mark;
	struct byte_source raw; /* the file as it is */
	uint64_t raw_at;
	bool is_raw_failure;
	struct expansion expansion;
	struct csv_decoding decoding;
	bool is_compressed, is_decoded;
	const struct byte_source *text;
	uint64_t n_lines; /* of what is decoded: line ends so far */
	char last;        /* the last byte of text so far */
};

/* `expected`: how the file has to look; NULL: it is opened as it is now. `path` outlives it. */
int part_text_open(struct part_text *t, const char *path, const struct source_mark *expected,
                   const struct part_request *request, struct shmpub_error *err);
/* Reads at most `size` bytes (at least 1). *n is how many; 0: the end, and nothing has changed. */
int part_text_read(struct part_text *t, char *to, size_t size, size_t *n, struct shmpub_error *err);
/* Passes over the next `size` bytes, with `room` for some of them at a time. */
int part_text_skip(struct part_text *t, uint64_t size, struct span room, struct shmpub_error *err);
void part_text_close(struct part_text *t);

#endif
