#include "terminal.h"

#include <windows.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

/*
 * The terminal as Windows has it: a console, which has events instead of bytes, and modes that
 * belong to it and not to the program, so that they have to be put back. What is no console,
 * such as a file, a pipe or the window of MSYS2, gets the bytes as they are.
 *
 * State is kept at file scope because a process has one console, and its control handler,
 * which runs on a thread of its own, can reach nothing else.
 */

#define EXIT_INTERRUPTED 130 /* as shells name a death by SIGINT */
#define PIECE 4096           /* bytes for one call: a console takes no more than 64 KiB at once */

static HANDLE stop_event;
static HANDLE input, output;
static DWORD input_before, output_before;
static bool is_raw, draws;
static char pending[16]; /* the rest of a key that is several bytes */
static size_t pending_size;

/* The beginning of a character whose rest was not written yet. */
struct cut {
	char bytes[4];
	size_t size;
};

static struct cut output_cut;

static bool console_mode(HANDLE *out, DWORD *mode, DWORD which)
{
	*out = GetStdHandle(which);
	return *out != NULL && *out != INVALID_HANDLE_VALUE && GetConsoleMode(*out, mode);
}

static BOOL WINAPI end(DWORD event)
{
	if (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT)
		ExitProcess(EXIT_INTERRUPTED);
	return FALSE;
}

/*
 * Handlers are called from the last that was added to the first, so that those of others put in
 * order what they have. A pipe whose reader went is an error of the call here in any case.
 */
void terminal_init(void)
{
	SetConsoleCtrlHandler(end, TRUE);
}

/* --- writing ----------------------------------------------------------------------------------- */

static int errno_of(DWORD error)
{
	switch (error) {
	case ERROR_BROKEN_PIPE:
	case ERROR_NO_DATA:
	case ERROR_PIPE_NOT_CONNECTED:
		return EPIPE;
	case ERROR_DISK_FULL:
	case ERROR_HANDLE_DISK_FULL:
		return ENOSPC;
	case ERROR_INVALID_HANDLE:
		return EBADF;
	case ERROR_ACCESS_DENIED:
		return EACCES;
	default:
		return EIO;
	}
}

static int write_bytes(HANDLE h, const char *p, size_t size)
{
	DWORD n;

	while (size > 0) {
		if (!WriteFile(h, p, size < INT32_MAX ? (DWORD)size : INT32_MAX, &n, NULL))
			return errno_of(GetLastError());
		p += n;
		size -= n;
	}
	return 0;
}

/* How many of the bytes are whole characters of UTF-8: a character may be cut at their end. */
static size_t whole_size(const char *p, size_t size)
{
	size_t n = 0; /* of the last character that are there */
	unsigned char first;

	while (n < 4 && n < size && (p[size - 1 - n] & 0xC0) == 0x80)
		n++;
	if (n == 4 || n == size)
		return size; /* not UTF-8: it is written as it is */
	first = (unsigned char)p[size - 1 - n];
	if ((first >= 0xC0 && n < 1) || (first >= 0xE0 && n < 2) || (first >= 0xF0 && n < 3))
		return size - 1 - n;
	return size;
}

static int write_characters(HANDLE h, const char *p, size_t size)
{
	wchar_t wide[PIECE + sizeof(struct cut)];
	int n = MultiByteToWideChar(CP_UTF8, 0, p, (int)size, wide, PIECE + sizeof(struct cut));
	DWORD done;

	for (int at = 0; at < n; at += (int)done) {
		if (!WriteConsoleW(h, wide + at, (DWORD)(n - at), &done, NULL))
			return errno_of(GetLastError());
	}
	return 0;
}

/* By characters and not by bytes: a console shows halves of a character as two wrong ones. */
static int write_text(HANDLE h, struct cut *cut, const char *p, size_t size)
{
	char piece[PIECE + sizeof(struct cut)];
	int r = 0;

	while (size > 0 && r == 0) {
		size_t n = size < PIECE ? size : PIECE, whole;

		memcpy(piece, cut->bytes, cut->size);
		memcpy(piece + cut->size, p, n);
		p += n;
		size -= n;
		n += cut->size;
		whole = whole_size(piece, n);
		cut->size = n - whole;
		memcpy(cut->bytes, piece + whole, cut->size);
		r = write_characters(h, piece, whole);
	}
	return r;
}

static int write_to(DWORD which, struct cut *cut, const char *data, size_t size)
{
	HANDLE h;
	DWORD mode;

	if (console_mode(&h, &mode, which))
		return write_text(h, cut, data, size);
	return h != NULL ? write_bytes(h, data, size) : EBADF;
}

