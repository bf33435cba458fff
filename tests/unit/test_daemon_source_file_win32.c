/* daemon/source_file on Windows: locked, deleted, renamed, replaced, far away, and no files. */
#include "unit/check.h"

#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
#include "base/alloc.h"
#include "path_win32.h"
#include "source_file.h"
#include "unit/scratch.h"

static struct scratch folder;
static char path[512];

#define SHARED (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static HANDLE open_named(const char *name, DWORD rights, DWORD sharing, DWORD how)
{
	wchar_t *wide;
	HANDLE h;

	CHECK_INT("path", path_wide(&wide, name, NULL), 0);
	h = CreateFileW(wide, rights, sharing, NULL, how, FILE_ATTRIBUTE_NORMAL, NULL);
	mem_free(wide);
	return h;
}

static void write_named(const char *name, const char *text)
{
	HANDLE h = open_named(name, GENERIC_WRITE, SHARED, CREATE_ALWAYS);
	DWORD n;

	CHECK(name, h != INVALID_HANDLE_VALUE && WriteFile(h, text, (DWORD)strlen(text), &n, NULL));
	CloseHandle(h);
}

static void remove_named(const char *name)
{
	wchar_t *wide;

	CHECK_INT("path", path_wide(&wide, name, NULL), 0);
	CHECK(name, DeleteFileW(wide));
	mem_free(wide);
}

static int read_named(struct buffer *out, const char *name, struct shmpub_error *err)
{
	struct source_request q = { .path = name, .max_size = 1 << 20, .takes_fresh = true };
	struct source_mark mark;

	buffer_free(out);
	return source_read_all(out, &mark, &q, err);
}

static void check_text(const char *name, const char *text)
{
	struct buffer out = BUFFER_NONE;
	struct shmpub_error err = { .message = "" };

	CHECK_INT(name, read_named(&out, name, &err), 0);
	CHECK_STR(name, err.message, "");
	CHECK(name, span_is(buffer_span(&out), text));
	buffer_free(&out);
}

static void check_failure(const char *name, int result, int code, const char *part)
{
	struct buffer out = BUFFER_NONE;
	struct shmpub_error err = { .message = "" };

	CHECK_INT(name, read_named(&out, name, &err), result);
	CHECK_INT(name, err.sys, code);
	CHECK(err.message, strstr(err.message, part) != NULL);
	CHECK("the path is told", strncmp(err.message, name, strlen(name)) == 0);
	buffer_free(&out);
}

/* --- changes -------------------------------------------------------------------------------------- */

static void test_changes(void)
{
	struct buffer text = BUFFER_NONE;
	struct source_mark mark = SOURCE_MARK_NONE, again;
	struct source_request q = { .path = path, .waited = SOURCE_MARK_NONE, .max_size = 100 };
	struct shmpub_error err;

	write_named(path, "a,b\n1,2\n");
	CHECK_INT("fresh", source_read_all(&text, &mark, &q, &err), SOURCE_FRESH);
	CHECK_INT("nothing was read", text.size, 0);
	Sleep(60);
	q.waited = mark;
	CHECK_INT("quiet", source_read_all(&text, &mark, &q, &err), 0);
	CHECK("settled", mark.is_settled);
	CHECK("rests", source_file_rests(path, &mark));
	q.seen = &mark;
	q.waited = SOURCE_MARK_NONE;
	CHECK_INT("unchanged", source_read_all(&text, &again, &q, &err), SOURCE_UNCHANGED);
	Sleep(60);
	write_named(path, "a,b\n1,3\n");
	CHECK("does not rest", !source_file_rests(path, &mark));
	Sleep(60);
	buffer_free(&text);
	CHECK_INT("changed lately: wait once", source_read_all(&text, &again, &q, &err),
	          SOURCE_FRESH);
	q.waited = again;
	CHECK_INT("the same look again", source_read_all(&text, &again, &q, &err), 0);
	CHECK("new text", span_is(buffer_span(&text), "a,b\n1,3\n"));
	q.waited.size++; /* as if it had grown between the looks, and its times had not changed */
	buffer_free(&text);
	CHECK_INT("it grows", source_read_all(&text, &again, &q, &err), SOURCE_FRESH);
	q.waited.inode++;
	CHECK_INT("replaced", source_read_all(&text, &again, &q, &err), 0);
	q.max_size = 7;
	CHECK_INT("larger", source_read_all(&text, &again, &q, &err), SHMPUB_ERR_LIMIT);
	CHECK("it says so", strstr(err.message, "8 bytes, 7 are the most") != NULL);
	buffer_free(&text);
}

