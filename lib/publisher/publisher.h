/*
 * Publishing an instance: its lock, its catalog, and a segment (a file in shared memory)
 * for every snapshot.
 *
 * A publication is the making of one snapshot, in two steps. Preparing it
 * (publication_begin() to publication_seal()) may take long and may fail, and no reader
 * sees anything of it. publication_commit() then makes the snapshot the newest in one
 * step: readers see all of it or nothing.
 *
 * Threads:  a publisher and its feeds belong to one thread, the loop thread. A
 *           publication belongs to one thread at a time: the loop thread begins it, hands
 *           it to a worker, gets it back and commits it. A feed has one at a time.
 * Lifetime: publications end and feeds are removed before their publisher is closed.
 */
#ifndef SHMPUB_PUBLISHER_PUBLISHER_H
#define SHMPUB_PUBLISHER_PUBLISHER_H

#include <stdbool.h>
#include "catalog/catalog.h"
#include "shm/shm.h"
#include "snapshot/snapshot.h"

struct publisher;
struct publisher_feed;
struct publication;

struct publisher_options {
	const char *directory;    /* NULL: SHMPUB_DIRECTORY */
	const char *instance;     /* NULL: SHMPUB_INSTANCE */
	uint32_t max_feeds;       /* 0: 4096 */
	uint64_t max_bytes;       /* bound of all segments, also of those readers hold; 0: none */
	uint64_t min_free;        /* bytes that stay free in the directory; 0: none need to */
	uint64_t spare_bytes;     /* bound of all spare segments; 0: none are kept */
	struct shm_access access; /* of the catalog, and of feeds without their own; mode 0: 0644 */
	/* A promise to readers how often publisher_heartbeat() is called; 0: none. */
	uint64_t heartbeat_interval_ms;
	bool keep_on_exit; /* leave the snapshots in place at the end */
	bool is_temporary; /* else: at the end also remove the lock and the instance's directory */
};

/*
 * Open the instance: make its directory, take its lock, and take over what a crashed publisher
 * left (its snapshots stay, segments under hidden names are removed). SHMPUB_ERR_BUSY: another
 * process has the lock; the message has its pid.
 */
int publisher_open(struct publisher **out, const struct publisher_options *options,
                   struct shmpub_error *err);
/*
 * SHMPUB_OK while the publisher may publish. SHMPUB_ERR_INVALID in a child of the process that
 * opened it, where it can only be closed; SHMPUB_ERR_BUSY when another process had the instance at
 * the last look.
 */
int publisher_check(const struct publisher *p, struct shmpub_error *err);
uint64_t publisher_epoch(const struct publisher *p);
/* Set the state to running: every configured feed was tried once. */
void publisher_running(struct publisher *p);
/* From now on it is as if it had been opened with keep_on_exit. */
void publisher_keep(struct publisher *p);
/* Count a load of the configuration, and its result, in the catalog. */
void publisher_config_loaded(struct publisher *p, bool good);
/*
 * To be called about once a second: stores the heartbeat (now_ns: wall clock), frees replaced
 * segments that readers have released, and counts those that readers still hold.
 */
void publisher_heartbeat(struct publisher *p, int64_t now_ns);
typedef bool publisher_wants(void *arg, struct span name);
/*
 * Remove feeds that an earlier publisher left and that are not open here, unless wants() says that
 * they will be opened (wants NULL: none will). Their slots can then be given to new feeds.
 */
void publisher_sweep(struct publisher *p, publisher_wants *wants, void *arg);

/* How many more feeds can be opened. */
size_t publisher_feeds_left(const struct publisher *p);
/*
 * Open a feed, and announce it in the catalog. A snapshot that an earlier publisher left under its
 * name becomes the feed's snapshot. The feed's sequence is the greater one of catalog and snapshot.
 */
int publisher_feed_open(struct publisher_feed **out, struct publisher *p, struct span name,
                        uint64_t interval_ms, const struct shm_access *access,
                        struct shmpub_error *err);
/* Mark the feed as removed, wake its readers, remove FEED.arrow, free *f after its publication. */
void publisher_feed_remove(struct publisher_feed *f);
struct span publisher_feed_name(const struct publisher_feed *f);
uint64_t publisher_feed_sequence(const struct publisher_feed *f);
/* True while the feed's snapshot is under its name, with the size that it was published with. */
bool publisher_feed_is_in_place(const struct publisher_feed *f);
/*
 * To be called at every refresh, also when the source has not changed: restores the directory, the
 * catalog and this feed's snapshot if somebody removed them. SHM_ABSENT: the feed has no snapshot
 * (none was published yet, or it was removed and no copy is left), so the caller must publish one.
 * SHMPUB_ERR_BUSY, SHMPUB_ERR_INVALID: as publisher_check().
 */
int publisher_put_back(struct publisher_feed *f, struct shmpub_error *err);
/*
 * The part of publisher_put_back() that is the same for all feeds: restores the directory and the
 * catalog. A caller that refreshes many feeds at a time needs it once.
 */
int publisher_stand(struct publisher *p, struct shmpub_error *err);
/*
 * Begin to load what publisher_feed_stands() and publisher_feed_rests() need, for whoever calls them for
 * many feeds: first the feed, and when that is there its slot in the catalog. NULL is fine.
 */
