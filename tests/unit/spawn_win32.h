/*
 * A test's other process on Windows: the test's own program, started with a part to play. Both talk by
 * lines through pipes, so that nothing has to be waited for by the clock.
 *
 * Threads: one. Lifetime: SPAWNED_NONE may be ended. Whatever fails ends the test.
 */
#ifndef SHMPUB_TESTS_SPAWN_WIN32_H
#define SHMPUB_TESTS_SPAWN_WIN32_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

struct spawned {
	HANDLE process, to, from;
	DWORD pid;
};
#define SPAWNED_NONE ((struct spawned){ NULL, NULL, NULL, 0 })

static inline void spawn_failed(const char *what)
{
	fprintf(stderr, "%s: Windows error %lu\n", what, GetLastError());
	exit(EXIT_FAILURE);
}

/* `theirs` is the end that the child inherits. */
static inline void spawn_pipe(HANDLE *theirs, HANDLE *ours, bool is_input)
{
	SECURITY_ATTRIBUTES inherited = { .nLength = sizeof(inherited), .bInheritHandle = TRUE };

	if (!CreatePipe(is_input ? theirs : ours, is_input ? ours : theirs, &inherited, 0) ||
	    !SetHandleInformation(*ours, HANDLE_FLAG_INHERIT, 0))
		spawn_failed("pipe");
}

static inline void spawn(struct spawned *out, const char *part, const char *directory)
{
	STARTUPINFOW how = { .cb = sizeof(how), .dwFlags = STARTF_USESTDHANDLES };
	wchar_t program[MAX_PATH], line[MAX_PATH + 400];
	PROCESS_INFORMATION it;

	spawn_pipe(&how.hStdInput, &out->to, true);
	spawn_pipe(&how.hStdOutput, &out->from, false);
	how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
	GetModuleFileNameW(NULL, program, MAX_PATH);
	_snwprintf(line, MAX_PATH + 400, L"\"%ls\" %hs \"%hs\"", program, part, directory);
	if (!CreateProcessW(program, line, NULL, NULL, TRUE, 0, NULL, NULL, &how, &it))
		spawn_failed("start a process");
	CloseHandle(how.hStdInput);
	CloseHandle(how.hStdOutput);
	CloseHandle(it.hThread);
	out->process = it.hProcess;
	out->pid = it.dwProcessId;
}

/* What it says next, without the line's end; empty when it ended. */
static inline const char *spawned_says(struct spawned *s)
{
	static char line[600];
	size_t n = 0;
	DWORD got;
	char c;

	while (n + 1 < sizeof(line) && ReadFile(s->from, &c, 1, &got, NULL) && got == 1 &&
	       c != '\n') {
		if (c != '\r')
			line[n++] = c;
	}
	line[n] = '\0';
	return line;
}

static inline void spawned_told(struct spawned *s, const char *line)
{
	DWORD done;

	if (!WriteFile(s->to, line, (DWORD)strlen(line), &done, NULL) ||
	    !WriteFile(s->to, "\n", 1, &done, NULL))
		spawn_failed("tell a process");
}

static inline const char *spawned_asked(struct spawned *s, const char *line)
{
	spawned_told(s, line);
	return spawned_says(s);
}

static inline void spawned_forget(struct spawned *s)
{
	if (s->process != NULL) {
		CloseHandle(s->process);
		CloseHandle(s->to);
		CloseHandle(s->from);
	}
	*s = SPAWNED_NONE;
}

/* Its input ends; the code that it ended with. */
static inline DWORD spawned_ends(struct spawned *s)
{
	DWORD code = 1;

	CloseHandle(s->to);
	WaitForSingleObject(s->process, 20000);
	GetExitCodeProcess(s->process, &code);
	CloseHandle(s->from);
	CloseHandle(s->process);
	*s = SPAWNED_NONE;
	return code;
}

static inline void spawned_killed(struct spawned *s)
{
	if (s->process == NULL)
		return;
	TerminateProcess(s->process, 9);
	WaitForSingleObject(s->process, 20000);
	spawned_forget(s);
}

/* For the child: a line, or NULL at the end. */
static inline char *spawn_hears(char *line, int size)
{
	char *end;

	if (fgets(line, size, stdin) == NULL)
		return NULL;
	end = strpbrk(line, "\r\n");
	if (end != NULL)
		*end = '\0';
	return line;
}

static inline void spawn_answers(const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
}

#endif
