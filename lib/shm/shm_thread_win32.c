#include "shm/shm_thread.h"

#include "shm/shm_win32.h"

#include <process.h>

#include "base/alloc.h"

struct shm_thread {
	HANDLE handle;
	void (*fn)(void *arg);
	void *arg;
};

int shm_event_open(struct shm_event *out, struct shmpub_error *err)
{
	HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

	*out = SHM_EVENT_NONE;
	return event == NULL ? shm_error_win32(err, GetLastError(), "CreateEvent")
	                     : shm_take_handle(&out->fd, event, err);
}

void shm_event_raise(const struct shm_event *event)
{
	SetEvent(shm_handle(event->fd));
}

void shm_event_clear(const struct shm_event *event)
{
	ResetEvent(shm_handle(event->fd));
}

void shm_event_close(struct shm_event *event)
{
	if (event->fd >= 0)
		CloseHandle(shm_handle(event->fd));
	*event = SHM_EVENT_NONE;
}

static unsigned __stdcall run(void *arg)
{
	const struct shm_thread *thread = arg;

	thread->fn(thread->arg);
	return 0;
}

int shm_thread_start(struct shm_thread **out, void (*fn)(void *arg), void *arg,
                     struct shmpub_error *err)
{
	struct shm_thread *thread = mem_zalloc(1, sizeof(*thread));

	*out = NULL;
	if (thread == NULL)
		return error_nomem(err, sizeof(*thread));
	thread->fn = fn;
	thread->arg = arg;
	thread->handle = (HANDLE)_beginthreadex(NULL, 0, run, thread, 0, NULL);
	if (thread->handle == NULL) {
		mem_free(thread);
		return shm_error_win32(err, (DWORD)_doserrno, "start a thread");
	}
	*out = thread;
	return SHMPUB_OK;
}

void shm_thread_join(struct shm_thread *thread)
{
	if (thread == NULL)
		return;
	WaitForSingleObject(thread->handle, INFINITE);
	CloseHandle(thread->handle);
	mem_free(thread);
}

void shm_thread_part(const struct shm_thread *thread)
{
	DWORD_PTR here = (DWORD_PTR)1 << (GetCurrentProcessorNumber() % (8 * sizeof(here)));
	DWORD_PTR all, machine;

	if (GetProcessAffinityMask(GetCurrentProcess(), &all, &machine) && (all & ~here) != 0 &&
	    SetThreadAffinityMask(thread->handle, all & ~here) != 0)
		SetThreadAffinityMask(thread->handle, all);
}

void shm_thread_yield(void)
{
	SwitchToThread();
}
