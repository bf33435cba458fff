/*
 * A runner executes the tasks of one piece of work on several threads.
 *
 * lib/ starts no threads of its own; the program provides the runner. The daemon starts helper
 * threads for the time of one run (daemon/spread.h); another program may have a pool of
 * threads. A NULL pointer in place of a runner means that the calling thread does all the work.
 *
 * Threads: several threads may call run() of one runner at the same time.
 */
#ifndef SHMPUB_BASE_RUNNER_H
#define SHMPUB_BASE_RUNNER_H

#include <stddef.h>

struct runner {
	/* Calls task(arg, i) once for every i < n, on any threads, and returns when all are done. */
	void (*run)(void *self, size_t n, void (*task)(void *arg, size_t i), void *arg);
	void *self;
	size_t n_threads; /* how many may work at the same time, the calling thread among them */
	/*
	 * Gives up the processor for a moment, for a task that waits for another. `n`: how often it
	 * was called before during this wait. NULL: the task asks on.
	 */
	void (*pause)(void *self, unsigned n);
};

/* Returns how many threads may work at the same time, at least 1; `r` may be NULL. */
static inline size_t runner_threads(const struct runner *r)
{
	return r && r->n_threads > 1 ? r->n_threads : 1;
}

#endif
