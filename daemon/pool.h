/*
 * Work off the loop thread, on libuv's thread pool, a bounded number at a time.
 *
 * A job that may hang (reading a source on a dead server) stops counting as busy once
 * it has been away for POOL_STUCK_MS, and another takes its place; so a hung source
 * costs a thread, never a worker. The very last thread is not for sources that hung before.
 *
 * Threads:  the loop thread; only job->work runs elsewhere, on what it was handed.
 * Lifetime: a job belongs to its owner, who leaves it alone until job->done.
 */
#ifndef SHMPUBD_POOL_H
#define SHMPUBD_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define POOL_STUCK_MS 2000
#define POOL_SPARE_THREADS 64

struct pool;

struct pool_job {
	void (*work)(struct pool_job *job); /* worker */
	/* Loop thread. `ran` is false when the pool was stopped first. */
	void (*done)(struct pool_job *job, bool ran);
	bool may_hang;
	bool is_suspect; /* it was stuck the last time; kept by the pool */

	/* the pool's own */
	struct pool *pool;
	uv_work_t request;
	uint64_t started_ms;
	bool is_stuck;
	struct pool_job *next; /* waiting, or running */
};

struct pool_queue {
	struct pool_job *first, **end;
};

struct pool {
	uv_loop_t *loop;
	size_t workers, n_threads;
	size_t n_running, n_stuck;
	bool is_stopped;
	struct pool_queue urgent, waiting;
	struct pool_job *running;
};

/* Before anything else uses libuv's pool. workers 0: as many as CPUs, at least 2. */
void pool_init(struct pool *p, uv_loop_t *loop, uint64_t workers);
/* `urgent`: before all that is not; for jobs that hold memory until they are done. */
void pool_submit(struct pool *p, struct pool_job *job, bool urgent);
/* Once a second or so: see who is stuck. */
void pool_tick(struct pool *p);
/* Start nothing more; what waits is done without having run. */
void pool_stop(struct pool *p);

#endif