/* --- writers that share nothing ------------------------------------------------------------------- */

static DWORD WINAPI close_soon(void *h)
{
	Sleep(30);
	CloseHandle(h);
	return 0;
}

/* Wine lets everybody read what one has locked. */
static bool is_lock_kept(void)
{
	HANDLE h = open_named(path, GENERIC_READ, SHARED, OPEN_EXISTING);
	char byte;
	DWORD n;
	bool is_read = ReadFile(h, &byte, 1, &n, NULL);

	CloseHandle(h);
	return !is_read;
}

/* On a busy machine the one who closes may come too late: so there are several tries. */
static bool is_read_when_closed(void)
{
	struct buffer out = BUFFER_NONE;
	bool is_read = false;

	for (int i = 0; i < 20 && !is_read; i++) {
		HANDLE h = open_named(path, GENERIC_WRITE, 0, OPEN_EXISTING);
		HANDLE thread = CreateThread(NULL, 0, close_soon, h, 0, NULL);

		is_read = read_named(&out, path, NULL) == SHMPUB_OK;
		WaitForSingleObject(thread, INFINITE);
		CloseHandle(thread);
	}
	buffer_free(&out);
	return is_read;
}

static void test_locked(void)
{
	struct source_mark mark;
	struct shmpub_error err;
	OVERLAPPED at = { .Offset = 0 };
	HANDLE h;

	write_named(path, "x\n");
	h = open_named(path, GENERIC_WRITE, 0, OPEN_EXISTING);
	CHECK("open", h != INVALID_HANDLE_VALUE);
	check_failure(path, SHMPUB_ERR_SYS, ERROR_SHARING_VIOLATION,
	              ": locked by its writer (another program has it open without sharing)");
	CHECK_INT("--check", source_file_usable(&mark, path, &err), SHMPUB_ERR_SYS);
	CHECK("it says so", strstr(err.message, "locked by its writer") != NULL);
	CHECK("not shut", !source_file_is_shut(&err));
	CloseHandle(h);
	CHECK("it is tried again for a while", is_read_when_closed());
	h = open_named(path, GENERIC_READ | GENERIC_WRITE, SHARED, OPEN_EXISTING);
	CHECK("lock", LockFileEx(h, LOCKFILE_EXCLUSIVE_LOCK, 0, 100, 0, &at));
	if (is_lock_kept())
		check_failure(path, SHMPUB_ERR_SYS, ERROR_LOCK_VIOLATION, ": locked by its writer");
	else
		printf("a locked part of a file can be read here: not tried\n");
	CloseHandle(h);
	check_text(path, "x\n");
}

/* Who holds the file open for writing and shares it is no hindrance. */
static void test_shared(void)
{
	HANDLE h;
	DWORD n;

	write_named(path, "x\n");
	h = open_named(path, FILE_APPEND_DATA, FILE_SHARE_READ, OPEN_EXISTING);
	CHECK("open", h != INVALID_HANDLE_VALUE);
	check_text(path, "x\n");
	CHECK("append", WriteFile(h, "1\n", 2, &n, NULL));
	check_text(path, "x\n1\n");
	CloseHandle(h);
}

/* --- writers beside us ---------------------------------------------------------------------------- */

#define TURNS 60

static struct {
	volatile LONG is_over;
	unsigned n_denied; /* steps of the writer that were not let */
	DWORD code;        /* of the last of them */
} writer;

static void note(bool done)
{
	if (done)
		return;
	writer.n_denied++;
	writer.code = GetLastError();
}

/*
 * Before Windows took over the manners of POSIX here, a name whose file somebody has open cannot
 * be given to another file: so it is tried again, as writers do whose files others look at.
 */
static bool rename_over(const wchar_t *from, const wchar_t *to)
{
	for (int i = 0; i < 100; i++) {
		if (MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING))
			return true;
		if (GetLastError() != ERROR_ACCESS_DENIED)
			return false;
		Sleep(1);
	}
	return false;
}

static HANDLE create(const wchar_t *name)
{
	HANDLE h;

	for (int i = 0; i < 100; i++) {
		h = CreateFileW(name, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, 0, NULL);
		if (h != INVALID_HANDLE_VALUE || GetLastError() != ERROR_ACCESS_DENIED)
			break;
		Sleep(1);
	}
	return h;
}

