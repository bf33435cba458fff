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
 * Wait for its end and free it. In a child of fork(), which has no such thread, only free it. NULL
 * is fine.
 */
void shm_thread_join(struct shm_thread *thread);

#endif
