#include "platform/platform.h"

#include <fcntl.h>
#include <io.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

void *block_new(size_t align, size_t size)
{
	void *block = _aligned_malloc(size ? size : 1, align);

	if (block == NULL) {
		fprintf(stderr, "no memory for %zu bytes\n", size);
		exit(EXIT_FAILURE);
	}
	return block;
}

void block_free(void *block)
{
	_aligned_free(block);
}

void block_want_large_pages(void *block, size_t size)
{
	(void)block, (void)size;
}

void stdio_is_binary(void)
{
	_setmode(_fileno(stdin), _O_BINARY);
	_setmode(_fileno(stdout), _O_BINARY);
}

static wchar_t *wide(const char *path)
{
	int n = MultiByteToWideChar(CP_UTF8, 0, path, -1, NULL, 0);
	wchar_t *text = malloc(((size_t)n + 2) * sizeof(*text)); /* room for "\*" */

	if (n <= 0 || text == NULL) {
		fprintf(stderr, "%s: not a path\n", path);
		exit(EXIT_FAILURE);
	}
	MultiByteToWideChar(CP_UTF8, 0, path, -1, text, n);
	return text;
}

void folder_make(char *path)
{
	static unsigned n;
	char *unique = path + strlen(path) - 6;
	DWORD error;

	do {
		wchar_t *text;

		snprintf(unique, 7, "%06lx", (GetCurrentProcessId() * 64 + n++) & 0xffffff);
		text = wide(path);
		error = CreateDirectoryW(text, NULL) ? 0 : GetLastError();
		free(text);
	} while (error == ERROR_ALREADY_EXISTS);
	if (error) {
		fprintf(stderr, "%s: Windows error %lu\n", path, error);
		exit(EXIT_FAILURE);
	}
}

static void remove_wide(const wchar_t *path);

static void remove_contents(const wchar_t *path)
{
	size_t room = wcslen(path) + MAX_PATH + 2;
	wchar_t *child = malloc(room * sizeof(*child));
	WIN32_FIND_DATAW found;
	HANDLE h;

	if (child == NULL)
		return;
	_snwprintf(child, room, L"%ls\\*", path);
	h = FindFirstFileW(child, &found);
	while (h != INVALID_HANDLE_VALUE) {
		_snwprintf(child, room, L"%ls\\%ls", path, found.cFileName);
		if (wcscmp(found.cFileName, L".") != 0 && wcscmp(found.cFileName, L"..") != 0)
			remove_wide(child);
		if (!FindNextFileW(h, &found))
			break;
	}
	if (h != INVALID_HANDLE_VALUE)
		FindClose(h);
	free(child);
}

static void remove_wide(const wchar_t *path)
{
	DWORD attributes = GetFileAttributesW(path);

	if (attributes == INVALID_FILE_ATTRIBUTES)
		return;
	if (!(attributes & FILE_ATTRIBUTE_DIRECTORY)) {
		DeleteFileW(path);
		return;
	}
	if (!(attributes & FILE_ATTRIBUTE_REPARSE_POINT))
		remove_contents(path);
	RemoveDirectoryW(path);
}

void folder_remove(const char *path)
{
	wchar_t *text = wide(path);

	remove_wide(text);
	free(text);
}

/* On Windows any text is a directory of shared memory: the path of a folder is nobody else's. */
const char memory_below[] = ".";

void give_way(void)
{
	if (!SwitchToThread())
		Sleep(0);
}

bool is_raised(int descriptor, int timeout_ms)
{
	return WaitForSingleObject((HANDLE)(INT_PTR)descriptor, (DWORD)timeout_ms) == WAIT_OBJECT_0;
}
