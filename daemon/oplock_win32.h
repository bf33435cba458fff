/*
 * An opportunistic lock: lets a reader of a file get out of a writer's way.
 *
 * Windows lets nobody rename another file over one that is open, and lets nobody open a file
 * without sharing while somebody reads it. Who holds an opportunistic lock (for reading and for
 * the handle) is told of such an attempt, and the attempt waits: the reader closes its handle,
 * and the writer goes on as if nobody had been there. Where the file system has no such
 * locks, the file is read without one.
 *
 * Threads:  one.
 * Lifetime: the struct must not move between take and release, because the system writes into
 *           it. Release it before the file is closed.
 */
#ifndef SHMPUBD_OPLOCK_WIN32_H
#define SHMPUBD_OPLOCK_WIN32_H

#include <stdbool.h>
#include <windows.h>
#include <winioctl.h>

struct oplock {
	HANDLE file; /* NULL: there is no lock */
	OVERLAPPED wait;
	REQUEST_OPLOCK_INPUT_BUFFER asked;
	REQUEST_OPLOCK_OUTPUT_BUFFER told;
};

/*
 * `file` must have been opened with FILE_FLAG_OVERLAPPED. If no lock can be had, lock->file is
 * NULL and the other calls do nothing.
 */
void oplock_take(struct oplock *lock, HANDLE file);
/* True when somebody waits for the file to be closed, or has begun to write into it. */
bool oplock_is_broken(const struct oplock *lock);
void oplock_release(struct oplock *lock);

#endif
