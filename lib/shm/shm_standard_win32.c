#include "base/standard.h"

#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <stdlib.h>
#include "base/alloc.h"

/*
 * base/standard.h on Windows. The C library reserves the descriptors 0 to 2 for the standard
 * streams, even in a service, which has none: open() never returns them.
 *
 * The streams are set to binary, so that a program writes the same bytes as on Linux; a console
 * begins a new line at a line feed anyway. The console's code page is set to UTF-8 while the
 * program runs. It belongs to the console and not to the program, so it is restored at the end.
 *
 * For a drive without a disk Windows would show a box that asks for one. That is switched off, and
 * the call fails instead.
 */

static UINT page_before;

static void restore_page(void)
{
	SetConsoleOutputCP(page_before);
}

/* When Ctrl-C ends a program, the functions of atexit() do not run. */
static BOOL WINAPI restore_page_first(DWORD event)
{
	(void)event;
	restore_page();
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
		(void)atexit(restore_page);
		SetConsoleCtrlHandler(restore_page_first, TRUE);
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

/* Like main()'s, the list ends in NULL. */
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
