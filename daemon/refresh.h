/*
 * One attempt to bring a feed up to date, as two jobs: read the source (which may
 * hang), then make a sealed snapshot of it (which only computes). Before them, for a
 * source that seems to rest, a look whether it still does.
 *
 * Threads:  a refresh is handed to a worker whole and comes back whole; between jobs it
 *           is the loop thread's. What it points to is only read meanwhile.
 * Lifetime: refresh_clear gives back what the attempt holds and may be called twice.
 */
#ifndef SHMPUBD_REFRESH_H
#define SHMPUBD_REFRESH_H

#include "article_segment.h"
#include "config.h"
#include "prepare/prepare.h"
#include "source_file.h"

struct refresh {
	/* set before the first job */
	struct config_feed *config;
	const char *instance;
	const struct runner *runner;
	struct source_mark seen;   /* what need not be read again */
	struct source_mark waited; /* what was found fresh the last time */
	bool is_forced;            /* read in any case */
	uint64_t max_bytes;
	uint64_t seen_hash; /* of the text that the last attempt ended well with; 0: none */
	uint64_t hash_seed;

	/* made by refresh_read */
	struct buffer text;
	struct source_mark mark;
	uint64_t hash;
	uint64_t read_ns;

	/* set before refresh_build, made by it */
	struct publication *publication;
	struct schema schema; /* of the last refresh, then of this one */
	struct catalog_descriptor descriptor;
	struct article_draft article; /* before: which parts are wanted */

	int result;
	struct shmpub_error error; /* the line for the feed's status when result is negative */
};

/* Worker, a stat and nothing else. result: SOURCE_UNCHANGED; or SHMPUB_OK: read it. */
void refresh_look(struct refresh *r);
/* Worker. result: SHMPUB_OK, an answer of source_file.h or a failure. */
void refresh_read(struct refresh *r);
/* Worker. result: SHMPUB_OK or a failure; the publication is then still to be discarded. */
void refresh_build(struct refresh *r);
/* As refresh_build, into memory of the caller's and for nobody else; the text stays. */
void refresh_try(struct refresh *r, const struct snapshot_memory *memory, uint64_t *size);
/* Text and drafts; not the publication, which is the loop thread's. */
void refresh_clear(struct refresh *r);

#endif
