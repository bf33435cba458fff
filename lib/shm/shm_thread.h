/*
 * What a platform must provide for threads: to start one, and an event that event loops can wait
 * for. shm_thread_posix.c and shm_thread_win32.c implement it.
 *
 * Errors: SHMPUB_ERR_SYS with the call and the reason.
 */
#ifndef SHMPUB_SHM_THREAD_H
#define SHMPUB_SHM_THREAD_H

#include "shm/shm.h"

/*
 * A descriptor that is readable while the event is raised, for poll(2), epoll(7) and event loops.
 * On Windows it is the handle of a manual-reset event, for WaitForSingleObject() and the like.
 */
struct shm_event {
	int fd;
};
#define SHM_EVENT_NONE ((struct shm_event){ .fd = -1 })

int shm_event_open(struct shm_event *out, struct shmpub_error *err);
/* [any thread] */
void shm_event_raise(const struct shm_event *event);
/* [any thread] May be called when it is not raised. */
void shm_event_clear(const struct shm_event *event);
void shm_event_close(struct shm_event *event);

struct shm_thread;

/*
 * Run fn(arg) on a new thread. All signals are blocked there: the program's handlers must not run
 * on it.
 */
int shm_thread_start(struct shm_thread **out, void (*fn)(void *arg), void *arg,
                     struct shmpub_error *err);
/*
 * Move a thread that was just started away from the caller's processor, if it may run on another
 * one. Afterwards it may run wherever it could before. For a thread that is to work at the same
 * time as the caller: a virtual machine's system may leave both on one processor for 50 ms.
 */
void shm_thread_part(const struct shm_thread *thread);
/*
 * Wait for its end and free it. In a child of fork(), which has no such thread, only free it. NULL
 * is fine.
 */
void shm_thread_join(struct shm_thread *thread);
/* [any thread] Let another thread have the processor, if one is waiting for it. */
void shm_thread_yield(void);

#endif
