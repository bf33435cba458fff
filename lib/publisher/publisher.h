/*
 * An instance's writer: the lock, the catalog, and a segment for every snapshot.
 *
 * A publication has two halves. prepare (publication_begin ... publication_seal) runs
 * on any thread, can fail, and is seen by nobody. commit runs on the thread that
 * owns the publisher and makes it current in one step; it cannot fail half-way.
 *
 * Threads:  a publisher and its feeds belong to one thread (the daemon's loop); a
 *           publication is handed to a worker whole and comes back whole. One
 *           publication per feed at a time.
 * Lifetime: publications and feeds die before their publisher.
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
	uint64_t max_bytes;       /* all snapshots, spares and held ones; 0: no bound of our own */
	uint64_t spare_bytes;     /* bound of all spares; 0: none are kept */
	struct shm_access access; /* mode 0: 0644 */
	uint64_t
	        heartbeat_interval_ms; /* how often publisher_heartbeat() will come; 0: no promise */
	bool keep_on_exit;
};

/*
 * Take the instance: directory, lock, take-over of what a crash left (whole
 * snapshots stay, hidden segments are unlinked). SHMPUB_ERR_BUSY names the pid.
 */
int publisher_open(struct publisher **out, const struct publisher_options *options,
                   struct shmpub_error *err);
/*
 * SHMPUB_ERR_INVALID in a child of the process that opened it, where a publisher can only be
 * closed; SHMPUB_ERR_BUSY when another process was last seen to have the instance.
 */
int publisher_check(const struct publisher *p, struct shmpub_error *err);
uint64_t publisher_epoch(const struct publisher *p);
void publisher_running(
        struct publisher *p); /* state -> running: everything configured was tried once */
/* For readers who watch over it: a configuration was loaded, or refused. */
void publisher_config_loaded(struct publisher *p, bool good);
/*
 * The daemon's pulse, about once a second: stores the heartbeat, gives back replaced
 * segments that readers have let go, counts what they hold.
 */
void publisher_heartbeat(struct publisher *p, int64_t now_ns);
typedef bool publisher_wants(void *arg, struct span name);
/*
 * Remove what stands from before (of another configuration, say) of feeds that are neither
 * open nor wanted (NULL: none is), so that their slots serve the feeds to come.
 */
void publisher_sweep(struct publisher *p, publisher_wants *wants, void *arg);

/* How many more feeds can be opened now; each that is removed makes room for another. */
size_t publisher_feeds_left(const struct publisher *p);
/* Begin or go on with a feed; a snapshot left by a crash is adopted (sequence = greater of catalog and file). */
int publisher_feed_open(struct publisher_feed **out, struct publisher *p, struct span name,
                        uint64_t interval_ms, const struct shm_access *access,
                        struct shmpub_error *err);
/* Mark the feed removed, wake its readers, take its name away, free it. */
void publisher_feed_remove(struct publisher_feed *f);
struct span publisher_feed_name(const struct publisher_feed *f);
uint64_t publisher_feed_sequence(const struct publisher_feed *f);
/* True when a snapshot of this feed stands under its name right now, and nobody changed its size. */
bool publisher_feed_stands(const struct publisher_feed *f);
/*
 * For every attempt, unchanged ones included: put back what somebody removed, be it
 * the directory, the catalog or this feed's snapshot. SHM_ABSENT: the snapshot is gone
 * and there is no copy of it, so it must be published again (also before the first).
 * SHMPUB_ERR_BUSY: another process has taken the instance; SHMPUB_ERR_INVALID: a child of fork().
 */
int publisher_put_back(struct publisher_feed *f, struct shmpub_error *err);
void publisher_feed_set_interval(struct publisher_feed *f, uint64_t interval_ms);
/* For the snapshots to come, and for the lines of publisher_feed_report(). mode 0: the publisher's. */
void publisher_feed_set_access(struct publisher_feed *f, const struct shm_access *access);
/* What stands becomes readable by whom the snapshots to come will be. */
int publisher_feed_follow_access(struct publisher_feed *f, struct shmpub_error *err);
/* No attempt has succeeded for three intervals: the state words say so until the next report. */
void publisher_feed_set_stale(struct publisher_feed *f);

/*
 * What a refresh came to, for the status words. err: NULL when there was none. The text of
 * a cell is left out of its line where fewer may read the feed than the catalog.
 */
enum refresh_result { REFRESH_PUBLISHED, REFRESH_UNCHANGED, REFRESH_FAILED };
void publisher_feed_report(struct publisher_feed *f, enum refresh_result result,
                           const struct shmpub_error *err);
/* The line alone, of an attempt that has not come to an end. */
void publisher_feed_note(struct publisher_feed *f, const struct shmpub_error *err);

/* --- prepare: loop thread begins, a worker fills and seals -------------------------------------- */

/* Loop thread. Reserves the next sequence and segment for this feed; no system calls that block. */
int publication_begin(struct publication **out, struct publisher_feed *f, struct shmpub_error *err);
/* Worker. Memory for snapshot_writer_new(); honours max_bytes (SHMPUB_ERR_LIMIT says what holds the rest). */
struct snapshot_memory publication_memory(struct publication *pub);
/* Sequence and epoch for the stamp. */
void publication_stamp(const struct publication *pub, struct snapshot_stamp *stamp);
/* Worker. `size` bytes are final. */
int publication_seal(struct publication *pub, uint64_t size, struct shmpub_error *err);

/* Worker, after the seal: the file as readers will see it; good until the publication is committed or discarded. */
struct span publication_bytes(const struct publication *pub);

/* Loop thread. Puts it in place; on failure nothing changed and the publication is discarded. */
int publication_commit(struct publication *pub, const struct catalog_descriptor *d,
                       struct shmpub_error *err);
/* Loop thread. Gives everything back; NULL is fine. */
void publication_discard(struct publication *pub);

/* Orderly stop: state, wake, remove everything (unless keep_on_exit), unlock. NULL is fine. */
void publisher_close(struct publisher *p);

#endif