static void write_rows(const wchar_t *name, int turn)
{
	HANDLE h = create(name);
	char digit = (char)('0' + turn % 10);
	static char row[64 * 1024];
	DWORD n;

	note(h != INVALID_HANDLE_VALUE);
	memset(row, digit, sizeof(row));
	for (int i = 0; i < 16 && h != INVALID_HANDLE_VALUE; i++)
		note(WriteFile(h, row, sizeof(row), &n, NULL));
	CloseHandle(h);
}

/* In turn: over the old one by renaming; the old one renamed away; deleted and made anew. */
static DWORD WINAPI replace(void *arg)
{
	wchar_t *name, *next, *old;
	char text[600];

	(void)arg;
	path_wide(&name, path, NULL);
	snprintf(text, sizeof(text), "%s.next", path);
	path_wide(&next, text, NULL);
	snprintf(text, sizeof(text), "%s.old", path);
	path_wide(&old, text, NULL);
	for (int turn = 0; turn < TURNS; turn++) {
		if (turn % 3 == 2)
			note(DeleteFileW(name));
		write_rows(turn % 3 == 2 ? name : next, turn);
		if (turn % 3 == 0)
			note(rename_over(next, name));
		if (turn % 3 == 1)
			note(rename_over(name, old) && MoveFileExW(next, name, 0));
		Sleep(5);
	}
	DeleteFileW(old);
	mem_free(name);
	mem_free(next);
	mem_free(old);
	InterlockedExchange(&writer.is_over, 1);
	return 0;
}

static bool is_one_digit(const struct buffer *text)
{
	for (size_t i = 1; i < text->size; i++) {
		if (text->data[i] != text->data[0])
			return false;
	}
	return true;
}

/* Whatever we read meanwhile, the writer is never in our way, and what we take is one state. */
static void test_replaced(void)
{
	HANDLE thread;
	struct buffer text = BUFFER_NONE;
	struct shmpub_error err;
	unsigned n_read = 0;

	write_named(path, "0");
	thread = CreateThread(NULL, 0, replace, NULL, 0, NULL);
	while (!writer.is_over) {
		int r = read_named(&text, path, &err);

		CHECK("whole, being written, or away for a moment",
		      r == SHMPUB_OK || r == SOURCE_BUSY ||
		              (r == SHMPUB_ERR_SYS && (err.sys == ERROR_FILE_NOT_FOUND ||
		                                       err.sys == ERROR_ACCESS_DENIED)));
		if (r == SHMPUB_OK && is_one_digit(&text))
			n_read++;
		Sleep(2); /* a daemon does not look without a pause, and a writer needs one */
	}
	WaitForSingleObject(thread, INFINITE);
	CloseHandle(thread);
	CHECK("some were read", n_read > 0);
	CHECK_INT("the writer was let do all it wanted", writer.n_denied, 0);
	CHECK_INT("no error", writer.code, 0);
	buffer_free(&text);
}

/* --- names ---------------------------------------------------------------------------------------- */

static void make_folder(const char *name)
{
	wchar_t *wide;

	CHECK_INT("path", path_wide(&wide, name, NULL), 0);
	CHECK(name, CreateDirectoryW(wide, NULL));
	mem_free(wide);
}

static void test_names(void)
{
	char name[1200];
	size_t n = (size_t)snprintf(name, sizeof(name), "%s", folder.path);

	for (int i = 0; i < 4; i++) {
		n += (size_t)snprintf(
		        name + n, sizeof(name) - n,
		        "\\z\xc3\xbcrich %d \xe6\x97\xa5\xe6\x9c\xac a folder of a "
		        "name that is so long that four of them are more than 260 bytes",
		        i);
		make_folder(name);
	}
	snprintf(name + n, sizeof(name) - n, "/\xf0\x9f\x98\x80.csv");
	write_named(name, "far away\n");
	check_text(name, "far away\n");
	remove_named(name);
}

static void test_no_files(void)
{
	char name[600];

	check_failure(folder.path, SHMPUB_ERR_INVALID, 0, ": a directory, not a file");
	snprintf(name, sizeof(name), "%s\\none.csv", folder.path);
	check_failure(name, SHMPUB_ERR_SYS, ERROR_FILE_NOT_FOUND, ": error 2 (no such file)");
	snprintf(name, sizeof(name), "%s\\none\\none.csv", folder.path);
	check_failure(name, SHMPUB_ERR_SYS, ERROR_PATH_NOT_FOUND, ": error 3 (no such folder");
	check_failure("CON", SHMPUB_ERR_INVALID, 0, "the name of a device");
	check_failure("\\\\.\\pipe\\x", SHMPUB_ERR_INVALID, 0, "a device");
	snprintf(name, sizeof(name), "%s:stream", path);
	check_failure(name, SHMPUB_ERR_INVALID, 0, "a ':' after the drive");
}

