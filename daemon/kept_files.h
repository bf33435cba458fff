/*
 * What a feed remembers of the files of its pattern, so that only new and changed files are read: how each
 * looked, a hash of its rows, and where they are in the snapshot.
 *
 * Threads:  whoever has it: it goes with the refresh to a worker and back (refresh.h).
 * Lifetime: KEPT_FILES_NONE and KEPT_CHOICE_NONE may be freed.
 */
#ifndef SHMPUBD_KEPT_FILES_H
#define SHMPUBD_KEPT_FILES_H

#include "parts_hash.h"
#include "prepare/prepare.h"
#include "source.h"

struct kept_file {
	char *path; /* owned */
	struct source_mark mark;
	struct part_sum sum;
	uint64_t row, n_rows;
};

/* The files of one snapshot, in the order of their paths. */
struct kept_files {
	struct kept_file *files; /* owned; NULL: nothing is remembered */
	size_t n;
	uint64_t sequence; /* of the snapshot */
	int64_t published_ns;
	bool has_dates; /* a column of it */
};
#define KEPT_FILES_NONE ((struct kept_files){ .files = NULL })

/* Which parts of a source are kept. All arrays are owned, and have one element for each part. */
struct kept_choice {
	bool *skips; /* NULL: all parts are to be read */
	struct part_sum *known;
	struct ingest_part *parts;
	uint64_t size; /* of the text of those that are kept */
	bool has_same_first;
};
#define KEPT_CHOICE_NONE ((struct kept_choice){ .skips = NULL })

/*
 * Chooses the files that look as they did, if these are at least half of all bytes. SHMPUB_ERR_NOMEM.
 */
int kept_files_choose(struct kept_choice *out, const struct kept_files *kept,
                      const struct source *source, struct shmpub_error *err);
void kept_choice_free(struct kept_choice *c);
/*
 * Remembers the files of a source that was read to its end and made a snapshot, which *d describes, with
 * so many rows for each part that was not kept. *out is KEPT_FILES_NONE where that is of no use, or
 * there is no memory.
 */
void kept_files_note(struct kept_files *out, const struct source *source,
                     const struct part_sum *sums, const struct kept_choice *choice,
                     const uint64_t *part_rows, const struct schema *schema,
                     const struct catalog_descriptor *d);
void kept_files_free(struct kept_files *kept);

#endif
