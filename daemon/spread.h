/*
 * Spreading one parse over several threads: the daemon's struct ingest_runner.
 *
 * Threads: run() is called on a worker, and starts helpers for as long as it lasts.
 */
#ifndef SHMPUBD_SPREAD_H
#define SHMPUBD_SPREAD_H

#include "ingest/ingest.h"

#define SPREAD_THREADS_MAX 16

/* A runner of at most `n_threads`, the caller's among them. It keeps no state. */
struct ingest_runner spread_runner(size_t n_threads);

#endif
