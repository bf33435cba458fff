/*
 * mode = append: a file at whose end rows are added. What is new of it is read and added to the snapshot that is
 * published; wherever the result could be another one than that of all bytes of the file, or that is not known, the
 * file is read anew.
 *
 * The engine gets the file's head (up to the end of some of its first rows) and after it the new records, as if that
 * were the file. The head shows it the columns, the form of dates, and a type for each column. The head's own rows are
 * left out of the result.
 *
 * Threads:  a worker over a refresh that is its own; feed_* functions and the rest: the loop thread.
 * Lifetime: FOLLOW_NONE may be freed.
 */
#ifndef SHMPUBD_FOLLOW_H
#define SHMPUBD_FOLLOW_H

#include "base/buffer.h"
#include "source.h"

struct refresh;

/* How far the file has been taken. */
struct follow_place {
	struct source_mark mark; /* the file at the look that told of these bytes */
	uint64_t taken;          /* bytes from its beginning, whole records */
	uint64_t last_hash;      /* of those before `taken`, FOLLOW_BLOCK at most */
	uint64_t n_rows;         /* of the table */
	uint64_t skipped_rows;
	uint64_t first_sequence; /* since this snapshot rows were only added */
};

struct follow {
	struct follow_place place; /* inode 0: nothing was taken */
	struct source_mark failed; /* a look at the file whose content was bad; inode 0: none */
	/*
	 * New bytes can be added: rows of a column do not depend on each other, by its type and the options, but as
	 * far as the head tells.
	 */
	bool is_able;
	struct buffer head; /* owned; where is_able is false only the beginning of the file */
	uint64_t head_rows, head_skipped;
};
#define FOLLOW_NONE ((struct follow){ .is_able = false })

void follow_free(struct follow *f);
/*
 * Worker, the source of `r` is open and r->follow is set. False: read the file anew. True: r->result is SHMPUB_OK (rows
 * are ready to be committed) or SOURCE_UNCHANGED, and r->followed.place is set.
 */
bool follow_append(struct refresh *r);
/*
 * Worker, after that, if the file is to be read anew: whether it is the one that was taken before, and has only become
 * longer. Then the sequence since which that is so; else PREPARE_FIRST.
 */
uint64_t follow_first_sequence(struct refresh *r);
/*
 * Worker, the file was read anew, and the source is still open: sets r->followed, for the snapshot that may be published
 * now. A failure is none: then the file is read anew the next time.
 */
void follow_begin(struct refresh *r);
/* After a failure that is of the content. */
void follow_note_failure(struct follow *f, const struct source_mark *mark);
/* Worker: reads exactly the bytes [at, at + size) to the end of *out. False: they are not there. */
bool follow_read(struct buffer *out, struct refresh *r, uint64_t at, uint64_t size);
uint64_t follow_hash_before(struct refresh *r, uint64_t at); /* 0: it could not be read */
/* Bytes that hold a \r without a \n: their lines depend on what stands before and behind. */
bool follow_has_lone_cr(struct span text);

#endif
