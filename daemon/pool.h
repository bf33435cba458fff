/*
 * Work off the loop thread, on threads of its own, a bounded number at a time. A few are
 * made at once, others when they are needed; where one cannot be made, there are fewer.
 *
 * A job that may hang (reading a source on a dead server) stops counting as busy once
 * it has been away for POOL_STUCK_MS, and another takes its place; so a hung source
 * costs a thread, never a worker. The very last thread is not for sources that hung before.
 *
 * Short jobs (a look at a file's times) that wait together go together, because waking a
 * thread costs more than they do. Should one of them hang, those before it come home and
 * those behind it wait again, for another thread.
 *
 * Threads:  the loop thread; only job->work runs elsewhere, on what it was handed.
 * Lifetime: a job belongs to its owner, who leaves it alone until job->done.
 */
#ifndef SHMPUBD_POOL_H
#define SHMPUBD_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "shmpub/shmpub.h"

#define POOL_STUCK_MS 2000
#define POOL_SPARE_THREADS 64
#define POOL_LEAST_THREADS 2 /* one more than a source that hangs */
#define POOL_TOGETHER_MAX 32

struct pool;

struct pool_job {
	void (*work)(struct pool_job *job); /* worker */
	/* Loop thread. `ran` is false when the pool was stopped first. */
	void (*done)(struct pool_job *job, bool ran);
	bool may_hang;
	bool is_short;
	bool is_suspect; /* it was stuck the last time; kept by the pool */

	struct pool_job *next; /* the pool's own: waiting */
};

struct pool_queue {
	struct pool_job *first, **end;
};

/* What one thread was given: jobs, one after the other. */
struct pool_run {
	struct pool_job *jobs[POOL_TOGETHER_MAX];
	size_t n;
	uint64_t
	        n_claimed; /* atomic: jobs that the thread has begun; or beyond n, when no more may be */
	size_t first, end; /* the loop's: jobs that have not come home */
	uint64_t started_ms;
	bool is_stuck;
	struct pool_run *next;      /* running, or free */
	struct pool_run *next_work; /* of those that no thread has begun, or that have come home */
};

struct pool {
	uv_loop_t *loop;
	size_t workers, n_threads;
	size_t n_running, n_stuck; /* runs */
	bool is_stopped;
	struct pool_queue urgent, waiting;
	struct pool_run *runs; /* owned: n_threads of them */
	struct pool_run *running, *free;
	uv_prepare_t prepare; /* short jobs are started when the loop has nothing more to submit */

	uv_thread_t *threads; /* owned: n_threads of them, of which n_made run */
	size_t n_made;
	bool is_short;   /* one more was wanted and could not be made */
	uv_async_t home; /* runs have come home */

	uv_mutex_t mutex; /* over what follows */
	uv_cond_t has_work;
	struct pool_run *begun, **work_end; /* handed to the threads, in order */
	struct pool_run *done;
	bool is_over, is_deaf; /* the threads are to end; the loop does not listen any more */
};

/*
 * `loop` is there. workers 0: as many as CPUs, at least 2. SHMPUB_ERR_SYS: the threads that
 * are needed cannot be made.
 */
int pool_init(struct pool *p, uv_loop_t *loop, uint64_t workers, struct shmpub_error *err);
/* Takes its handles off the loop, which is to run once more for that. */
void pool_close(struct pool *p);
/* After pool_close: what has come home since then is done. */
void pool_drain(struct pool *p);
/* Nothing is running any more, and the loop has run. */
void pool_deinit(struct pool *p);
/* `urgent`: before all that is not; for jobs that hold memory until they are done. */
void pool_submit(struct pool *p, struct pool_job *job, bool urgent);
/* Once a second or so: see who is stuck. */
void pool_tick(struct pool *p);
/* Start nothing more; what waits is done without having run. */
void pool_stop(struct pool *p);

#endif
