#include "shm/shm_win32.h"

#define PSAPI_VERSION 2
#include <psapi.h>

/*
 * shm.h on Windows: who this process is, and whether another one lives.
 *
 * Windows reuses process ids, so the time of creation is compared as well. There is only one
 * namespace of processes. If a process may not be opened, it exists, but whether it is the
 * publisher cannot be known from it, only from the heartbeat.
 */

#define ONLY_SPACE 1

/* 0: unknown. */
static uint64_t start_of(HANDLE process)
{
	FILETIME made, ended, kernel, user;

	if (!GetProcessTimes(process, &made, &ended, &kernel, &user))
		return 0;
	return (uint64_t)made.dwHighDateTime << 32 | made.dwLowDateTime;
}

void shm_process_self(struct shm_process *out)
{
	*out = (struct shm_process){ .pid = shm_pid(),
		                     .start = start_of(GetCurrentProcess()),
		                     .space = ONLY_SPACE };
}

/* A process that has ended can still be opened while somebody has a handle of it. */
static enum shm_life life_of(HANDLE process, uint64_t start)
{
	uint64_t own = start_of(process);

	if (WaitForSingleObject(process, 0) == WAIT_OBJECT_0)
		return SHM_LIFE_GONE;
	return start == 0 || own == 0 || start == own ? SHM_LIFE_ALIVE : SHM_LIFE_GONE;
}

enum shm_life shm_process_life(const struct shm_process *process)
{
	HANDLE handle;
	enum shm_life life;

	if (process->pid == 0 || process->pid > UINT32_MAX || process->space != ONLY_SPACE)
		return SHM_LIFE_UNKNOWN;
	handle = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE,
	                     (DWORD)process->pid);
	if (handle == NULL)
		return GetLastError() == ERROR_INVALID_PARAMETER ? SHM_LIFE_GONE : SHM_LIFE_UNKNOWN;
	life = life_of(handle, process->start);
	CloseHandle(handle);
	return life;
}

uint64_t shm_resident_bytes(void)
{
	PROCESS_MEMORY_COUNTERS counters = { .cb = sizeof(counters) };

	return GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters))
	               ? counters.WorkingSetSize
	               : 0;
}

uint64_t shm_pid(void)
{
	return GetCurrentProcessId();
}

/* Handles are bounded by memory only: a process may have sixteen million. */
uint64_t shm_descriptor_limit(void)
{
	return UINT64_C(1) << 24;
}
