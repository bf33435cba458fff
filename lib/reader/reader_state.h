/* What the files of this room share: the reader itself. Not for anyone else. */
#ifndef SHMPUB_READER_STATE_H
#define SHMPUB_READER_STATE_H

#include "reader/attachment.h"
#include "reader/liveness.h"
#include "reader/reader.h"

#define READER_SLOTS 64 /* remembered places of feeds; a power of two */

struct shmpub_reader {
	struct attachment at;
	struct trust trust;
	char *directory;
	char *instance;
	uint64_t slots_turn;                            /* the attachment that slots[] belong to */
	const struct catalog_slot *slots[READER_SLOTS]; /* by hash of the name; NULL: not known */
	uint64_t judged_turn;           /* the attachment whose publisher was judged last */
	char why_gone[SHMPUB_WHY_SIZE]; /* empty: it lives */
};

/* Attached, or SHMPUB_NO_INSTANCE or a failure. */
int reader_attach(struct shmpub_reader *r, struct shmpub_error *err);
/* The feed's slot in the attached catalog; NULL: none, or the feed was removed. */
const struct catalog_slot *reader_slot(struct shmpub_reader *r, struct span feed);
/* What the catalog says is current; sequence 0: nothing yet. */
struct shmpub_mark reader_mark(const struct shmpub_reader *r, const struct catalog_slot *slot);
bool reader_is_newer(const struct shmpub_mark *mark, const struct shmpub_mark *seen);
int reader_no_feed(const struct shmpub_reader *r, struct span feed, struct shmpub_error *err);
/* The same, and the name that may have been meant; looks at every name. */
int reader_no_such_feed(const struct shmpub_reader *r, struct span feed, struct shmpub_error *err);

#endif
