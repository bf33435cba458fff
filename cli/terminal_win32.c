#include "terminal.h"

#include <windows.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

/*
 * The terminal is a console, which gives events instead of bytes. Its modes belong to the
 * console and not to the program, so they have to be restored. Anything else, such as a file, a
 * pipe or the window of MSYS2, gets the bytes as they are.
 *
 * State is kept at file scope because a process has one console, and the control handler, which
 * runs on a thread of its own, can reach nothing else.
 */

#define EXIT_INTERRUPTED 130 /* the status by which shells report a death by SIGINT */
#define PIECE 4096           /* bytes per call: a console takes 64 KiB at most */

static HANDLE stop_event;
static HANDLE input, output;
static DWORD input_before, output_before;
static bool is_raw, is_drawing;
static char pending[16]; /* the rest of a key of several bytes */
static size_t pending_size;

/* The first bytes of a character whose other bytes have not come yet. */
struct split {
	char bytes[4];
	size_t size;
};

static struct split output_split;

static bool console_mode(HANDLE *out, DWORD *mode, DWORD which)
{
	*out = GetStdHandle(which);
	return *out != NULL && *out != INVALID_HANDLE_VALUE && GetConsoleMode(*out, mode);
}

static BOOL WINAPI on_interrupt(DWORD event)
{
	if (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT)
		ExitProcess(EXIT_INTERRUPTED);
	return FALSE;
}

/*
 * Windows calls the handlers in reverse order. This one is the first to be added, so it is
 * called after handlers that restore something. A pipe without a reader is an error of the call
 * anyway.
 */
void terminal_init(void)
{
	SetConsoleCtrlHandler(on_interrupt, TRUE);
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

/* Returns how many of the bytes are whole characters of UTF-8: the last one may be incomplete. */
static size_t whole_size(const char *p, size_t size)
{
	size_t n = 0; /* trailing bytes of the last character */
	unsigned char first;

	while (n < 4 && n < size && (p[size - 1 - n] & 0xC0) == 0x80)
		n++;
	if (n == 4 || n == size)
		return size; /* not UTF-8: written as it is */
	first = (unsigned char)p[size - 1 - n];
	if ((first >= 0xC0 && n < 1) || (first >= 0xE0 && n < 2) || (first >= 0xF0 && n < 3))
		return size - 1 - n;
	return size;
}

static int write_characters(HANDLE h, const char *p, size_t size)
{
	wchar_t wide[PIECE + sizeof(struct split)];
	int n = MultiByteToWideChar(CP_UTF8, 0, p, (int)size, wide, PIECE + sizeof(struct split));
	DWORD done;

	for (int at = 0; at < n; at += (int)done) {
		if (!WriteConsoleW(h, wide + at, (DWORD)(n - at), &done, NULL))
			return errno_of(GetLastError());
	}
	return 0;
}

/* Writes whole characters only: a console shows the parts of a divided character as wrong ones. */
static int write_text(HANDLE h, struct split *split, const char *p, size_t size)
{
	char piece[PIECE + sizeof(struct split)];
	int r = 0;

	while (size > 0 && r == 0) {
		size_t n = size < PIECE ? size : PIECE, whole;

		memcpy(piece, split->bytes, split->size);
		memcpy(piece + split->size, p, n);
		p += n;
		size -= n;
		n += split->size;
		whole = whole_size(piece, n);
		split->size = n - whole;
		memcpy(split->bytes, piece + whole, split->size);
		r = write_characters(h, piece, whole);
	}
	return r;
}

static int write_to(DWORD which, struct split *split, const char *data, size_t size)
{
	HANDLE h;
	DWORD mode;

	if (console_mode(&h, &mode, which))
		return write_text(h, split, data, size);
	return h != NULL ? write_bytes(h, data, size) : EBADF;
}

int terminal_write(const void *data, size_t size)
{
	return write_to(STD_OUTPUT_HANDLE, &output_split, data, size);
}

void terminal_write_error(const void *data, size_t size)
{
	struct split split = { .size = 0 };

	(void)write_to(STD_ERROR_HANDLE, &split, data, size);
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

/* Needs Windows 10 of 2016 or later. Line ends are then written as "\r\n" by the program itself. */
bool terminal_start_drawing(void)
{
	if (!console_mode(&output, &output_before, STD_OUTPUT_HANDLE))
		return false;
	is_drawing = SetConsoleMode(output, output_before | ENABLE_PROCESSED_OUTPUT |
	                                            ENABLE_VIRTUAL_TERMINAL_PROCESSING);
	return is_drawing;
}

/* --- keys -------------------------------------------------------------------------------------- */

/*
 * Windows calls this on a thread of its own. If the console was closed, the process ends when
 * this function returns.
 */
static BOOL WINAPI on_stop(DWORD event)
{
	(void)event;
	SetEvent(stop_event);
	return TRUE;
}

bool terminal_raw(void)
{
	stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (stop_event != NULL)
		SetConsoleCtrlHandler(on_stop, TRUE);
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
	if (is_drawing)
		SetConsoleMode(output, output_before);
	is_raw = is_drawing = false;
}

/* The bytes that a terminal would send for keys that are not characters. */
static const struct {
	WORD key;
	const char *bytes;
} keys[] = {
	{ VK_UP, "\x1b[A" },    { VK_DOWN, "\x1b[B" }, { VK_PRIOR, "\x1b[5~" },
	{ VK_NEXT, "\x1b[6~" }, { VK_HOME, "\x1b[H" }, { VK_END, "\x1b[F" },
};

static void translate_key(const KEY_EVENT_RECORD *k)
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

/* Reads one event. Events of the mouse, of windows and of released keys give no key. */
static bool read_event(void)
{
	INPUT_RECORD record;
	DWORD n;

	if (!ReadConsoleInputW(input, &record, 1, &n))
		return false;
	if (n == 1 && record.EventType == KEY_EVENT)
		translate_key(&record.Event.KeyEvent);
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
