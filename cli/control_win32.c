#include <windows.h>
#include "control.h"

#include <stdio.h>
#include "base/error.h"

/*
 * The pipe is named after the daemon's process. Another program that took the name is found out by
 * the process behind the pipe.
 */

static int tell(const char *instance, DWORD e, struct shmpub_error *err)
{
	if (e == ERROR_ACCESS_DENIED)
		return error_set(err, SHMPUB_ERR_ACCESS,
		                 "instance %s: only its owner and administrators may ask its "
		                 "daemon for something",
		                 instance);
	return error_set(err, SHMPUB_ERR_SYS,
	                 "instance %s: its publisher takes no requests (error %lu): is it a "
	                 "shmpubd?",
	                 instance, (unsigned long)e);
}

int control_connect(struct control_stream *out, const char *directory, const char *instance,
                    uint64_t pid, struct shmpub_error *err)
{
	char name[64];
	HANDLE pipe;
	ULONG server = 0;

	(void)directory;
	*out = CONTROL_STREAM_NONE;
	(void)snprintf(name, sizeof(name), "\\\\.\\pipe\\shmpub-%llu", (unsigned long long)pid);
	do { /* all ends of the pipe may be taken for a moment */
		pipe = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
		                   SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
	} while (pipe == INVALID_HANDLE_VALUE && GetLastError() == ERROR_PIPE_BUSY &&
	         WaitNamedPipeA(name, 2000));
	if (pipe == INVALID_HANDLE_VALUE)
		return tell(instance, GetLastError(), err);
	if (!GetNamedPipeServerProcessId(pipe, &server) || server != pid) {
		CloseHandle(pipe);
		return tell(instance, ERROR_INVALID_NAME, err);
	}
	out->handle = (intptr_t)pipe;
	return SHMPUB_OK;
}

int control_write(const struct control_stream *s, const char *bytes, size_t size,
                  struct shmpub_error *err)
{
	while (size > 0) {
		DWORD n = 0;

		if (!WriteFile((HANDLE)s->handle, bytes, (DWORD)size, &n, NULL))
			return error_set(err, SHMPUB_ERR_SYS, "the daemon's control: error %lu",
			                 (unsigned long)GetLastError());
		bytes += n;
		size -= n;
	}
	return SHMPUB_OK;
}

int control_read(size_t *got, const struct control_stream *s, char *bytes, size_t room,
                 struct shmpub_error *err)
{
	DWORD n = 0;

	*got = 0;
	if (!ReadFile((HANDLE)s->handle, bytes, (DWORD)room, &n, NULL)) {
		DWORD e = GetLastError();

		if (e != ERROR_BROKEN_PIPE && e != ERROR_PIPE_NOT_CONNECTED)
			return error_set(err, SHMPUB_ERR_SYS, "the daemon's control: error %lu",
			                 (unsigned long)e);
		n = 0;
	}
	*got = n;
	return SHMPUB_OK;
}

void control_disconnect(struct control_stream *s)
{
	if (s->handle != -1)
		CloseHandle((HANDLE)s->handle);
	*s = CONTROL_STREAM_NONE;
}
