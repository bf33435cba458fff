/*
 * peer WORD ARGUMENT...: what other programs on Windows do to the daemon, for tests/windows.
 *
 *   lock FILE            have a file open and share it with nobody
 *   mutex NAME, event NAME
 *   section NAME SIZE    make a section, all committed, or take what is there, as CPython's mmap does
 *   forge PATH WHAT      make the root page of an instance, which tells of a catalog that is none: WHAT is
 *                        absent, page (zeros), reserved (no memory behind it) or noise
 *   view NAME            map a section that is there, and let go of its handle
 *   replace FILE SECONDS PAUSE_MS, rewrite FILE SECONDS PAUSE_MS, delete FILE SECONDS PAUSE_MS
 *                        table after table (tables.h): by a rename onto the file, in place, or after
 *                        deleting it; says how many there were, and how many it had to try
 *                        more than once, as while somebody has the file open for a moment
 *   count PROGRAM.EXE    the handles of all processes of a program
 *
 * The first six say "has it" and stay until they are killed, two minutes at most.
 */
#include <windows.h>
#include <tlhelp32.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tables.h"

#define STAY_MS 120000
#define HANDLES_CLASS 64 /* SystemExtendedHandleInformation */
#define HANDLES_ROOM ((ULONG)16 << 20)
#define TRIES 200 /* of a millisecond each */

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

static int lock(wchar_t **argv)
{
	return stay("lock", CreateFileW(argv[0], GENERIC_READ | GENERIC_WRITE, 0, NULL,
	                                OPEN_EXISTING, 0, NULL));
}

static int mutex(wchar_t **argv)
{
	return stay("mutex", CreateMutexW(open_to_all(), FALSE, argv[0]));
}

static int event(wchar_t **argv)
{
	return stay("event", CreateEventW(open_to_all(), TRUE, FALSE, argv[0]));
}

static int section(wchar_t **argv)
{
	DWORD n = (DWORD)wcstoul(argv[1], NULL, 10);
	HANDLE h = CreateFileMappingW(INVALID_HANDLE_VALUE, open_to_all(), PAGE_READWRITE, 0, n,
	                              argv[0]);

	return h == NULL ? fail("section")
	                 : stay("view of a section", MapViewOfFile(h, FILE_MAP_READ, 0, 0, n));
}

#define FORGED_SIZE (1 << 20)
#define FORGED_NUMBER 7

static void *make_view(const wchar_t *path, const wchar_t *leaf, DWORD size, DWORD kind)
{
	wchar_t name[MAX_PATH];
	HANDLE h;

	_snwprintf(name, MAX_PATH, L"%ls/%ls", path, leaf);
	h = CreateFileMappingW(INVALID_HANDLE_VALUE, open_to_all(), PAGE_READWRITE | kind, 0, size,
	                       name);
	return h != NULL ? MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0) : NULL;
}

static int forge(wchar_t **argv)
{
	bool is_reserved = wcscmp(argv[1], L"reserved") == 0,
	     is_noise = wcscmp(argv[1], L"noise") == 0;
	DWORD size = is_reserved || is_noise ? FORGED_SIZE : 4096;
	char *catalog = wcscmp(argv[1], L"absent") != 0
	                        ? make_view(argv[0], L"7", size, is_reserved ? SEC_RESERVE : 0)
	                        : NULL;
	char *root = make_view(argv[0], L"catalog", 4096, 0);

	for (DWORD i = 0; is_noise && catalog != NULL && i < size; i++)
		catalog[i] = (char)(i * 2654435761u >> 24);
	if (root != NULL) {
		memcpy(root, "SHMPUBR\x01\x01", 9);
		root[16] = FORGED_NUMBER;
	}
	return stay("forge", root);
}

