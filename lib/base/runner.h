/*
 * Who runs work on several threads, for whoever has work that can be split into tasks.
 *
 * The caller provides the threads: the daemon starts helpers for the time of one run
 * (daemon/spread.h), a program may have a pool of its own. NULL in place of a runner
 * means that there is one thread, the caller's.
 *
 * Threads: several threads may call run() of one runner at the same time.
 */
#ifndef SHMPUB_BASE_RUNNER_H
#define SHMPUB_BASE_RUNNER_H

#include <stddef.h>

struct runner {
	/* Call task(arg, i) once for every i < n, from any threads, and return when all are done. */
	void (*run)(void *self, size_t n, void (*task)(void *arg, size_t i), void *arg);
	void *self;
	size_t n_threads; /* that may work at one time, the caller's among them */
};

/* How many threads there are to split work for: at least one. */
static inline size_t runner_threads(const struct runner *r)
{
	return r && r->n_threads > 1 ? r->n_threads : 1;
}

#endif
