#include "shm/shm_thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "shm/shm_posix.h"

struct shm_thread {
	pthread_t id;
	uint64_t pid; /* of the process that the thread runs in */
	void (*fn)(void *arg);
	void *arg;
};

int shm_event_open(struct shm_event *out, struct shmpub_error *err)
{
	out->fd = shm_above_standard(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	return out->fd < 0 ? error_sys(err, errno, "eventfd") : SHMPUB_OK;
}

void shm_event_raise(const struct shm_event *event)
{
	const uint64_t one = 1;

	/* It fails only when the counter is full, and then the event is raised already. */
	if (write(event->fd, &one, sizeof(one)) < 0)
		return;
}

void shm_event_clear(const struct shm_event *event)
{
	uint64_t count;

	if (read(event->fd, &count, sizeof(count)) < 0)
		return;
}

void shm_event_close(struct shm_event *event)
{
	if (event->fd >= 0)
		close(event->fd);
	*event = SHM_EVENT_NONE;
}

static void *run(void *arg)
{
	const struct shm_thread *thread = arg;

	thread->fn(thread->arg);
	return NULL;
}

int shm_thread_start(struct shm_thread **out, void (*fn)(void *arg), void *arg,
                     struct shmpub_error *err)
{
	struct shm_thread *thread = mem_zalloc(1, sizeof(*thread));
	sigset_t all, before;
	int sys;

	*out = NULL;
	if (thread == NULL)
		return error_nomem(err, sizeof(*thread));
	thread->pid = shm_pid();
	thread->fn = fn;
	thread->arg = arg;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* the new thread inherits it */
	sys = pthread_create(&thread->id, NULL, run, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (sys != 0) {
		mem_free(thread);
		return error_sys(err, sys, "start a thread");
	}
	*out = thread;
	return SHMPUB_OK;
}

void shm_thread_join(struct shm_thread *thread)
{
	if (thread == NULL)
		return;
	if (thread->pid == shm_pid())
		pthread_join(thread->id, NULL);
	mem_free(thread);
}

/*
 * Linux takes a processor that is halted for one that the hypervisor has preempted, and does not
 * prefer it for a new thread. Its balancing moves no thread that ran lately.
 */
void shm_thread_part(const struct shm_thread *thread)
{
	int here = sched_getcpu();
	cpu_set_t all, others;

	if (here < 0 || here >= CPU_SETSIZE ||
	    pthread_getaffinity_np(thread->id, sizeof(all), &all) != 0)
		return;
	others = all;
	CPU_CLR((size_t)here, &others);
	if (CPU_COUNT(&others) > 0 &&
	    pthread_setaffinity_np(thread->id, sizeof(others), &others) == 0)
		pthread_setaffinity_np(thread->id, sizeof(all), &all);
}

void shm_thread_yield(void)
{
	sched_yield();
}
