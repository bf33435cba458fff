/*
 * peer WORD ARGUMENT...: what other programs on Windows do to the daemon, for tests/windows.
 *
 *   lock FILE            have a file open and share it with nobody
 *   mutex NAME, event NAME
 *   section NAME SIZE    make a section, all committed, or take what is there, as CPython's mmap does
 *   view NAME            map a section that is there, and let go of its handle
 *   replace FILE SECONDS, rewrite FILE SECONDS, delete FILE SECONDS
 *                        table after table (tables.h): by a rename onto the file, in place, or after
 *                        deleting it; the system refuses nothing, or that is a failure
 *   count PID            the handles and the private bytes of a process
 *
 * The first four say "has it" and stay until they are killed, two minutes at most.
 */
#include <windows.h>
#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tables.h"

#define STAY_MS 120000
#define PAUSE_MS 5

static int fail(const char *what)
{
	fprintf(stderr, "peer: %s: error %lu\n", what, GetLastError());
	return EXIT_FAILURE;
}

static int stay(const char *what, const void *object)
{
	if (object == NULL || object == INVALID_HANDLE_VALUE)
		return fail(what);
	printf("has it\n");
	fflush(stdout);
	Sleep(STAY_MS);
	return EXIT_SUCCESS;
}

/* --- objects ------------------------------------------------------------------------------------- */

/*
 * Of this user, and open to everybody. Wine gives an owner only to what is made with a security
 * descriptor, and then the user's group unless it is told another.
 */
static SECURITY_ATTRIBUTES *open_to_all(void)
{
	static SECURITY_DESCRIPTOR descriptor;
	static SECURITY_ATTRIBUTES all = { .nLength = sizeof(all),
		                           .lpSecurityDescriptor = &descriptor };
	static union {
		TOKEN_USER user;
		char room[256];
	} owner;
	HANDLE token;
	DWORD size;

	InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
	SetSecurityDescriptorDacl(&descriptor, TRUE, NULL, FALSE);
	if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) &&
	    GetTokenInformation(token, TokenUser, &owner, sizeof(owner), &size))
		SetSecurityDescriptorOwner(&descriptor, owner.user.User.Sid, FALSE);
	return &all;
}

static int lock(const wchar_t *file, const wchar_t *ignored)
{
	(void)ignored;
	return stay("lock", CreateFileW(file, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
	                                0, NULL));
}

static int mutex(const wchar_t *name, const wchar_t *ignored)
{
	(void)ignored;
	return stay("mutex", CreateMutexW(open_to_all(), FALSE, name));
}

static int event(const wchar_t *name, const wchar_t *ignored)
{
	(void)ignored;
	return stay("event", CreateEventW(open_to_all(), TRUE, FALSE, name));
}

static int section(const wchar_t *name, const wchar_t *size)
{
	DWORD n = (DWORD)wcstoul(size, NULL, 10);
	HANDLE h = CreateFileMappingW(INVALID_HANDLE_VALUE, open_to_all(), PAGE_READWRITE, 0, n,
	                              name);

	return h == NULL ? fail("section")
	                 : stay("view of a section", MapViewOfFile(h, FILE_MAP_READ, 0, 0, n));
}

static int view(const wchar_t *name, const wchar_t *ignored)
{
	HANDLE h = OpenFileMappingW(FILE_MAP_READ, FALSE, name);
	const void *at = h != NULL ? MapViewOfFile(h, FILE_MAP_READ, 0, 0, 0) : NULL;

	(void)ignored;
	if (h != NULL)
		CloseHandle(h);
	return stay("view", at);
}

/* --- a writer of files --------------------------------------------------------------------------- */

/* As the C library opens a file for writing, and Python. */
static bool write_file(const wchar_t *file, uint64_t number)
{
	HANDLE h = CreateFileW(file, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
	                       CREATE_ALWAYS, 0, NULL);
	size_t size;
	char *text = table_text(&size, number);
	DWORD n;
	bool is_written = h != INVALID_HANDLE_VALUE && text != NULL &&
	                  WriteFile(h, text, (DWORD)size, &n, NULL) && n == size;

	if (h != INVALID_HANDLE_VALUE)
		CloseHandle(h);
	free(text);
	return is_written;
}

static bool by_rename(const wchar_t *file, const wchar_t *beside, uint64_t number)
{
	return write_file(beside, number) && MoveFileExW(beside, file, MOVEFILE_REPLACE_EXISTING);
}

static bool in_place(const wchar_t *file, const wchar_t *beside, uint64_t number)
{
	(void)beside;
	return write_file(file, number);
}

static bool after_delete(const wchar_t *file, const wchar_t *beside, uint64_t number)
{
	return write_file(beside, number) && DeleteFileW(file) && MoveFileExW(beside, file, 0);
}

static int write_tables(const wchar_t *file, const wchar_t *seconds,
                        bool (*next)(const wchar_t *, const wchar_t *, uint64_t))
{
	ULONGLONG end = GetTickCount64() + wcstoul(seconds, NULL, 10) * 1000;
	wchar_t beside[MAX_PATH];
	uint64_t number = 1;

	_snwprintf(beside, MAX_PATH, L"%ls.new", file);
	for (; GetTickCount64() < end; number++) {
		if (!next(file, beside, number))
			return fail("write a table");
		Sleep(PAUSE_MS);
	}
	printf("%lu\n", (unsigned long)number - 1);
	return EXIT_SUCCESS;
}

static int replace(const wchar_t *file, const wchar_t *seconds)
{
	return write_tables(file, seconds, by_rename);
}

static int rewrite(const wchar_t *file, const wchar_t *seconds)
{
	return write_tables(file, seconds, in_place);
}

static int delete (const wchar_t *file, const wchar_t *seconds)
{
	return write_tables(file, seconds, after_delete);
}

/* --- what a process has -------------------------------------------------------------------------- */

static int count(const wchar_t *pid, const wchar_t *ignored)
{
	HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, wcstoul(pid, NULL, 10));
	PROCESS_MEMORY_COUNTERS_EX memory;
	DWORD handles;

	(void)ignored;
	if (process == NULL || !GetProcessHandleCount(process, &handles) ||
	    !GetProcessMemoryInfo(process, (PROCESS_MEMORY_COUNTERS *)&memory, sizeof(memory)))
		return fail("count");
	printf("%lu %llu\n", handles, (unsigned long long)memory.PrivateUsage);
	return EXIT_SUCCESS;
}

static const struct {
	const wchar_t *word;
	int (*obey)(const wchar_t *first, const wchar_t *second);
	int n_arguments;
} words[] = {
	{ L"lock", lock, 1 },       { L"mutex", mutex, 1 },   { L"event", event, 1 },
	{ L"section", section, 2 }, { L"view", view, 1 },     { L"replace", replace, 2 },
	{ L"rewrite", rewrite, 2 }, { L"delete", delete, 2 }, { L"count", count, 1 },
};

int wmain(int argc, wchar_t **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++) {
		if (wcscmp(argv[1], words[i].word) == 0 && argc == words[i].n_arguments + 2)
			return words[i].obey(argv[2], argv[argc - 1]);
	}
	fprintf(stderr, "peer: which word? See tests/tools/peer_win32.c\n");
	return 2;
}