void publisher_feed_prefetch(const struct publisher_feed *f);
void publisher_feed_prefetch_slot(const struct publisher_feed *f);
/*
 * Right after publisher_stand(): as publisher_feed_is_in_place(), at the price of a system call only
 * where something in the directory has changed, or at every sixteenth call.
 */
bool publisher_feed_stands(struct publisher_feed *f);
/* Maps the feed's newest snapshot for reading. SHM_ABSENT: there is none. */
int publisher_feed_map(struct shm_map *out, struct publisher_feed *f);
void publisher_feed_set_interval(struct publisher_feed *f, uint64_t interval_ms);
/*
 * Who may read the next snapshots, and the cells in error lines. NULL or mode 0: the publisher's.
 */
void publisher_feed_set_access(struct publisher_feed *f, const struct shm_access *access);
/* Give the current snapshot the access that was set for the next ones. */
int publisher_feed_follow_access(struct publisher_feed *f, struct shmpub_error *err);
/* Tell readers that no refresh has succeeded for three intervals, until the next report. */
void publisher_feed_set_stale(struct publisher_feed *f);
/* The data are older than they should be: a refresh that succeeds makes the feed stale, not fresh. */
void publisher_feed_set_overdue(struct publisher_feed *f, bool is_overdue);
/* How many files the pattern that is the source has; 0: it is none. */
void publisher_feed_set_files(struct publisher_feed *f, uint64_t n_files);

/*
 * Store the result of a refresh in the feed's slot. `err`: the error, or a warning, or NULL. Where
 * fewer users may read the feed than the catalog, the error line does not show the text of cells.
 */
enum refresh_result { REFRESH_PUBLISHED, REFRESH_UNCHANGED, REFRESH_FAILED };
void publisher_feed_report(struct publisher_feed *f, enum refresh_result result,
                           const struct shmpub_error *err);
/*
 * As publisher_feed_report() with REFRESH_UNCHANGED, for a feed whose state and line stay as they are:
 * only its counters and the time of the attempt are stored.
 */
void publisher_feed_rests(struct publisher_feed *f);
/*
 * Counts an error in the feed's table of errors, as publisher_feed_report() does with that of a refresh
 * that failed. For one that has not ended.
 */
void publisher_feed_count_error(struct publisher_feed *f, const struct shmpub_error *err);
/* Store only the error line, while the refresh is still under way. */
void publisher_feed_note(struct publisher_feed *f, const struct shmpub_error *err);

/* --- publications ------------------------------------------------------------------------------- */

/*
 * Loop thread. Takes the feed's next sequence and its spare segment; makes no blocking system call.
 */
int publication_begin(struct publication **out, struct publisher_feed *f, struct shmpub_error *err);
/*
 * Worker. The memory for snapshot_writer_new(), in a segment. Its reserve() fails with
 * SHMPUB_ERR_LIMIT at max_bytes and min_free; the message says how much snapshots and readers have.
 */
struct snapshot_memory publication_memory(struct publication *pub);
/*
 * Worker, before the memory is used. A bound of this snapshot; 0: none. Beyond it reserve() fails with
 * SHMPUB_ERR_LIMIT.
 */
void publication_set_max_bytes(struct publication *pub, uint64_t max_bytes);
/* Sets sequence and epoch. */
void publication_stamp(const struct publication *pub, struct snapshot_stamp *stamp);
/*
 * Worker. The snapshot is complete: cut the segment to `size` bytes; nobody writes to it any more.
 */
int publication_seal(struct publication *pub, uint64_t size, struct shmpub_error *err);

/* Worker, after the seal: the whole file; SPAN_NONE where rows were added. Valid until the publication is committed or discarded. */
struct span publication_bytes(const struct publication *pub);

/*
 * A snapshot that grows (snapshot/snapshot.h): instead of making another one, a publication may add rows to the
 * one that the feed has.
 *
 * Worker, before the memory is used: this snapshot is to grow, with room for so many bytes of rows.
 */
void publication_set_room(struct publication *pub, uint64_t room);
/* What was set; 0 where snapshots can't grow. */
uint64_t publication_room(const struct publication *pub);
/* Worker, after the seal: takes the snapshot's writer, by which rows are added to it later. */
void publication_keep(struct publication *pub, struct snapshot_writer *writer);
/* Worker. True when rows may be added to the snapshot that the feed has; *n_rows is how many it has. */
bool publication_grows(const struct publication *pub, uint64_t *n_rows);
/*
 * Worker. As snapshot_writer_append(), to that snapshot. On success the publication may be committed; on anything
 * else another snapshot can still be made.
 */
int publication_append(struct publication *pub, const struct table *more, uint64_t from,
                       const struct snapshot_stamp *stamp, struct shmpub_error *err);

/*
 * Loop thread. Makes the snapshot, or the rows that were added, the feed's newest, and frees *pub. On failure nothing
 * else changed.
 */
int publication_commit(struct publication *pub, const struct catalog_descriptor *d,
                       struct shmpub_error *err);
/* Loop thread. Ends the publication without a snapshot, and frees *pub. NULL is fine. */
void publication_discard(struct publication *pub);

/*
 * Stop in order: set the state, wake readers, remove everything but the lock file (unless
 * keep_on_exit; with is_temporary the lock as well), unlock, free *p. NULL is fine.
 */
void publisher_close(struct publisher *p);

#endif
