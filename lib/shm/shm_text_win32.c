#include "shm/shm_win32.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * shm.h on Windows: texts and errors. The functions of Windows take UTF-16, ours take UTF-8.
 */

size_t shm_wide(wchar_t *out, size_t room, const char *text)
{
	int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, out, (int)room);

	if (n > 1)
		return (size_t)n - 1;
	if (room > 0)
		out[0] = L'\0';
	return 0;
}

bool shm_narrow(char *out, size_t room, const wchar_t *text)
{
	if (WideCharToMultiByte(CP_UTF8, 0, text, -1, out, (int)room, NULL, NULL) > 0)
		return true;
	if (room > 0)
		out[0] = '\0';
	return false;
}

/* The system's text for an error, without the line's end and full stop. */
static void error_text(char *out, size_t room, DWORD code)
{
	wchar_t text[256];
	DWORD n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
	                         code, 0, text, 256, NULL);

	while (n > 0 && (text[n - 1] <= L' ' || text[n - 1] == L'.'))
		n--;
	text[n < 256 ? n : 255] = L'\0';
	if (n == 0 || !shm_narrow(out, room, text))
		snprintf(out, room, "no text for it");
}

int shm_error_win32(struct shmpub_error *err, DWORD code, const char *format, ...)
{
	char what[SHMPUB_ERROR_SIZE], text[256];
	va_list args;

	if (err == NULL)
		return SHMPUB_ERR_SYS;
	va_start(args, format);
	if (vsnprintf(what, sizeof(what), format, args) < 0)
		what[0] = '\0';
	va_end(args);
	error_text(text, sizeof(text), code);
	(void)error_set(err, SHMPUB_ERR_SYS, "%s: %s (Windows error %lu)", what, text,
	                (unsigned long)code);
	err->sys = (int)code;
	return SHMPUB_ERR_SYS;
}

int shm_take_handle(int *out, HANDLE handle, struct shmpub_error *err)
{
	intptr_t number = (intptr_t)handle;

	*out = -1;
	if (number <= 0 || number > INT_MAX) {
		CloseHandle(handle);
		return error_set(err, SHMPUB_ERR_SYS,
		                 "a handle with a number that is none of 31 bits");
	}
	*out = (int)number;
	return SHMPUB_OK;
}
