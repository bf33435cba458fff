#include <windows.h>
#include "up_system.h"

#include "base/error.h"

/*
 * Only what --save needs. A program cannot become another one here, and a daemon apart from the
 * console is a service.
 */

static const char way[] = "on Windows: shmpub up ... --save FILE, then shmpubd -c FILE, or "
                          "shmpubd service install --config FILE";

static int refuse(struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_INVALID, "%s", way);
}

static int wide(wchar_t out[MAX_PATH], const char *path, struct shmpub_error *err)
{
	if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, out, MAX_PATH) == 0)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: not a path, or too long", path);
	return SHMPUB_OK;
}

int up_absolute(struct buffer *out, const char *path, struct shmpub_error *err)
{
	wchar_t from[MAX_PATH], to[MAX_PATH];
	char text[3 * MAX_PATH];
	DWORD n;
	int r = wide(from, path, err);

	if (r)
		return r;
	n = GetFullPathNameW(from, MAX_PATH, to, NULL);
	if (n == 0 || n >= MAX_PATH ||
	    WideCharToMultiByte(CP_UTF8, 0, to, -1, text, sizeof(text), NULL, NULL) == 0)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: not a path, or too long", path);
	return buffer_append(out, span_str(text), err);
}

int up_state_path(struct buffer *out, const char *name, const char *ending,
                  struct shmpub_error *err)
{
	(void)out, (void)name, (void)ending;
	return refuse(err);
}

int up_write(const char *path, struct span text, bool replace, struct shmpub_error *err)
{
	wchar_t to[MAX_PATH];
	HANDLE file;
	DWORD n = 0;
	BOOL ok;
	int r = wide(to, path, err);

	if (r)
		return r;
	file = CreateFileW(to, GENERIC_WRITE, 0, NULL, replace ? CREATE_ALWAYS : CREATE_NEW,
	                   FILE_ATTRIBUTE_NORMAL, NULL);
	if (file == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_EXISTS)
		return error_set(err, SHMPUB_ERR_INVALID, "%s is there already: it stays as it is",
		                 path);
	if (file == INVALID_HANDLE_VALUE)
		return error_set(err, SHMPUB_ERR_SYS, "%s: error %lu", path,
		                 (unsigned long)GetLastError());
	ok = WriteFile(file, text.data, (DWORD)text.size, &n, NULL);
	if (!CloseHandle(file) || !ok || n != text.size)
		return error_set(err, SHMPUB_ERR_SYS, "%s: cannot be written", path);
	return SHMPUB_OK;
}

int up_find_daemon(struct buffer *out, struct shmpub_error *err)
{
	(void)out;
	return refuse(err);
}

int up_become(const char *daemon, const char *config, struct shmpub_error *err)
{
	(void)daemon, (void)config;
	return refuse(err);
}

int up_detach(uint64_t *pid, struct buffer *why, const char *daemon, const char *config,
              const char *log, struct shmpub_error *err)
{
	(void)pid, (void)why, (void)daemon, (void)config, (void)log;
	return refuse(err);
}

bool up_wait_end(uint64_t pid)
{
	HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)pid);
	DWORD r = process != NULL ? WaitForSingleObject(process, 25000) : WAIT_OBJECT_0;

	if (process != NULL)
		CloseHandle(process);
	return r == WAIT_OBJECT_0;
}
