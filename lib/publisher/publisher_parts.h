/*
 * What the files of publisher/ share. Nobody else includes this.
 *
 * Words:   a feed's live segment is the snapshot under the feed's name; a retired one was
 *          replaced, and was not probed yet; a held one was replaced and some reader has it
 *          mapped; the spare was replaced and is kept to be filled again.
 * Threads: the loop thread, except what is marked [any].
 */
#ifndef SHMPUB_PUBLISHER_PARTS_H
#define SHMPUB_PUBLISHER_PARTS_H

#include "catalog/error_table.h"
#include "publisher/publisher.h"

#define SEGMENT_NAME_SIZE 72u       /* ".FEED.N" and "FEED.arrow" */
#define REST_NS INT64_C(1000000000) /* a replaced segment is not filled again before that */
#define SPARE_INTERVAL_MS 60000u /* feeds refreshed less often keep no spare: memory counts more */
#define SPARE_KEEP_NS (INT64_C(2000000) * SPARE_INTERVAL_MS) /* an unused spare is freed then */
#define HELD_PROBES 32u /* how many held segments one heartbeat probes */

/*
 * One file. It has the feed's name or none at all (`name` is empty), or a hidden name.
 */
struct segment {
	struct segment *next;
	struct shm_map map;       /* SHM_MAP_NONE when only its name is known */
	uint64_t bytes;           /* its share of publisher.used_bytes, in whole pages */
	int64_t replaced_ns;      /* monotonic: when the next snapshot took its place */
	uint32_t slot;            /* of its feed, ... */
	uint64_t generation;      /* ... while the slot has this generation */
	struct shm_access access; /* which it was sealed with */
	bool is_held;             /* its bytes are counted in held_bytes */
	bool is_free;             /* was probed after it was replaced, and nobody had it */
	uint64_t number;          /* of the live segment: the one in its descriptors */
	/* owned; of a live segment that grows: it has the next rows written. NULL: it does not grow */
	struct snapshot_writer *writer;
	char name[SEGMENT_NAME_SIZE];
};

struct segment_list {
	struct segment *first, **end;
};

struct publisher {
	struct shm_dir dir;
	struct shm_lock *lock;
	bool is_lost;       /* at the last hold_check_lost() another process had the instance */
	int64_t started_ns; /* the value that this publisher stored in the catalog */
	int64_t changed_ns; /* of the directory at the last publisher_stand(): shm_dir_changed_ns() */
	struct catalog catalog;
	struct error_table errors;
	char *directory, *instance;
	struct shm_access access;
	uint32_t max_feeds;
	uint64_t max_bytes, min_free, spare_limit;
	bool keep_on_exit, is_temporary;
	uint32_t has_leases; /* [any, atomic] 1: leases tell whether a reader has a file */
	uint64_t page_size;

	uint64_t used_bytes; /* [any, atomic] of all segments */
	uint64_t held_bytes; /* [any, atomic] of the held ones among them */
	uint64_t spare_bytes;
	uint64_t next_number;              /* for hidden names */
	size_t n_pending;                  /* publications that are under way */
	bool has_replaced;                 /* some feed may have a spare or retired segments */
	size_t n_recyclers, max_recyclers; /* feeds that may keep a spare; each needs descriptors */
	size_t n_growing; /* segments with a writer; there may be max_recyclers of them */

	struct publisher_feed *feeds;
	struct publisher_feed **by_slot; /* max_feeds of them */
	struct segment_list held;        /* of all feeds; the longest unprobed one is first */
};

struct publisher_feed {
	struct publisher_feed *next, **link;
	struct publisher *publisher;
	uint32_t slot;
	uint64_t generation; /* of the slot */
	struct shm_access access;
	uint64_t interval_ms;
	uint64_t sequence;     /* of the newest snapshot */
	uint64_t floor;        /* sequences up to this one must not be used again */
	uint64_t wanted_bytes; /* what the last publication asked for, if it failed; else 0 */
	struct shm_id id;      /* of the live segment */
	uint64_t size;         /* of the live segment, in bytes */
	/* changed_ns when the name was last looked at, and how often it was taken for granted since */
	int64_t stood_ns;
	unsigned n_taken;
	struct segment *live, *spare;
	struct segment *retired;
	struct publication *pending;
	bool is_removed, is_recycler, is_overdue;
	char name[SHMPUB_FEED_MAX + 1];
	char file[SEGMENT_NAME_SIZE];
};

struct publication {
	struct publisher *publisher;
	struct publisher_feed *feed;
	struct shm_access access;
	uint64_t sequence, epoch, number;
	struct segment *segment; /* the one that the snapshot is written to */
	struct segment *spare;   /* to be filled again, if no reader has it */
	struct segment *retired; /* the worker drops those that nobody has; the rest are held */
	uint64_t wanted_bytes;
	uint64_t max_bytes; /* of this snapshot; 0: no bound */
	uint64_t room;      /* bytes that it may have for later rows; 0: it is not to grow */
	struct snapshot_writer *writer; /* owned; of the snapshot that was made and is to grow */
	bool may_grow;         /* there may be one segment more that grows */
	struct segment *grown; /* the feed's live segment, if rows may be added to it; NULL: none */
	bool is_orphan;        /* the feed was removed meanwhile, and `grown` is the publication's */
	bool is_appended;      /* rows were added to `grown`, and nobody sees them yet */
	bool is_sealed;
	bool no_leases;               /* asking for a lease failed: has_leases becomes 0 */
	char name[SEGMENT_NAME_SIZE]; /* for a new segment */
};

