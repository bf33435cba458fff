/* A runner over real threads, for tests of what spreads its work. */
#ifndef SHMPUB_TESTS_THREADS_H
#define SHMPUB_TESTS_THREADS_H

#include "base/atomic.h"
#include "base/runner.h"
#include "shm/shm_thread.h"

#define HELPERS_MAX 3

struct work {
	void (*task)(void *arg, size_t i);
	void *arg;
	size_t n;
	uint64_t next;
};

static inline void take_tasks(void *arg)
{
	struct work *w = arg;
	uint64_t i;

	while ((i = fetch_add_relaxed_u64(&w->next, 1)) < w->n)
		w->task(w->arg, (size_t)i);
}

/*
 * For struct runner: `self` points to a size_t, how many threads besides the caller's, at most
 * HELPERS_MAX. With none, or where none can be had, the tasks run one after the other.
 */
static inline void run_threads(void *self, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
	struct work w = { task, arg, n, 0 };
	struct shm_thread *threads[HELPERS_MAX];
	size_t started = 0, most = *(const size_t *)self;

	while (started < most && shm_thread_start(&threads[started], take_tasks, &w, NULL) == 0)
		shm_thread_part(threads[started++]);
	take_tasks(&w);
	while (started > 0)
		shm_thread_join(threads[--started]);
}

#endif
