/*
 * What a platform must provide for threads of our own: one thread, and an event that event loops
 * can wait for. shm_thread_posix.c and shm_thread_win32.c implement it.
 *
 * Errors: SHMPUB_ERR_SYS with the call and the reason.
 */
#ifndef SHMPUB_SHM_THREAD_H
#define SHMPUB_SHM_THREAD_H

#include "shm/shm.h"

/*
 * Readable while it is raised, for poll(2), epoll(7) and event loops. On Windows it is the handle of a
 * manual-reset event, for WaitForSingleObject() and its kin.
 */
struct shm_event {
	int fd;
};
#define SHM_EVENT_NONE ((struct shm_event){ .fd = -1 })

int shm_event_open(struct shm_event *out, struct shmpub_error *err);
/* [any thread] */
void shm_event_raise(const struct shm_event *event);
/* [any thread] Not raised already is fine. */
void shm_event_clear(const struct shm_event *event);
void shm_event_close(struct shm_event *event);

struct shm_thread;

/*
 * Run fn(arg) on a thread that receives no signal: the program's handlers run on threads of its
 * own.
 */
int shm_thread_start(struct shm_thread **out, void (*fn)(void *arg), void *arg,
                     struct shmpub_error *err);
/* Wait for its end and free it; NULL is fine. In a forked child, which has no such thread, it only frees. */
void shm_thread_join(struct shm_thread *thread);

#endif