/* --- segments.c ------------------------------------------------------------------------------- */

/* [any] Add to used_bytes; SHMPUB_ERR_LIMIT: that would exceed max_bytes, and nothing was added. */
int budget_take(struct publisher *p, uint64_t bytes, struct shmpub_error *err);
/* [any] */
void budget_give(struct publisher *p, uint64_t bytes);
uint64_t whole_pages(const struct publisher *p, uint64_t size);

/* [any] SHMPUB_ERR_LIMIT: so many bytes more would leave less than min_free in the directory. */
int room_check(const struct publisher *p, uint64_t bytes, struct shmpub_error *err);
/* [any] True when the directory has too little room for so many bytes more. */
bool room_is_short(const struct publisher *p, uint64_t bytes);
/* [any] If *err says that the directory is full, adds what helps. Returns r. */
int room_explain(int r, const struct publisher *p, struct shmpub_error *err);

/* Make a hidden name that was not used before. */
void segment_hidden_name(char out[SEGMENT_NAME_SIZE], struct publisher *p, const char *feed);
/* [any] Make a new file of `size` bytes under a hidden name, and count its bytes. */
int segment_create(struct segment **out, const struct publisher_feed *f, const char *name,
                   size_t size, const struct shm_access *access, struct shmpub_error *err);
/*
 * [any] Overwrite the magic at both ends, before anything else in a recycled segment changes: a
 * reader that gets in meanwhile then sees that it is no snapshot.
 */
void segment_spoil(struct shm_map *map);
/* It does not grow any more. */
void segment_end_growth(struct publisher *p, struct segment *s);
/* [any] Remove the hidden name, unless it means another file by now. */
void segment_unname(const struct publisher *p, struct segment *s);
/*
 * [any] Unmap it, remove its hidden name, subtract its bytes, free *s. Not for held ones. NULL is
 * fine.
 */
void segment_drop(struct publisher *p, struct segment *s);
/* [any] 0: nobody else has it open or mapped; SHM_BUSY: somebody has; negative: cannot be known. */
int segment_probe(const struct publisher *p, const struct segment *s);
/* [any] Drop the segments of a list that nobody has; returns the list of the others. */
struct segment *segments_drop_free(struct publisher *p, struct segment *list);

/* Drop the segment if nobody has it; else put it into publisher.held. */
void segment_let_go(struct publisher *p, struct segment *s);
void segments_let_go(struct publisher *p, struct segment **list);
/* Probe `most` of the held segments, the longest unprobed first, and drop those that are free. */
void held_sweep(struct publisher *p, size_t most);
/* The feed's live segment was replaced: it becomes the spare, or is retired. */
void feed_retire(struct publisher_feed *f, struct segment *s);
void feed_drop_spare(struct publisher_feed *f);
/* Put a segment into the list of those that are probed at the next heartbeat. */
void feed_push_retired(struct publisher_feed *f, struct segment *s);
/* True when the feed may keep a spare. */
bool feed_recycles(struct publisher_feed *f);
/* Free all memory that is only kept for speed, because max_bytes is reached. */
void publisher_free_spares(struct publisher *p);
/* Store used_bytes and held_bytes in the catalog. */
void publisher_store_usage(struct publisher *p);

/* --- growing.c -------------------------------------------------------------------------------- */

/* A publication begins: perhaps rows can be added to the feed's live segment. */
void growing_begin(struct publication *pub);
/* The segment becomes the feed's live one: it gets the writer, if there is one. */
void growing_take(struct segment *s, struct publication *pub);
void growing_end(struct publication *pub);

/* --- access.c --------------------------------------------------------------------------------- */

/* Let nobody but the owner open the feed's older snapshots: spare, retired and held ones. */
void feed_close_older(struct publisher_feed *f);

/* --- hold.c ----------------------------------------------------------------------------------- */

/* Take the lock of the directory, and find out whether leases work in it. */
int hold_take(struct publisher *p, struct shmpub_error *err);
/* [any] True while this publisher may remove and rename files of the directory. Asks the system. */
bool hold_may_rename(const struct publisher *p);
/* Find out whether another process has taken the instance (is_lost). */
void hold_check_lost(struct publisher *p);
/* True while this publisher may write the catalog, as far as the last hold_check_lost() tells. */
bool hold_may_write(const struct publisher *p);
/*
 * Restore the directory, the lock and the catalog if somebody removed them. SHMPUB_ERR_BUSY:
 * another process has the instance, or had it meanwhile; SHMPUB_ERR_INVALID: this is a child of
 * fork().
 */
int hold_ensure(struct publisher *p, struct shmpub_error *err);

/* --- takeover.c ------------------------------------------------------------------------------- */

/* Remove files under hidden names, which a crashed publisher left. */
int takeover_clean(struct publisher *p, struct shmpub_error *err);
/*
 * Make the snapshot under the feed's name its live segment, if there is a whole one; else remove
 * it.
 */
int takeover_adopt(struct publisher_feed *f, struct shmpub_error *err);
/* Remove the catalog and all snapshots; with keep_on_exit only files under hidden names. */
void takeover_remove_all(struct publisher *p);

/* --- others ------------------------------------------------------------------------------------ */

struct catalog_slot *feed_slot(const struct publisher_feed *f);
void feed_free(struct publisher_feed *f);

#endif
