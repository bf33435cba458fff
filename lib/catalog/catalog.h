/*
 * The catalog: one small shared file that lists the feeds of an instance and holds
 * the counters that readers poll. Each feed has a slot in it.
 *
 * Threads:  one thread of one process writes; any number of processes read.
 * Lifetime: CATALOG_NONE may be closed. Slot pointers are valid until catalog_close().
 */
#ifndef SHMPUB_CATALOG_CATALOG_H
#define SHMPUB_CATALOG_CATALOG_H

#include <stdbool.h>
#include "base/span.h"
#include "catalog/catalog_format.h"
#include "shm/shm.h"
#include "shm/shm_bell.h"

struct catalog {
	struct shm_map map;
	/* Of the file that is mapped. Its id tells whether the name means another file by now. */
	struct shm_stat stat;
	struct shm_bell bell;
	uint32_t max_feeds; /* readers: the header's, copied when it was checked; writers: 0 */
};
#define CATALOG_NONE ((struct catalog){ .map = SHM_MAP_NONE, .bell = SHM_BELL_NONE })

static inline struct catalog_header *catalog_header(const struct catalog *c)
{
	return (struct catalog_header *)c->map.addr;
}

/* --- writing ---------------------------------------------------------------------------------- */

/*
 * Open the catalog for writing. The caller must hold the instance's lock. A catalog that an
 * earlier publisher left is used again, with its epoch and sequences, if that publisher did not
 * stop in order, the format is right and there are max_feeds slots. Else a new catalog with a new
 * epoch takes its name in one step.
 */
int catalog_open_writer(struct catalog *out, const struct shm_dir *dir, const char *instance,
                        uint32_t max_feeds, const struct shm_access *access,
                        struct shmpub_error *err);
/*
 * After somebody removed the file: put a copy of the mapped catalog under the name, with the same
 * epoch and counters. It is a new file, so all slot pointers become invalid. On failure *c is
 * unchanged.
 */
int catalog_put_back(struct catalog *c, const struct shm_dir *dir, const struct shm_access *access,
                     struct shmpub_error *err);
/* Promise readers a heartbeat at least every so many milliseconds; 0: none is promised. */
void catalog_promise(struct catalog *c, uint64_t heartbeat_interval_ms);
/* Set the state to stopped and wake all readers: nothing will be published here any more. */
void catalog_stop(struct catalog *c);
/*
 * Find the slot of the feed `name`, or give it one: a slot that was never used, or, if there is
 * none, the slot of a removed feed, whose generation then grows. A removed feed that comes back
 * finds its old slot unless another feed was given it. SHMPUB_ERR_LIMIT: all slots belong to other
 * feeds.
 */
int catalog_slot_take(struct catalog_slot **out, struct catalog *c, struct span name,
                      struct shmpub_error *err);
/* How many slots catalog_slot_take() can still give to new names. */
uint32_t catalog_free_slots(const struct catalog *c);
/* Readers have seen sequences up to this one: feeds that are given a slot later begin above it. */
void catalog_raise_floor(struct catalog *c, uint64_t sequence);
/* Store the descriptor, then the sequence (release), then the wake words. Does not wake readers. */
void catalog_publish(struct catalog *c, struct catalog_slot *slot,
                     const struct catalog_descriptor *d);
void catalog_set_state(struct catalog *c, struct catalog_slot *slot, enum slot_state state);
/* `line` is cut to fit, at a character's boundary; empty clears. */
void catalog_set_error(struct catalog_slot *slot, struct span line);
/* Wake readers that wait for this feed (NULL: for none in particular) or for any change. */
void catalog_wake(struct catalog *c, struct catalog_slot *slot);

/* --- reading ---------------------------------------------------------------------------------- */

/*
 * Map the catalog and check its magic, version, sizes, CRC and feature bits. SHM_ABSENT: there is
 * none.
 */
int catalog_open_reader(struct catalog *out, const struct shm_dir *dir, struct shmpub_error *err);
/*
 * Find the slot of a feed; NULL: there is none. A slot with bytes that no writer of ours would
 * store counts as free. A slot may be given to another feed later: a reader that uses the pointer
 * again asks catalog_slot_is().
 */
const struct catalog_slot *catalog_find(const struct catalog *c, struct span name);
/* Slot i, or NULL when it is free or i is not below catalog_n_slots(). */
const struct catalog_slot *catalog_slot_at(const struct catalog *c, uint32_t i);
/* For the writer: slot i, which it has taken, without a look at what stands in it. */
struct catalog_slot *catalog_own_slot(const struct catalog *c, uint32_t i);
uint32_t catalog_slot_index(const struct catalog *c, const struct catalog_slot *slot);
uint32_t catalog_n_slots(const struct catalog *c);
/*
 * False: a search ends here, because slot i is not below n_slots, or was never used in spite of
 * n_slots. A hostile file of one page may claim a million slots, and reading holes allocates
 * memory.
 */
bool catalog_has_slot(const struct catalog *c, uint32_t i);
/* Copy the feed's name, and the generation in which the slot has that name. False: it is free. */
bool catalog_slot_named(char out[CATALOG_NAME_SIZE], uint64_t *generation,
                        const struct catalog_slot *slot);
/* True when the slot belongs to the feed `name`; *generation: as long as the slot has this one. */
bool catalog_slot_is(const struct catalog_slot *slot, struct span name, uint64_t *generation);
/*
 * Call this after loading words of the slot. True: they all belong to the feed that the slot had in
 * that generation.
 */
bool catalog_slot_stays(const struct catalog_slot *slot, uint64_t generation);
/* A consistent copy of the current descriptor. False: there is none, or it changed at every try. */
bool catalog_descriptor(struct catalog_descriptor *out, const struct catalog_slot *slot);
/* A consistent copy of the error line, NUL-terminated; empty when there is none. */
void catalog_error(char out[CATALOG_ERROR_SIZE], const struct catalog_slot *slot);

void catalog_close(struct catalog *c);

#endif