/* What is not there at all is one line, whatever number the system gives it. */
static void test_not_there(void)
{
	static const char *const names[] = { "Q:\\a.csv", "\\\\no-such-server\\share\\a.csv" };
	struct buffer out = BUFFER_NONE;
	struct shmpub_error err = { .message = "" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CHECK_INT(names[i], read_named(&out, names[i], &err), SHMPUB_ERR_SYS);
		CHECK("it says so", strstr(err.message, "a.csv: error ") != NULL && err.sys != 0);
	}
	buffer_free(&out);
}

/* --- who may read it ------------------------------------------------------------------------------ */

static const struct {
	const char *label;
	const wchar_t *list; /* in the security descriptor definition language */
	unsigned mode;
} lists[] = {
	{ "everyone", L"D:P(A;;FA;;;OW)(A;;FR;;;WD)", 0644 },
	{ "authenticated users", L"D:P(A;;FA;;;SY)(A;;FA;;;OW)(A;;0x1200a9;;;AU)", 0644 },
	{ "users of the machine", L"D:P(A;;FA;;;OW)(A;;FR;;;BU)", 0644 },
	{ "the owner alone", L"D:P(A;;FA;;;OW)", 0600 },
	{ "administrators", L"D:P(A;;FA;;;OW)(A;;FA;;;BA)", 0600 },
	{ "everyone, but not to read", L"D:P(A;;FA;;;OW)(A;;0x100080;;;WD)", 0600 },
	{ "guests are shut out", L"D:P(D;;FR;;;BG)(A;;FA;;;OW)(A;;FR;;;WD)", 0600 },
	{ "guests may not write", L"D:P(D;;0x2;;;BG)(A;;FA;;;OW)(A;;FR;;;WD)", 0644 },
	{ "for files below only", L"D:P(A;;FA;;;OW)(A;OICIIO;FR;;;WD)", 0600 },
};

static bool set_list(const char *name, const wchar_t *list)
{
	PSECURITY_DESCRIPTOR whole;
	wchar_t *wide;
	bool is_set;

	if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(list, SDDL_REVISION_1, &whole,
	                                                          NULL))
		return false;
	path_wide(&wide, name, NULL);
	is_set = SetFileSecurityW(wide, DACL_SECURITY_INFORMATION, whole);
	mem_free(wide);
	LocalFree(whole);
	return is_set;
}

/* Wine keeps of a file's list what the mode of a file can say: a row that came back otherwise is left out. */
static bool keeps_list(const char *name, const wchar_t *list)
{
	static const wchar_t *const parts[] = { L"(D;", L";WD)", L";AU)", L";BU)", L";0x2;" };
	PSECURITY_DESCRIPTOR whole;
	wchar_t *wide, *text;
	bool is_kept = false;

	path_wide(&wide, name, NULL);
	if (GetNamedSecurityInfoW(wide, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, NULL,
	                          NULL, &whole) == ERROR_SUCCESS &&
	    ConvertSecurityDescriptorToStringSecurityDescriptorW(
	            whole, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &text, NULL)) {
		is_kept = true;
		for (size_t i = 0; i < ARRAY_LEN(parts); i++)
			is_kept &= !wcsstr(list, parts[i]) == !wcsstr(text, parts[i]);
		LocalFree(text);
		LocalFree(whole);
	}
	mem_free(wide);
	return is_kept;
}

static void test_readers(void)
{
	struct source_mark mark;
	struct shmpub_error err;
	unsigned n_judged = 0;

	write_named(path, "x\n");
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		CHECK(lists[i].label, set_list(path, lists[i].list));
		if (!keeps_list(path, lists[i].list))
			continue;
		n_judged++;
		CHECK_INT(lists[i].label, source_file_usable(&mark, path, &err), 0);
		CHECK_INT(lists[i].label, mark.readers.mode, lists[i].mode);
		CHECK_INT("no group", mark.readers.gid, -1);
	}
	CHECK("some were judged", n_judged >= 2);
	printf("access lists: %u of %zu could be tried here\n", n_judged, ARRAY_LEN(lists));
}

int main(void)
{
	scratch_open(&folder, "/tmp");
	snprintf(path, sizeof(path), "%s/source.csv", folder.path);
	test_changes();
	test_locked();
	test_shared();
	test_replaced();
	test_names();
	test_no_files();
	test_not_there();
	test_readers();
	CHECK_INT("nothing left", mem_live(), 0);
	scratch_close(&folder);
	return check_report();
}
