/*
 * What the files of publisher/ share. Nobody else includes this.
 *
 * Threads: everything belongs to the loop thread but what is marked [any].
 */
#ifndef SHMPUB_PUBLISHER_PARTS_H
#define SHMPUB_PUBLISHER_PARTS_H

#include "publisher/publisher.h"

#define SEGMENT_NAME_SIZE 72u /* ".FEED.N" and "FEED.arrow" */
#define REST_NS INT64_C(1000000000)
#define SPARE_INTERVAL_MS 60000u /* above it, memory is worth more than time */
#define SPARE_KEEP_NS (INT64_C(2000000) * SPARE_INTERVAL_MS) /* unused for that long, it goes */
#define HELD_PROBES 32u /* of segments that readers hold, at one go */

/*
 * One file, under one of three kinds of names: the stable one (`name` is empty), a
 * hidden one, or none any more.
 */
struct segment {
	struct segment *next;
	struct shm_map map; /* SHM_MAP_NONE when it is only known by its name */
	uint64_t bytes;     /* counted for it, in whole pages */
	int64_t replaced_ns;
	uint32_t slot;            /* of its feed, */
	uint64_t generation;      /* as long as that slot is this feed's */
	struct shm_access access; /* as it was sealed with */
	bool is_held;             /* counted in held_bytes */
	bool is_free;             /* nobody had it since it was replaced */
	char name[SEGMENT_NAME_SIZE];
};

struct segment_list {
	struct segment *first, **end;
};

struct publisher {
	struct shm_dir dir;
	struct shm_lock *lock;
	bool is_lost;       /* when it was last looked at: somebody else has the instance */
	int64_t started_ns; /* as we wrote it into the catalog */
	struct catalog catalog;
	char *directory, *instance;
	struct shm_access access;
	uint32_t max_feeds;
	uint64_t max_bytes, spare_limit;
	bool keep_on_exit;
	uint32_t has_leases; /* [any, atomic] 1 until they proved not to tell who has a file */
	uint64_t page_size;

	uint64_t used_bytes; /* [any, atomic] every segment's */
	uint64_t held_bytes; /* [any, atomic] of them, what readers hold of replaced ones */
	uint64_t spare_bytes;
	uint64_t next_number; /* of hidden names */
	size_t n_pending;     /* publications begun and not yet over */
	size_t n_recyclers, max_recyclers;

	struct publisher_feed *feeds;
	struct publisher_feed **by_slot; /* max_feeds of them */
	struct segment_list held;        /* replaced, and readers have them */
};

struct publisher_feed {
	struct publisher_feed *next, **link;
	struct publisher *publisher;
	uint32_t slot;
	uint64_t generation; /* of the slot */
	struct shm_access access;
	uint64_t interval_ms;
	uint64_t sequence; /* of what stands */
	uint64_t floor;    /* given out, perhaps seen, not to be used again */
	uint64_t wanted_bytes;
	struct shm_id id; /* of what stands, */
	uint64_t size;    /* and its bytes */
	struct segment *live, *spare;
	struct segment *retired; /* replaced, not looked at yet */
	struct publication *pending;
	bool is_removed, is_recycler;
	char name[SHMPUB_FEED_MAX + 1];
	char file[SEGMENT_NAME_SIZE];
};

struct publication {
	struct publisher *publisher;
	struct publisher_feed *feed;
	struct shm_access access;
	uint64_t sequence, epoch, number;
	struct segment *segment; /* being written */
	struct segment *spare;   /* to be recycled, if it can be had */
	struct segment *retired; /* to be dropped by the worker; what is left is held */
	struct shm_stat stat;    /* of the sealed segment */
	uint64_t wanted_bytes;
	bool is_sealed, no_leases;
	char name[SEGMENT_NAME_SIZE]; /* for a fresh segment */
};

/* --- segments.c ------------------------------------------------------------------------------- */

/* [any] Count bytes against max_bytes; SHMPUB_ERR_LIMIT tells who has the rest. */
int budget_take(struct publisher *p, uint64_t bytes, struct shmpub_error *err);
/* [any] */
void budget_give(struct publisher *p, uint64_t bytes);
uint64_t whole_pages(const struct publisher *p, uint64_t size);

/* A hidden name that nothing has had yet. */
void segment_hidden_name(char out[SEGMENT_NAME_SIZE], struct publisher *p, const char *feed);
/* [any] A new, empty file of `size` bytes under a hidden name, counted. */
int segment_create(struct segment **out, const struct publisher_feed *f, const char *name,
                   size_t size, const struct shm_access *access, struct shmpub_error *err);
/* [any] Before the first byte changes: no magic at either end. */
void segment_spoil(struct shm_map *map);
/* [any] Take the hidden name away, where it is still this segment's. */
void segment_unname(const struct publisher *p, struct segment *s);
/* [any] Unmap, take the hidden name away, count it off. Not for held ones. NULL is fine. */
void segment_drop(struct publisher *p, struct segment *s);
/* [any] SHM_BUSY: somebody else has it open or mapped. */
int segment_probe(const struct publisher *p, const struct segment *s);
/* [any] Drop those of a list that nobody has; gives back the others. */
struct segment *segments_drop_free(struct publisher *p, struct segment *list);

/* Drop it, or count it as held by readers until they let go. */
void segment_let_go(struct publisher *p, struct segment *s);
void segments_let_go(struct publisher *p, struct segment **list);
/* Look again at `most` of the held ones, in turn. */
void held_sweep(struct publisher *p, size_t most);
/* The feed's live segment was replaced: it becomes the spare, or is let go. */
void feed_retire(struct publisher_feed *f, struct segment *s);
void feed_drop_spare(struct publisher_feed *f);
bool feed_recycles(struct publisher_feed *f);
/* All that can be given back at once, when room is short. */
void publisher_squeeze(struct publisher *p);
/* What the catalog says of memory. */
void publisher_count(struct publisher *p);

/* --- access.c --------------------------------------------------------------------------------- */

/* Nobody but the owner can open what is kept of older snapshots any more. */
void feed_close_older(struct publisher_feed *f);

/* --- hold.c ----------------------------------------------------------------------------------- */

/* Take the lock of the directory, and ask what leases are worth there. */
int hold_take(struct publisher *p, struct shmpub_error *err);
/* [any] True while names in the directory are ours to remove and rename: asks the file system. */
bool hold_owns(const struct publisher *p);
/* Ask again whether somebody else goes on with our catalog. */
void hold_look(struct publisher *p);
/* True while the words of the catalog are ours to write, by what was last seen. */
bool hold_writes(const struct publisher *p);
/*
 * Put back directory, lock and catalog where somebody removed them. SHMPUB_ERR_BUSY: another
 * process has the instance, or had it meanwhile; SHMPUB_ERR_INVALID: this is a child.
 */
int hold_ensure(struct publisher *p, struct shmpub_error *err);

/* --- takeover.c ------------------------------------------------------------------------------- */

/* Unlink the hidden segments that a crash left. */
int takeover_clean(struct publisher *p, struct shmpub_error *err);
/* Go on from the snapshot that stands under the feed's name, if there is a whole one. */
int takeover_adopt(struct publisher_feed *f, struct shmpub_error *err);
/* Unlink every snapshot and the catalog. */
void takeover_remove_all(struct publisher *p);

/* --- others ------------------------------------------------------------------------------------ */

struct catalog_slot *feed_slot(const struct publisher_feed *f);
void feed_free(struct publisher_feed *f);

#endif
