#include <windows.h>
#include "up_system.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include "base/error.h"

/*
 * A program cannot become another one here: "shmpub up" starts shmpubd in a job that ends with it,
 * and waits. A daemon apart from the console is a service.
 */

#define PATH_UNITS 32768 /* the longest path, and the longest command line, of Windows */

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

static int narrow(struct buffer *out, const wchar_t *path, struct shmpub_error *err)
{
	char text[3 * MAX_PATH];

	if (WideCharToMultiByte(CP_UTF8, 0, path, -1, text, sizeof(text), NULL, NULL) == 0)
		return error_set(err, SHMPUB_ERR_INVALID, "a path is too long");
	return buffer_append(out, span_of(text, strlen(text) + 1), err);
}

static int failed(struct shmpub_error *err, const char *what)
{
	return error_set(err, SHMPUB_ERR_SYS, "%s: error %lu", what, (unsigned long)GetLastError());
}

int up_state_path(struct buffer *out, const char *name, const char *ending,
                  struct shmpub_error *err)
{
	wchar_t folder[MAX_PATH], path[MAX_PATH];
	DWORD n = GetEnvironmentVariableW(L"LOCALAPPDATA", folder, MAX_PATH);

	if (n == 0 || n >= MAX_PATH || swprintf(path, MAX_PATH, L"%ls\\shmpub", folder) < 0)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "LOCALAPPDATA is not set, or too long: --save FILE, and then up "
		                 "FILE, do without");
	if (!CreateDirectoryW(path, NULL) && GetLastError() != ERROR_ALREADY_EXISTS)
		return failed(err, "the folder shmpub in LOCALAPPDATA");
	if (swprintf(path, MAX_PATH, L"%ls\\shmpub\\%hs%hs", folder, name, ending) < 0)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: the name is too long", name);
	return narrow(out, path, err);
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

static bool is_file(const wchar_t *path)
{
	DWORD attributes = GetFileAttributesW(path);

	return attributes != INVALID_FILE_ATTRIBUTES &&
	       (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

/* True when there is a shmpubd.exe beside this program. */
static bool find_beside(wchar_t out[MAX_PATH])
{
	wchar_t own[MAX_PATH];
	DWORD n = GetModuleFileNameW(NULL, own, MAX_PATH);
	wchar_t *end = n != 0 && n < MAX_PATH ? wcsrchr(own, L'\\') : NULL;

	return end != NULL &&
	       swprintf(out, MAX_PATH, L"%.*ls\\shmpubd.exe", (int)(end - own), own) > 0 &&
	       is_file(out);
}

int up_find_daemon(struct buffer *out, struct shmpub_error *err)
{
	wchar_t path[MAX_PATH];
	DWORD n = GetEnvironmentVariableW(L"SHMPUB_DAEMON", path, MAX_PATH);

	if (n >= MAX_PATH || (n > 0 && !is_file(path)))
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "SHMPUB_DAEMON names a file that is no program");
	if (n > 0 || find_beside(path))
		return narrow(out, path, err);
	n = SearchPathW(NULL, L"shmpubd.exe", NULL, MAX_PATH, path, NULL);
	if (n > 0 && n < MAX_PATH)
		return narrow(out, path, err);
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "there is no shmpubd.exe beside this program nor in PATH: pip install "
	                 "\"shmpub[daemon]\" brings it, or set SHMPUB_DAEMON");
}

/* Ctrl-C is for the daemon, which stops by it: this process waits for that. */
static BOOL WINAPI leave_to_daemon(DWORD event)
{
	return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
}

/* What is in the job ends when the last handle of it is closed, as when this process is killed. */
static HANDLE make_job(void)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
		.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	};
	HANDLE job = CreateJobObjectW(NULL, NULL);

	if (job != NULL && !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
	                                            sizeof(limits))) {
		CloseHandle(job);
		return NULL;
	}
	return job;
}

/* Starts the daemon, stopped, so that it is in the job before it does anything. */
static int start_daemon(PROCESS_INFORMATION *out, const char *daemon, const char *config,
                        struct shmpub_error *err)
{
	static wchar_t line[PATH_UNITS];
	STARTUPINFOW start = { .cb = sizeof(start) };
	wchar_t program[MAX_PATH], file[MAX_PATH];
	int r = wide(program, daemon, err);

	if (!r)
		r = wide(file, config, err);
	if (r)
		return r;
	if (swprintf(line, PATH_UNITS, L"\"%ls\" -c \"%ls\"", program, file) < 0 ||
	    !CreateProcessW(program, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &start,
	                    out))
		return failed(err, daemon);
	return SHMPUB_OK;
}

int up_become(const char *daemon, const char *config, struct shmpub_error *err)
{
	PROCESS_INFORMATION made;
	DWORD status = 1;
	HANDLE job = make_job();
	int r;

	if (job == NULL)
		return failed(err, "a job for shmpubd");
	(void)SetConsoleCtrlHandler(leave_to_daemon, TRUE);
	r = start_daemon(&made, daemon, config, err);
	if (r)
		return r;
	if (!AssignProcessToJobObject(job, made.hProcess)) {
		r = failed(err, "the job for shmpubd");
		(void)TerminateProcess(made.hProcess, 1);
		return r;
	}
	(void)ResumeThread(made.hThread);
	(void)WaitForSingleObject(made.hProcess, INFINITE);
	(void)GetExitCodeProcess(made.hProcess, &status);
	ExitProcess(status);
}

int up_detach(uint64_t *pid, struct buffer *why, const char *daemon, const char *config,
              const char *log, struct shmpub_error *err)
{
	(void)pid, (void)why, (void)daemon, (void)config, (void)log;
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "--detach: on Windows a daemon apart from the console is a service: "
	                 "shmpub service install");
}

bool up_wait_end(uint64_t pid)
{
	HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)pid);
	DWORD r = process != NULL ? WaitForSingleObject(process, 25000) : WAIT_OBJECT_0;

	if (process != NULL)
		CloseHandle(process);
	return r == WAIT_OBJECT_0;
}
