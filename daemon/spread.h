/*
 * Spreads one parse over several threads: the daemon's struct runner.
 *
 * Threads: run() is called on a worker, and starts helper threads that end before it returns.
 */
#ifndef SHMPUBD_SPREAD_H
#define SHMPUBD_SPREAD_H

#include "base/runner.h"

#define SPREAD_THREADS_MAX 16

struct spread {
	size_t n_threads;
};

/* Returns a runner of at most `n_threads` threads, the caller's among them. `s` must outlive it. */
struct runner spread_runner(struct spread *s, size_t n_threads);

#endif
