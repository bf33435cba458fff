/* daemon/spread: no more threads than processors, or than the configuration says. */
#include "unit/check.h"

#include <sched.h>
#include <stdatomic.h>
#include <uv.h>
#include "spread.h"

static atomic_size_t seen;
static uv_thread_t caller;

static void note_thread(void *arg, size_t i)
{
	uv_thread_t self = uv_thread_self();

	(void)arg;
	(void)i;
	if (!uv_thread_equal(&self, &caller))
		atomic_fetch_add(&seen, 1);
}

/* On one processor the caller does all of it. */
static void test_one_processor(void)
{
	struct spread spread;
	struct runner runner;
	cpu_set_t before, one;
	size_t cpu = 0;

	CHECK_INT("processors", sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	CHECK_INT("to one", sched_setaffinity(0, sizeof(one), &one), 0);
	CHECK_INT("as many as can be used", spread_threads(0), 1);
	CHECK_INT("more are asked for", spread_threads(64), 1);
	runner = spread_runner(&spread, spread_threads(64));
	CHECK_INT("the runner says so", runner.n_threads, 1);
	caller = uv_thread_self();
	runner.run(runner.self, 8, note_thread, NULL);
	CHECK_INT("no thread was started", atomic_load(&seen), 0);
	CHECK_INT("back", sched_setaffinity(0, sizeof(before), &before), 0);
}

int main(void)
{
	CHECK_INT("workers = 1", spread_threads(1), 1);
	CHECK_INT("all processors", spread_threads(0), uv_available_parallelism());
	CHECK_INT("not more", spread_threads(100000), uv_available_parallelism());
	test_one_processor();
	return check_report();
}
