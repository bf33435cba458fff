/*
 * The hash of a text that has parts: of each part on its own, so that a part which was not read again
 * counts with the hash that it had.
 *
 * Threads:  one call at a time.
 * Lifetime: the parts outlive it. PARTS_HASH_NONE may be freed.
 */
#ifndef SHMPUBD_PARTS_HASH_H
#define SHMPUBD_PARTS_HASH_H

#include <stdbool.h>
#include "base/byte_source.h"
#include "content_hash.h"

/* The text of one part. */
struct part_sum {
	uint64_t hash, size;
	bool is_known; /* it gives no text now: this is what it had when it was read */
};

struct parts_hash {
	const struct byte_parts *parts;
	const struct part_sum *known; /* NULL: none is */
	struct part_sum *sums;        /* owned; one for each part */
	struct part_sum header;
	size_t n_begun;
	uint64_t at, begin;
	struct content_hash now; /* of the part, or the header, that the next byte is of */
};
#define PARTS_HASH_NONE ((struct parts_hash){ .sums = NULL })

/*
 * `known`: one for each part, of which those count that are known; NULL: none is. It outlives the
 * hash. SHMPUB_ERR_NOMEM.
 */
int parts_hash_begin(struct parts_hash *h, const struct byte_parts *parts,
                     const struct part_sum *known, struct shmpub_error *err);
/* The beginnings of all parts that have a byte here are known. */
void parts_hash_add(struct parts_hash *h, struct span bytes);
/*
 * Once, at the end of the text: makes h->sums complete and returns the hash of all, never 0. Equal hashes
 * stand for equal tables: so the names count where the table tells them, and else no empty part does.
 */
uint64_t parts_hash_end(struct parts_hash *h, uint64_t seed);
void parts_hash_free(struct parts_hash *h);

#endif
