#include "oplock_win32.h"

/*
 * The request FSCTL_REQUEST_OPLOCK is the lock: it stays pending while the lock is held, and
 * completes when somebody breaks it. See "Opportunistic Locks" in Microsoft's documentation.
 */

void oplock_take(struct oplock *lock, HANDLE file)
{
	*lock = (struct oplock){
		.asked = { .StructureVersion = REQUEST_OPLOCK_CURRENT_VERSION,
		           .StructureLength = sizeof(lock->asked),
		           .RequestedOplockLevel = OPLOCK_LEVEL_CACHE_READ |
		                                   OPLOCK_LEVEL_CACHE_HANDLE,
		           .Flags = REQUEST_OPLOCK_INPUT_FLAG_REQUEST },
	};
	lock->wait.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (lock->wait.hEvent == NULL)
		return;
	if (!DeviceIoControl(file, FSCTL_REQUEST_OPLOCK, &lock->asked, sizeof(lock->asked),
	                     &lock->told, sizeof(lock->told), NULL, &lock->wait) &&
	    GetLastError() == ERROR_IO_PENDING)
		lock->file = file;
	else
		CloseHandle(lock->wait.hEvent);
}

bool oplock_is_broken(const struct oplock *lock)
{
	return lock->file != NULL && WaitForSingleObject(lock->wait.hEvent, 0) == WAIT_OBJECT_0;
}

void oplock_release(struct oplock *lock)
{
	DWORD n;

	if (lock->file == NULL)
		return;
	(void)CancelIoEx(lock->file, &lock->wait);
	(void)GetOverlappedResult(lock->file, &lock->wait, &n, TRUE);
	CloseHandle(lock->wait.hEvent);
	lock->file = NULL;
}
