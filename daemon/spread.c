#include "spread.h"

#include <uv.h>
#include "base/atomic.h"
#include "shm/shm_thread.h"

/*
 * Helper threads live for one run only: starting one costs some tens of microseconds, and only
 * texts of megabytes are spread. There is no queue to wait for: if all CPUs are busy with other
 * feeds, the helpers are slow, and the caller does what they do not get to.
 */

#define YIELDS 2000u /* about a millisecond, if no other thread wants the processor */
#define NAPS 1000u   /* shortest sleeps, some 60 us each */

struct run {
	void (*task)(void *arg, size_t i);
	void *arg;
	size_t n;
	uint64_t next;
};

static void run_tasks(void *arg)
{
	struct run *r = arg;
	uint64_t i;

	while ((i = fetch_add_relaxed_u64(&r->next, 1)) < r->n)
		r->task(r->arg, (size_t)i);
}

static void spread(void *self, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
	struct shm_thread *helpers[SPREAD_THREADS_MAX];
	const struct spread *s = self;
	struct run r = { .task = task, .arg = arg, .n = n };
	size_t wanted = s->n_threads, started = 0;

	if (wanted > n)
		wanted = n;
	while (started + 1 < wanted &&
	       shm_thread_start(&helpers[started], run_tasks, &r, NULL) == SHMPUB_OK)
		shm_thread_part(helpers[started++]);
	run_tasks(&r);
	while (started > 0)
		shm_thread_join(helpers[--started]);
}

/*
 * A task waits for another one for some microseconds, or as long as a source lets it wait. To sleep
 * takes 60 us and more, most of it until the processor is awake again.
 */
static void pause_task(void *self, unsigned n)
{
	(void)self;
	if (n < YIELDS)
		shm_thread_yield();
	else
		uv_sleep(n < YIELDS + NAPS ? 0 : 1);
}

size_t spread_threads(uint64_t workers)
{
	size_t usable = uv_available_parallelism();

	return workers != 0 && workers < usable ? (size_t)workers : usable;
}

struct runner spread_runner(struct spread *s, size_t n_threads)
{
	s->n_threads = n_threads < SPREAD_THREADS_MAX ? n_threads : SPREAD_THREADS_MAX;
	return (struct runner){
		.run = spread, .self = s, .n_threads = s->n_threads, .pause = pause_task
	};
}
