/*
 * Getting out of a writer's way while a file is read: an opportunistic lock.
 *
 * Windows lets nobody rename another file over one that is open, nor open one without sharing it
 * that somebody reads. Who holds an opportunistic lock for reading and for the handle is told of
 * such an attempt, which waits meanwhile: the reader closes its handle, and the writer goes on as
 * if nobody had been there. Where there are no such locks, the file is read without one.
 *
 * Threads:  one. Lifetime: it stays where it is between take and release, as the system writes
 *           into it; released before the file is closed.
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

/* `file` was opened with FILE_FLAG_OVERLAPPED. */
void oplock_take(struct oplock *lock, HANDLE file);
/* Somebody waits for the file to be closed, or has begun to write into it. */
bool oplock_is_broken(const struct oplock *lock);
void oplock_release(struct oplock *lock);

#endif
