/*
 * Spreads one parse over several threads: the daemon's struct runner.
 *
 * Threads: run() is called on a worker, and starts helper threads that end before it returns.
 */
#ifndef SHMPUBD_SPREAD_H
#define SHMPUBD_SPREAD_H

#include <stddef.h>
#include <stdint.h>
#include "base/runner.h"

#define SPREAD_THREADS_MAX 16

struct spread {
	size_t n_threads;
};

/*
 * How many threads make one table: `workers` of the configuration, 0 for as many as can be used,
 * and never more than processors that this process may use, because the threads of a table take
 * turns, and one that waits for a processor keeps the others waiting.
 */
size_t spread_threads(uint64_t workers);
/* Returns a runner of at most `n_threads` threads, the caller's among them. `s` must outlive it. */
struct runner spread_runner(struct spread *s, size_t n_threads);

#endif
