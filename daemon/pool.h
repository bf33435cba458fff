/*
 * Runs jobs off the loop thread, on threads of its own, a bounded number at a time. Two threads
 * are made at once, others when they are needed. Where one cannot be made, there are fewer.
 *
 * A job can hang while it waits for a source (a file on a dead server). Its word `waiting` tells
 * since when it waits. A job that has waited for POOL_STUCK_MS stops counting as busy, and another
 * job may run. So a source that hangs costs a thread, never a worker. A job that computes for as
 * long counts as busy. The very last thread is not given to jobs that were stuck before.
 *
 * Short jobs (a look at a file's times) that wait at the same time are given to one thread
 * together, because waking a thread costs more than they do. If one of them hangs, those before
 * it are done, and those after it wait for another thread.
 *
 * Threads:  the loop thread; only job->work runs on a thread of the pool, on data that it was
 *           handed.
 * Lifetime: a job belongs to its owner, who must not touch it between pool_submit and job->done.
 */
#ifndef SHMPUBD_POOL_H
#define SHMPUBD_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "shmpub/shmpub.h"

#define POOL_STUCK_MS 2000
#define POOL_SPARE_THREADS 64
#define POOL_LEAST_THREADS 2 /* so that one source that hangs does not block all */
#define POOL_TOGETHER_MAX 256
#define POOL_BESIDE 128 /* bytes after a short job that it probably needs */

struct pool;

struct pool_job {
	void (*work)(struct pool_job *job); /* on a thread of the pool */
	/* On the loop thread. `ran` is false when the pool was stopped before the job began. */
	void (*done)(struct pool_job *job, bool ran);
	uint64_t waiting;  /* wait_word.h: `work` sets it around each call that may hang */
	bool is_short;     /* such calls are all that it does */
	bool is_suspect;   /* it was stuck the last time; set by the pool */
	const void *ahead; /* of a short job: what `work` reads first of other memory; NULL: none */

	struct pool_job *next; /* the pool's own: the next in the queue */
};

struct pool_queue {
	struct pool_job *first, **end;
};

/* The jobs that one thread was given; it does them one after the other. */
struct pool_run {
	struct pool_job *jobs[POOL_TOGETHER_MAX];
	const void *ahead[POOL_TOGETHER_MAX]; /* of each job; the job itself may be taken away */
	size_t n;
	/* atomic: how many jobs the thread has begun; beyond n when it may begin no more */
	uint64_t n_claimed;
	size_t first, end; /* the loop's: jobs [first, end) are not done yet */
	uint64_t started_ms;
	bool is_stuck, was_stuck;   /* now; at any time of this run */
	struct pool_run *next;      /* in `running` or `free` */
	struct pool_run *next_work; /* in `begun` or `done` */
};

struct pool {
	uv_loop_t *loop;
	size_t workers, n_threads;
	size_t n_running, n_stuck; /* runs */
	bool is_stopped;
	struct pool_queue urgent, waiting;
	struct pool_run *runs; /* owned: n_threads of them */
	struct pool_run *running, *free;
	uv_prepare_t prepare; /* starts short jobs when the loop has nothing more to submit */

	uv_thread_t *threads; /* owned: n_threads of them, of which n_made run */
	size_t n_made;
	bool is_short;   /* the last attempt to make a thread failed */
	uv_async_t home; /* signalled by a thread that has finished a run */

	uv_mutex_t mutex; /* protects the fields below */
	uv_cond_t has_work;
	struct pool_run *begun, **work_end; /* runs that no thread has taken yet, in order */
	struct pool_run *done;
	bool is_over, is_deaf; /* the threads must end; `home` may not be signalled any more */
};

/*
 * `loop` must be initialised. workers 0: as many as there are CPUs, at least 2. SHMPUB_ERR_SYS:
 * the threads that are needed cannot be made; SHMPUB_ERR_NOMEM.
 */
int pool_init(struct pool *p, uv_loop_t *loop, uint64_t workers, struct shmpub_error *err);
/* Closes the pool's handles. The loop must run once more for that. */
void pool_close(struct pool *p);
/* After pool_close: calls job->done of the runs that have finished since then. */
void pool_drain(struct pool *p);
/* Ends the threads and frees the memory. No run may be under way, and the loop must have run. */
void pool_deinit(struct pool *p);
/*
 * Queues the job. `urgent` jobs go first; they are for jobs that hold memory or open files until
 * they are done.
 */
void pool_submit(struct pool *p, struct pool_job *job, bool urgent);
/* To be called about once a second: finds runs that are stuck. */
void pool_tick(struct pool *p);
/* Starts no more jobs. Jobs that wait get job->done with `ran` false. */
void pool_stop(struct pool *p);

#endif