int terminal_write(const void *data, size_t size)
{
	return write_to(STD_OUTPUT_HANDLE, &output_cut, data, size);
}

void terminal_say(const void *data, size_t size)
{
	struct cut cut = { .size = 0 };

	(void)write_to(STD_ERROR_HANDLE, &cut, data, size);
}

bool terminal_is_output(void)
{
	HANDLE h;
	DWORD mode;

	return console_mode(&h, &mode, STD_OUTPUT_HANDLE);
}

void terminal_size(size_t *columns, size_t *lines)
{
	CONSOLE_SCREEN_BUFFER_INFO info;

	*columns = 80;
	*lines = 24;
	if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_OUTPUT_HANDLE), &info))
		return;
	if (info.srWindow.Right < info.srWindow.Left || info.srWindow.Bottom < info.srWindow.Top)
		return;
	*columns = (size_t)(info.srWindow.Right - info.srWindow.Left) + 1;
	*lines = (size_t)(info.srWindow.Bottom - info.srWindow.Top) + 1;
}

/* Windows 10 of 2016 and later; line ends are then as they are written, both bytes. */
bool terminal_draws(void)
{
	if (!console_mode(&output, &output_before, STD_OUTPUT_HANDLE))
		return false;
	draws = SetConsoleMode(output, output_before | ENABLE_PROCESSED_OUTPUT |
	                                       ENABLE_VIRTUAL_TERMINAL_PROCESSING);
	return draws;
}

/* --- keys -------------------------------------------------------------------------------------- */

/* On a thread of its own. A process whose console is closed ends when this returns. */
static BOOL WINAPI stop(DWORD event)
{
	(void)event;
	SetEvent(stop_event);
	return TRUE;
}

bool terminal_raw(void)
{
	stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (stop_event != NULL)
		SetConsoleCtrlHandler(stop, TRUE);
	if (!console_mode(&input, &input_before, STD_INPUT_HANDLE))
		return false;
	is_raw = SetConsoleMode(input, (input_before | ENABLE_PROCESSED_INPUT) &
	                                       ~(DWORD)(ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT));
	return is_raw;
}

void terminal_restore(void)
{
	if (is_raw)
		SetConsoleMode(input, input_before);
	if (draws)
		SetConsoleMode(output, output_before);
	is_raw = draws = false;
}

/* What a terminal would send for a key that is no character. */
static const struct {
	WORD key;
	const char *bytes;
} keys[] = {
	{ VK_UP, "\x1b[A" },    { VK_DOWN, "\x1b[B" }, { VK_PRIOR, "\x1b[5~" },
	{ VK_NEXT, "\x1b[6~" }, { VK_HOME, "\x1b[H" }, { VK_END, "\x1b[F" },
};

static void take_key(const KEY_EVENT_RECORD *k)
{
	wchar_t c = k->uChar.UnicodeChar;

	if (!k->bKeyDown)
		return;
	if (c > 0 && c < 0x80) {
		pending[0] = (char)c;
		pending_size = 1;
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].key == k->wVirtualKeyCode) {
			pending_size = strlen(keys[i].bytes);
			memcpy(pending, keys[i].bytes, pending_size);
		}
	}
}

static int next_byte(void)
{
	int byte = (unsigned char)pending[0];

	pending_size--;
	memmove(pending, pending + 1, pending_size);
	return byte;
}

/* Events of the mouse, of windows and of keys that are let go are read and are no key. */
static bool read_event(void)
{
	INPUT_RECORD record;
	DWORD n;

	if (!ReadConsoleInputW(input, &record, 1, &n))
		return false;
	if (n == 1 && record.EventType == KEY_EVENT)
		take_key(&record.Event.KeyEvent);
	return true;
}

int terminal_key(int timeout_ms)
{
	HANDLE both[] = { stop_event, input };
	ULONGLONG end = GetTickCount64() + (ULONGLONG)timeout_ms, now;

	while (pending_size == 0) {
		now = GetTickCount64();
		if (stop_event == NULL) {
			Sleep((DWORD)timeout_ms);
			return 0;
		}
		switch (WaitForMultipleObjects(is_raw ? 2 : 1, both, FALSE,
		                               now < end ? (DWORD)(end - now) : 0)) {
		case WAIT_OBJECT_0:
			return -1;
		case WAIT_OBJECT_0 + 1:
			if (!read_event())
				return -1;
			break;
		default:
			return 0;
		}
	}
	return next_byte();
}
