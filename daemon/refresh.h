/*
 * One attempt to bring a feed up to date, as two jobs: open the source, then read it to a sealed
 * snapshot. Between them the loop thread decides who may read the table, by the very file that
 * was opened, and reserves the place of the snapshot. Before them, for a source that seems to
 * rest, a look whether it still does.
 *
 * Both jobs can hang in a call to the source. `waiting` (wait_word.h) tells the loop thread when.
 *
 * Threads:  a refresh is handed to a worker whole and comes back whole; between jobs it
 *           is the loop thread's. What it points to is only read meanwhile.
 * Lifetime: refresh_clear gives back what the attempt holds and may be called twice. A
 *           refresh stays where it is from refresh_open to refresh_clear.
 */
#ifndef SHMPUBD_REFRESH_H
#define SHMPUBD_REFRESH_H

#include "article_segment.h"
#include "config.h"
#include "follow.h"
#include "intake.h"
#include "kept_files.h"
#include "prepare/prepare.h"
#include "source.h"

struct refresh {
	/* set before the first job */
	struct config_feed *config;
	const char *instance;
	const char *spool_directory; /* see source.h */
	const struct runner *runner;
	const struct source_fetched *fetched; /* NULL: the source is a file */
	struct source_mark seen;              /* what need not be read again */
	struct source_mark waited;            /* what was found fresh the last time */
	uint64_t settle_ms;                   /* see source.h */
	uint64_t waited_ms;                   /* for how long it has been so */
	bool takes_growing;                   /* see source.h */
	bool is_forced;                       /* read in any case */
	bool insists;                         /* see source.h */
	/*
	 * The content is to be compared before a table is made of it, in a pass of its own: it
	 * was the same when the source was rewritten the last time. Else it is compared as it
	 * passes, and a table that nobody needs may have been begun by then.
	 */
	bool compares_first;
	uint64_t max_bytes;
	uint64_t seen_hash; /* of the text that the last attempt ended well with; 0: none */
	uint64_t hash_seed;
	uint64_t *waiting;           /* wait_word.h; NULL: nobody looks */
	const struct follow *follow; /* mode = append: how far the file was taken; else NULL */
	struct kept_files kept;      /* the files of the snapshot that is published */

	/* made by refresh_open */
	struct source source;
	struct source_pattern pattern; /* of a source that is one */
	struct csv_options text_csv;   /* the options for the text of a pattern */
	struct source_mark mark;       /* the source's, kept when it is closed */
	struct intake intake;
	uint64_t read_ns;
	struct kept_choice choice; /* the parts that need not be read */
	uint64_t *part_rows;       /* owned; for each part */

	/* set before refresh_build, made by it */
	struct shm_map before;       /* the snapshot that has the parts of `choice`; or no addr */
	struct kept_files kept_next; /* the files of the snapshot that was made */
	struct publication *publication;
	struct schema frozen; /* what expect.h compares with; no fields: nothing */
	struct schema schema; /* of the last refresh, then of this one */
	struct catalog_descriptor descriptor;
	struct prepare_rejects rejects; /* bounds, and a publication of their own */
	struct article_draft article;   /* before: which parts are wanted */
	size_t n_files;                 /* of a pattern; else 0 */
	uint64_t hash;                  /* of the text; 0: it was not read to its end */

	/*
	 * mode = append: how far it was taken now. Of rows that were added the place alone is set; is_anew: all is.
	 */
	struct follow followed;
	bool is_anew;
	uint64_t first_sequence; /* see prepare.h; 0: rows are not added to this source */

	int result;
	bool is_source_failure;    /* the failure came from the source, and not from its content */
	struct shmpub_error error; /* the line for the feed's status when result is negative */
};

/* Worker, a stat and nothing else. result: SOURCE_UNCHANGED; or SHMPUB_OK: open it. */
void refresh_look(struct refresh *r);
/* Worker. result: SHMPUB_OK (the source is open), an answer of source.h or a failure. */
void refresh_open(struct refresh *r);
/*
 * Worker. result: SHMPUB_OK; SOURCE_UNCHANGED or SOURCE_BUSY, when the content turned out to be
 * the same or the source changed meanwhile; or a failure. The source is closed. On anything but
 * SHMPUB_OK the publication is still to be discarded.
 */
void refresh_build(struct refresh *r);
/* As refresh_build, into memory of the caller's and for nobody else. */
void refresh_try(struct refresh *r, const struct snapshot_memory *memory, uint64_t *size);
/* How these bytes are to be read: the feed's options, or what is left of them for a pattern's text. */
const struct csv_options *refresh_options(const struct refresh *r);
/* The bytes of the source that is open, for the engine. */
struct prepare_source refresh_source(struct refresh *r);
/* For refresh_build: expect.h, and which line it was, while the source is open. */
int refresh_expect(struct refresh *r, const struct schema *now, uint64_t n_rows);
/* refresh_join.c: chooses the parts that are read; makes the table; remembers the parts. */
int refresh_begin_parts(struct refresh *r);
int refresh_make_table(struct refresh *r);
void refresh_note_parts(struct refresh *r);
/* Source and drafts; not the publication, which is the loop thread's. */
void refresh_clear(struct refresh *r);

#endif
