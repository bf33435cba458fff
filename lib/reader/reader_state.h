/* What the files of this room share: the reader itself. Not for anyone else. */
#ifndef SHMPUB_READER_STATE_H
#define SHMPUB_READER_STATE_H

#include "reader/attachment.h"
#include "reader/liveness.h"
#include "reader/reader.h"

#define READER_SLOTS 64 /* remembered places of feeds; a power of two */

/* A feed's slot, for as long as it is that feed's. */
struct reader_place {
	const struct catalog_slot *slot;
	uint64_t generation;
};

struct reader_known {
	struct reader_place place; /* slot NULL: none is known */
	char name[CATALOG_NAME_SIZE];
};

struct shmpub_reader {
	struct attachment at;
	struct trust trust;
	char *directory;
	char *instance;
	struct shm_alarm interrupts;             /* asked for, by any thread */
	uint32_t interrupts_taken;               /* of those, what a wait has answered */
	uint64_t slots_turn;                     /* the attachment that slots[] belong to */
	struct reader_known slots[READER_SLOTS]; /* by hash of the name */
	uint64_t judged_turn;           /* the attachment whose publisher was judged last */
	char why_gone[SHMPUB_WHY_SIZE]; /* empty: it lives */
};

/* Attached, or SHMPUB_NO_INSTANCE or a failure. */
int reader_attach(struct shmpub_reader *r, struct shmpub_error *err);
/* The feed's slot in the attached catalog; false: none, or the feed was removed. */
bool reader_slot(struct reader_place *out, struct shmpub_reader *r, struct span feed);
/* False: what was loaded from the slot until now may be another feed's. */
bool reader_place_stays(const struct reader_place *place);
/* What the catalog says is current, sequence 0: nothing yet; false: the slot is another feed's now. */
bool reader_mark(struct shmpub_mark *out, const struct shmpub_reader *r,
                 const struct reader_place *place);
bool reader_is_newer(const struct shmpub_mark *mark, const struct shmpub_mark *seen);
int reader_no_feed(const struct shmpub_reader *r, struct span feed, struct shmpub_error *err);
/* The same, and the name that may have been meant; looks at every name. */
int reader_no_such_feed(const struct shmpub_reader *r, struct span feed, struct shmpub_error *err);

#endif
