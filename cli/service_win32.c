#include <windows.h>
#include "service.h"

#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>
#include "command.h"

#define PATH_UNITS 32768 /* the longest path, and the longest command line, of Windows */

/* Wide strings that are too large for the stack of a thread. */
static wchar_t own[PATH_UNITS], python[PATH_UNITS], line[PATH_UNITS];

/* An environment has python.exe beside its commands; a Python without one has it above them. */
static bool find_python(void)
{
	static const wchar_t *const places[] = { L"python.exe", L"..\\python.exe" };
	DWORD n = GetModuleFileNameW(NULL, own, PATH_UNITS);
	const wchar_t *end = n != 0 && n < PATH_UNITS ? wcsrchr(own, L'\\') : NULL;

	for (size_t i = 0; end != NULL && i < ARRAY_LEN(places); i++) {
		if (swprintf(python, PATH_UNITS, L"%.*ls\\%ls", (int)(end - own), own, places[i]) >
		            0 &&
		    GetFileAttributesW(python) != INVALID_FILE_ATTRIBUTES)
			return true;
	}
	return false;
}

/* Our command line behind the program, as it was given: what quotes it has stay. */
static const wchar_t *words_of_line(void)
{
	const wchar_t *at = GetCommandLineW();
	bool is_quoted = false;

	for (; *at != L'\0' && (is_quoted || (*at != L' ' && *at != L'\t')); at++) {
		if (*at == L'"')
			is_quoted = !is_quoted;
	}
	return at;
}

static int run_python(void)
{
	STARTUPINFOW start = { .cb = sizeof(start) };
	PROCESS_INFORMATION made;
	DWORD status = EXIT_BAD;
	char why[100];

	if (swprintf(line, PATH_UNITS, L"\"%ls\" -m shmpub_daemon%ls", python, words_of_line()) < 0)
		return session_say("service: the command line is too long");
	if (!CreateProcessW(python, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &made)) {
		(void)snprintf(why, sizeof(why), "service: python.exe: error %lu", GetLastError());
		return session_say(why);
	}
	(void)WaitForSingleObject(made.hProcess, INFINITE);
	(void)GetExitCodeProcess(made.hProcess, &status);
	CloseHandle(made.hThread);
	CloseHandle(made.hProcess);
	return (int)status;
}

int service_command(int argc, char **argv)
{
	(void)argc, (void)argv;
	if (find_python())
		return run_python();
	(void)session_say(
	        "service: there is no python.exe here, so pip did not install this program: "
	        "\"shmpubd service\" makes a service of what the installer brought");
	return EXIT_USAGE;
}