static int view(wchar_t **argv)
{
	HANDLE h = OpenFileMappingW(FILE_MAP_READ, FALSE, argv[0]);
	const void *at = h != NULL ? MapViewOfFile(h, FILE_MAP_READ, 0, 0, 0) : NULL;

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

/* Put table `number`, which stands beside the file, in its place. */
static bool by_rename(const wchar_t *file, const wchar_t *beside, uint64_t number)
{
	(void)number;
	return MoveFileExW(beside, file, MOVEFILE_REPLACE_EXISTING);
}

static bool in_place(const wchar_t *file, const wchar_t *beside, uint64_t number)
{
	(void)beside;
	return write_file(file, number);
}

static bool after_delete(const wchar_t *file, const wchar_t *beside, uint64_t number)
{
	(void)number;
	return (DeleteFileW(file) || GetLastError() == ERROR_FILE_NOT_FOUND) &&
	       MoveFileExW(beside, file, 0);
}

static int write_tables(wchar_t **argv, bool (*put)(const wchar_t *, const wchar_t *, uint64_t))
{
	ULONGLONG end = GetTickCount64() + wcstoul(argv[1], NULL, 10) * 1000;
	DWORD pause_ms = wcstoul(argv[2], NULL, 10), n_again = 0;
	wchar_t beside[MAX_PATH];
	uint64_t number = 1;

	_snwprintf(beside, MAX_PATH, L"%ls.new", argv[0]);
	for (; GetTickCount64() < end; number++) {
		if (!write_file(beside, number))
			return fail("write a table");
		for (int i = 0; !put(argv[0], beside, number); i++) {
			if (i == TRIES)
				return fail("put a table in place");
			n_again += i == 0;
			Sleep(1);
		}
		Sleep(pause_ms);
	}
	printf("%lu %lu\n", (unsigned long)number - 1, n_again);
	return EXIT_SUCCESS;
}

static int replace(wchar_t **argv)
{
	return write_tables(argv, by_rename);
}

static int rewrite(wchar_t **argv)
{
	return write_tables(argv, in_place);
}

static int delete (wchar_t **argv)
{
	return write_tables(argv, after_delete);
}

/* --- what a process has -------------------------------------------------------------------------- */

/* GetProcessHandleCount() tells nothing under Wine; this list of all handles is right on both. */
struct handle {
	void *object;
	ULONG_PTR pid, value;
	ULONG access;
	USHORT trace, type;
	ULONG attributes, reserved;
};

struct handle_list {
	ULONG_PTR n, reserved;
	struct handle handles[];
};

typedef LONG WINAPI query_system(int what, void *out, ULONG size, ULONG *wanted);

static bool add_handles(DWORD *n, DWORD pid)
{
	query_system *query = (query_system *)(void *)GetProcAddress(GetModuleHandleW(L"ntdll"),
	                                                             "NtQuerySystemInformation");
	struct handle_list *list = malloc(HANDLES_ROOM);

	if (query == NULL || list == NULL || query(HANDLES_CLASS, list, HANDLES_ROOM, NULL) != 0) {
		free(list);
		return false;
	}
	for (ULONG_PTR i = 0; i < list->n; i++)
		*n += list->handles[i].pid == pid;
	free(list);
	return true;
}

static int count(wchar_t **argv)
{
	HANDLE processes = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
	PROCESSENTRY32W p = { .dwSize = sizeof(p) };
	DWORD n = 0;

	if (processes == INVALID_HANDLE_VALUE || !Process32FirstW(processes, &p))
		return fail("processes");
	do {
		if (_wcsicmp(p.szExeFile, argv[0]) == 0 && !add_handles(&n, p.th32ProcessID))
			return fail("handles");
	} while (Process32NextW(processes, &p));
	printf("%lu\n", n);
	return EXIT_SUCCESS;
}

static const struct {
	const wchar_t *word;
	int (*obey)(wchar_t **argv); /* behind the word */
	int n_arguments;
} words[] = {
	{ L"lock", lock, 1 },       { L"mutex", mutex, 1 },   { L"event", event, 1 },
	{ L"section", section, 2 }, { L"view", view, 1 },     { L"replace", replace, 3 },
	{ L"rewrite", rewrite, 3 }, { L"delete", delete, 3 }, { L"count", count, 1 },
	{ L"forge", forge, 2 },
};

int wmain(int argc, wchar_t **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++) {
		if (wcscmp(argv[1], words[i].word) == 0 && argc == words[i].n_arguments + 2)
			return words[i].obey(argv + 2);
	}
	fprintf(stderr, "peer: which word? See tests/tools/peer_win32.c\n");
	return 2;
}
