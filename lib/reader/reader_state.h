/* The reader itself, which the files of this folder share. Nobody else includes this. */
#ifndef SHMPUB_READER_STATE_H
#define SHMPUB_READER_STATE_H

#include "reader/attachment.h"
#include "reader/liveness.h"
#include "reader/reader.h"

#define READER_SLOTS 64 /* slots that a reader remembers; a power of two */

/* A feed's slot. It is that feed's as long as the slot has this generation. */
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
	struct shm_alarm interrupts;             /* raised by reader_interrupt(), on any thread */
	uint32_t interrupts_taken;               /* its count when a wait last ended for it */
	uint64_t slots_attach_count;             /* at.attach_count when slots[] were filled */
	struct reader_known slots[READER_SLOTS]; /* by hash of the name */
	uint64_t judged_attach_count;            /* at.attach_count when why_gone was found out */
	char why_gone[SHMPUB_WHY_SIZE];          /* empty: the publisher lives */
};

/* SHMPUB_OK: r->at is attached to the current catalog. Else SHMPUB_NO_INSTANCE or a failure. */
int reader_attach(struct shmpub_reader *r, struct shmpub_error *err);
/* Find the feed's slot in the attached catalog; false: there is none, or the feed was removed. */
bool reader_slot(struct reader_place *out, struct shmpub_reader *r, struct span feed);
/* False: words that were loaded from the slot before this call may be another feed's. */
bool reader_place_stays(const struct reader_place *place);
/*
 * The mark of the newest snapshot; sequence 0: there is none yet. False: the slot is another feed's
 * now.
 */
bool reader_mark(struct shmpub_mark *out, const struct shmpub_reader *r,
                 const struct reader_place *place);
bool reader_is_newer(const struct shmpub_mark *mark, const struct shmpub_mark *seen);
/* SHMPUB_NO_FEED and a message. */
int reader_no_feed(const struct shmpub_reader *r, struct span feed, struct shmpub_error *err);
/* The same; the message also has the most similar name of all feeds. */
int reader_no_such_feed(const struct shmpub_reader *r, struct span feed, struct shmpub_error *err);

#endif
