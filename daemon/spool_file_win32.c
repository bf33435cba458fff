#include "spool_file.h"

#include <windows.h>
#include "base/alloc.h"
#include "base/error.h"
#include "path_win32.h"

/*
 * The file lies in the user's folder for temporary files, because an instance is no folder here.
 * Nobody else may open it, and the system removes it when its only handle is closed.
 */

#define WHERE "the folder for temporary files"

struct spool_file {
	HANDLE file;
};

/* GetTempFileNameW() makes an empty file with a name that nobody else has. */
static HANDLE make_file(void)
{
	wchar_t folder[MAX_PATH + 1], name[MAX_PATH + 1];

	if (GetTempPathW(MAX_PATH + 1, folder) == 0 ||
	    GetTempFileNameW(folder, L"shm", 0, name) == 0)
		return INVALID_HANDLE_VALUE;
	return CreateFileW(name, GENERIC_READ | GENERIC_WRITE | DELETE, 0, NULL, CREATE_ALWAYS,
	                   FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
}

int spool_file_open(struct spool_file **out, const char *directory, struct shmpub_error *err)
{
	struct spool_file *f = mem_zalloc(1, sizeof(*f));

	(void)directory;
	*out = NULL;
	if (f == NULL)
		return error_nomem(err, sizeof(*f));
	f->file = make_file();
	if (f->file == INVALID_HANDLE_VALUE) {
		path_failed(err, GetLastError(), WHERE);
		mem_free(f);
		return SHMPUB_ERR_SYS;
	}
	*out = f;
	return SHMPUB_OK;
}

static OVERLAPPED place_of(uint64_t offset)
{
	return (OVERLAPPED){ .Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32) };
}

static DWORD at_once(size_t size)
{
	return size < ((size_t)1 << 30) ? (DWORD)size : (DWORD)1 << 30;
}

int spool_file_write(struct spool_file *f, uint64_t offset, struct span bytes,
                     struct shmpub_error *err)
{
	while (bytes.size) {
		OVERLAPPED place = place_of(offset);
		DWORD n;

		if (!WriteFile(f->file, bytes.data, at_once(bytes.size), &n, &place))
			return path_failed(err, GetLastError(), WHERE);
		bytes = span_of(bytes.data + n, bytes.size - n);
		offset += n;
	}
	return SHMPUB_OK;
}

int spool_file_read(struct spool_file *f, uint64_t offset, char *to, size_t size, size_t *n,
                    struct shmpub_error *err)
{
	OVERLAPPED place = place_of(offset);
	DWORD got = 0;

	if (!ReadFile(f->file, to, at_once(size), &got, &place) &&
	    GetLastError() != ERROR_HANDLE_EOF)
		return path_failed(err, GetLastError(), WHERE);
	*n = got;
	return SHMPUB_OK;
}

void spool_file_close(struct spool_file *f)
{
	if (f == NULL)
		return;
	CloseHandle(f->file);
	mem_free(f);
}
