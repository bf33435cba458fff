/*
 * The catalog: one small shared file that lists the feeds of an instance and holds
 * the counters that readers poll.
 *
 * Threads:  one thread of one process writes; any number of processes read.
 * Lifetime: CATALOG_NONE may be closed. Slot pointers die with the catalog.
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
	struct shm_stat
	        stat; /* of the file that is mapped: readers compare its id with the name's */
	struct shm_bell bell;
	uint32_t max_feeds; /* readers: as it was when the header was checked */
};
#define CATALOG_NONE ((struct catalog){ .map = SHM_MAP_NONE, .bell = SHM_BELL_NONE })

static inline struct catalog_header *catalog_header(const struct catalog *c)
{
	return (struct catalog_header *)c->map.addr;
}

/* --- writing ---------------------------------------------------------------------------------- */

/*
 * Take over the catalog that stands in the directory when it is whole, of our
 * format and has max_feeds slots (same epoch: sequences go on); else make a new one
 * with a new epoch and put it in place in one step. The instance lock must be held.
 */
int catalog_open_writer(struct catalog *out, const struct shm_dir *dir, const char *instance,
                        uint32_t max_feeds, const struct shm_access *access,
                        struct shmpub_error *err);
/*
 * The same catalog, epoch and counters, under the name again after somebody removed it:
 * a new file, so every slot pointer changes. On failure *c is as it was.
 */
int catalog_put_back(struct catalog *c, const struct shm_dir *dir, const struct shm_access *access,
                     struct shmpub_error *err);
/* Within how many milliseconds the next heartbeat is to be expected; 0: none is promised. */
void catalog_promise(struct catalog *c, uint64_t heartbeat_interval_ms);
/* State stopped, and everybody woken: nothing more will come here. */
void catalog_stop(struct catalog *c);
/*
 * The slot of that name, taken if need be: one that was never used, else one of a removed
 * feed, which then is another's (a new generation). A name finds its own slot again as long
 * as nobody else was given it. SHMPUB_ERR_LIMIT when feeds that are not removed have all.
 */
int catalog_slot_take(struct catalog_slot **out, struct catalog *c, struct span name,
                      struct shmpub_error *err);
/* How many names that have no slot yet can still be given one. */
uint32_t catalog_free_slots(const struct catalog *c);
/* Sequences up to this one were seen: a name that is given a slot from now on begins above. */
void catalog_raise_floor(struct catalog *c, uint64_t sequence);
/* Descriptor, then sequence (release), then wake words. Waking is separate: catalog_wake(). */
void catalog_publish(struct catalog *c, struct catalog_slot *slot,
                     const struct catalog_descriptor *d);
void catalog_set_state(struct catalog *c, struct catalog_slot *slot, enum slot_state state);
/* `line` is cut to fit, at a character's boundary; empty clears. */
void catalog_set_error(struct catalog_slot *slot, struct span line);
void catalog_wake(struct catalog *c, struct catalog_slot *slot);

/* --- reading ---------------------------------------------------------------------------------- */

/* Map and check: magic, version, sizes, CRC, feature bits. SHM_ABSENT; SHMPUB_ERR_FORMAT says what is wrong. */
int catalog_open_reader(struct catalog *out, const struct shm_dir *dir, struct shmpub_error *err);
/*
 * NULL: no such feed. Hostile bytes in a slot are treated as free. A slot may become another
 * feed's later: readers ask catalog_slot_is() when they come back to it.
 */
const struct catalog_slot *catalog_find(const struct catalog *c, struct span name);
/* Slot i in use, or NULL; i < catalog_n_slots(). */
const struct catalog_slot *catalog_slot_at(const struct catalog *c, uint32_t i);
uint32_t catalog_slot_index(const struct catalog *c, const struct catalog_slot *slot);
uint32_t catalog_n_slots(const struct catalog *c);
/*
 * False ends a search: slot i is beyond n_slots, or was never used although n_slots says so. A
 * hostile file of one page may claim a million slots, and reading a hole costs memory.
 */
bool catalog_has_slot(const struct catalog *c, uint32_t i);
/* The feed's name and the generation that it holds for; false when the slot is free. */
bool catalog_slot_named(char out[CATALOG_NAME_SIZE], uint64_t *generation,
                        const struct catalog_slot *slot);
/* True when the slot is that feed's now; *generation is what that holds for. */
bool catalog_slot_is(const struct catalog_slot *slot, struct span name, uint64_t *generation);
/* True when all that was loaded from the slot until now was of that generation. */
bool catalog_slot_stays(const struct catalog_slot *slot, uint64_t generation);
/* A consistent copy of the current descriptor; false when there is none or it would not hold still. */
bool catalog_descriptor(struct catalog_descriptor *out, const struct catalog_slot *slot);
/* A consistent copy of the error line, NUL-terminated; empty when there is none. */
void catalog_error(char out[CATALOG_ERROR_SIZE], const struct catalog_slot *slot);

void catalog_close(struct catalog *c);

#endif
