/*
 * The way of a source's bytes to whoever makes a table of them. As they pass for the first time
 * they are hashed, as they are, then expanded if they are compressed (expand.h), and the text is
 * copied into the article's text segment. The time that reading takes is added up, and the loop
 * thread sees when a read does not come back.
 *
 * Use:      intake_begin, intake_read_ahead, perhaps intake_hash_only, intake_recognise; then
 *           intake_bytes() for the engine; intake_end when it has finished; intake_free.
 * Lifetime: an intake stays where it is from intake_recognise to intake_free.
 * Threads:  a worker; one call at a time.
 * Errors:   those of source.h; SOURCE_UNCHANGED from the read that meets the end, when the
 *           bytes are those that `known_hash` stands for; those of expand.h; SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_INTAKE_H
#define SHMPUBD_INTAKE_H

#include "article_segment.h"
#include "base/buffer.h"
#include "base/byte_source.h"
#include "content_hash.h"
#include "expand.h"
#include "parts_hash.h"
#include "source.h"

struct intake {
	struct source *source;
	struct article_draft *article; /* gets the text; NULL: nobody wants it */
	uint64_t known_hash; /* of bytes that need not be read to a table again; 0: none */
	uint64_t *waiting;   /* wait_word.h; NULL: nobody looks */
	uint64_t *read_ns;   /* what reading takes is added to it */

	struct content_hash hash;
	uint64_t hash_seed;
	struct buffer ahead;        /* all bytes, where they were read ahead */
	uint64_t n_hashed;          /* bytes of the source from the start */
	uint64_t n_copied, text_at; /* bytes of text; text_at: where the next read begins */
	struct byte_source raw;     /* the source as it is */
	bool is_compressed;
	struct expansion expansion;
	bool is_complete;        /* the end was met: all of them are hashed */
	bool is_failed;          /* a failure was the source's own, and not the reader's */
	bool is_told;            /* a failure was of what a file has in it, and names the file */
	struct parts_hash parts; /* instead of `hash`, of a source that has parts */
	uint64_t whole_hash;     /* of all of them; set with is_complete */
	char tail[2];            /* the last two bytes of text that were read */
};

void intake_begin(struct intake *in, struct source *source, uint64_t hash_seed);
/*
 * Right after it, for a source that has parts. `known`: see parts_hash.h; NULL: all of them are read.
 * Also to begin from the start again with others, as if nothing had been read so far.
 */
int intake_begin_parts(struct intake *in, const struct part_sum *known, struct shmpub_error *err);
/* Looks whether the source is compressed, which its first bytes tell. */
int intake_recognise(struct intake *in, struct expand_limit limit, struct shmpub_error *err);
/* The text. */
struct byte_source intake_bytes(struct intake *in);
/* The last byte ends a line; also where a character has two bytes. No bytes at all end one. */
bool intake_ends_line(const struct intake *in);
/* Of all bytes; 0: the end was not met. */
uint64_t intake_hash(const struct intake *in);
/*
 * What came of it, when `result` is what the reader of the bytes says: SOURCE_BUSY when the
 * source changed meanwhile, whatever the reader made of it.
 */
int intake_end(struct intake *in, int result, struct shmpub_error *err);

/*
 * Reads a small source at once, so that its hash is known before anything is made of it, and it
 * need not be kept open (source_file_let_go). Leaves a large source alone.
 */
int intake_read_ahead(struct intake *in, struct shmpub_error *err);
/* Copies to the article the text that was read ahead. To be called when `article` is set. */
int intake_copy_ahead(struct intake *in, struct shmpub_error *err);
/*
 * A pass over all bytes of the source for their hash alone; then they can be read from the start
 * again.
 */
int intake_hash_only(struct intake *in, struct shmpub_error *err);
/* Frees what was read ahead, and what expands it. An intake that is all zero may be freed. */
void intake_free(struct intake *in);

#endif
