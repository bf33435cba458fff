/*
 * Tests what a thread may run on after shm_thread_part(), and that it was moved. The caller binds
 * itself to one processor, so that it knows which one the thread must leave.
 */
#include <sched.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "shm/shm_thread.h"
#include "unit/check.h"

#define TRIES 20
#define ROUNDS 50

struct helper {
	cpu_set_t before, after; /* where it may run; set before it works */
	size_t here;             /* the processor that it starts on */
	uint64_t step;           /* 1: it runs there; 2: it has been parted */
	int ran_on;
};

static void help(void *arg)
{
	struct helper *h = arg;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(h->here, &one);
	sched_setaffinity(0, sizeof(one), &one);
	sched_setaffinity(0, sizeof(h->before), &h->before);
	store_release_u64(&h->step, 1);
	while (load_acquire_u64(&h->step) != 2)
		shm_thread_yield();
	h->ran_on = sched_getcpu();
	sched_getaffinity(0, sizeof(h->after), &h->after);
}

static struct helper part(const cpu_set_t *allowed, size_t here)
{
	struct helper h = { .before = *allowed, .here = here };
	struct shm_thread *thread;

	if (shm_thread_start(&thread, help, &h, NULL))
		abort();
	while (load_acquire_u64(&h.step) != 1)
		shm_thread_yield();
	shm_thread_part(thread);
	store_release_u64(&h.step, 2);
	shm_thread_join(thread);
	return h;
}

int main(void)
{
	cpu_set_t all, one;
	struct helper h;
	int here = sched_getcpu(), n_moved = 0;

	if (here < 0 || sched_getaffinity(0, sizeof(all), &all))
		abort();
	CPU_ZERO(&one);
	CPU_SET((size_t)here, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		abort();
	h = part(&one, (size_t)here);
	CHECK("one processor", CPU_EQUAL(&h.after, &one));
	CHECK_INT("stays", h.ran_on, here);
	/* The system may have moved some of them back, and most of them while it is busy. */
	for (int round = 0; round < ROUNDS && n_moved <= TRIES / 2; round++) {
		n_moved = 0;
		for (int i = 0; i < TRIES; i++) {
			h = part(&all, (size_t)here);
			CHECK("all processors", CPU_EQUAL(&h.after, &all));
			n_moved += h.ran_on != here;
		}
	}
	CHECK("moved", CPU_COUNT(&all) == 1 || n_moved > TRIES / 2);
	CHECK_INT("nothing lost", mem_live(), 0);
	return check_report();
}
