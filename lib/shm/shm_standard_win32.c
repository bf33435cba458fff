#include "base/standard.h"

#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <stdlib.h>
#include "base/alloc.h"

/*
 * Windows' C library keeps the numbers 0 to 2 for the standard streams, also where there are
 * none, as in a service: nothing else ever gets them.
 *
 * Its streams are made binary, so that a program writes the same bytes as on Linux; a console
 * begins a new line at a line feed all the same. What a console shows is UTF-8 as long as the
 * program runs. The code page belongs to the console and not to the program, so it is put back.
 *
 * A drive without a disk is an error that is told: no box asks somebody to put one in.
 */

static UINT page_before;

static void put_page_back(void)
{
	SetConsoleOutputCP(page_before);
}

/* Ctrl-C ends a program that has no handler of its own without what atexit() has. */
static BOOL WINAPI put_page_back_first(DWORD event)
{
	(void)event;
	put_page_back();
	return FALSE;
}

static bool is_console(DWORD number)
{
	HANDLE h = GetStdHandle(number);
	DWORD mode;

	return h != NULL && h != INVALID_HANDLE_VALUE && GetConsoleMode(h, &mode);
}

bool standard_open(void)
{
	SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX);
	for (int fd = 0; fd <= 2; fd++)
		(void)_setmode(fd, _O_BINARY);
	page_before = GetConsoleOutputCP();
	if (page_before == CP_UTF8 || page_before == 0)
		return true;
	if (is_console(STD_OUTPUT_HANDLE) || is_console(STD_ERROR_HANDLE)) {
		(void)atexit(put_page_back);
		SetConsoleCtrlHandler(put_page_back_first, TRUE);
		SetConsoleOutputCP(CP_UTF8);
	}
	return true;
}

static char *to_utf8(const wchar_t *text)
{
	int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
	char *copy = size > 0 ? mem_alloc((size_t)size) : NULL;

	if (copy != NULL)
		WideCharToMultiByte(CP_UTF8, 0, text, -1, copy, size, NULL, NULL);
	return copy;
}

/* The list ends in NULL, as that of main() does. */
bool standard_arguments(int *argc, char ***argv)
{
	int n = 0;
	wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &n);
	char **words = wide != NULL ? mem_zalloc((size_t)n + 1, sizeof(*words)) : NULL;
	bool is_good = words != NULL;

	for (int i = 0; i < n && is_good; i++) {
		words[i] = to_utf8(wide[i]);
		is_good = words[i] != NULL;
	}
	LocalFree(wide);
	if (!is_good)
		return false;
	*argc = n;
	*argv = words;
	return true;
}
