/* daemon/path_win32: drives, shares, devices, long paths, and what failures are called. */
#include "unit/check.h"

#include <windows.h>
#include "base/alloc.h"
#include "path.h"
#include "path_win32.h"

static const struct {
	const char *path;
	bool is_absolute;
	const char *directory;
	const char *refused; /* a part of the line; NULL: it can be a file */
} rows[] = {
	{ "a.csv", false, "", NULL },
	{ "data/a.csv", false, "data/", NULL },
	{ "data\\a.csv", false, "data\\", NULL },
	{ "..\\a.csv", false, "..\\", NULL },
	{ "C:\\data\\a.csv", true, "C:\\data\\", NULL },
	{ "c:/data\\x/a.csv", true, "c:/data\\x/", NULL },
	{ "C:\\a.csv", true, "C:\\", NULL },
	{ "C:a.csv", false, "C:", "relative to a folder that the drive remembers" },
	{ "C:", false, "C:", "relative to a folder that the drive remembers" },
	{ "\\data\\a.csv", true, "\\data\\", NULL },
	{ "/tmp/a.csv", true, "/tmp/", NULL },
	{ "\\\\server\\share\\a.csv", true, "\\\\server\\share\\", NULL },
	{ "//server/share/sub/a.csv", true, "//server/share/sub/", NULL },
	{ "\\\\?\\C:\\data\\a.csv", true, "\\\\?\\C:\\data\\", NULL },
	{ "\\\\?\\UNC\\server\\share\\a.csv", true, "\\\\?\\UNC\\server\\share\\", NULL },
	{ "z\xc3\xbcrich\\\xe6\x97\xa5.csv", false, "z\xc3\xbcrich\\", NULL },
	{ "concert.csv", false, "", NULL },
	{ "com10.csv", false, "", NULL },
	{ "com", false, "", NULL },
	{ "nullable\\auxiliary.csv", false, "nullable\\", NULL },
	{ "CON", false, "", "'CON' is the name of a device" },
	{ "con.csv", false, "", "'con.csv' is the name of a device" },
	{ "C:\\data\\Nul.tar.gz", true, "C:\\data\\", "'Nul.tar.gz' is the name of a device" },
	{ "data\\aux\\a.csv", false, "data\\aux\\", "'aux' is the name of a device" },
	{ "prn .txt", false, "", "'prn .txt' is the name of a device" },
	{ "COM1", false, "", "'COM1' is the name of a device" },
	{ "lpt9.csv", false, "", "'lpt9.csv' is the name of a device" },
	{ "conin$", false, "", "'conin$' is the name of a device" },
	{ "\\\\.\\COM12", true, "\\\\.\\", "a device, not a file" },
	{ "\\\\.\\C:\\a.csv", true, "\\\\.\\C:\\", "a device, not a file" },
	{ "\\\\?\\GLOBALROOT\\Device\\x", true, "\\\\?\\GLOBALROOT\\Device\\", "a device" },
	{ "\\\\.\\pipe\\x", true, "\\\\.\\pipe\\", "a device, not a file" },
	{ "\\\\server\\pipe\\x", true, "\\\\server\\pipe\\", "a pipe, not a file" },
	{ "\\\\?\\UNC\\server\\PIPE\\x", true, "\\\\?\\UNC\\server\\PIPE\\", "a pipe, not a file" },
	{ "a.csv:stream", false, "", "a ':' after the drive" },
	{ "C:\\data\\a.csv:Zone.Identifier", true, "C:\\data\\", "a ':' after the drive" },
	{ "file:a.csv", false, "", "a ':' after the drive" },
};

static void test_rows(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct span path = span_str(rows[i].path), directory;
		struct shmpub_error err = { .message = "" };
		int r = path_check(path, &err);

		CHECK_INT(rows[i].path, path_is_absolute(path), rows[i].is_absolute);
		directory = path_directory(rows[i].path);
		CHECK(rows[i].path, span_is(directory, rows[i].directory));
		CHECK_INT(rows[i].path, r, rows[i].refused ? SHMPUB_ERR_INVALID : SHMPUB_OK);
		if (rows[i].refused == NULL)
			continue;
		CHECK("the path is told", strncmp(err.message, rows[i].path, path.size) == 0);
		CHECK(rows[i].refused, strstr(err.message, rows[i].refused) != NULL);
	}
}

static const struct {
	const char *path;
	const wchar_t *begins; /* what a path of more than 260 characters begins with */
} long_rows[] = {
	{ "C:\\data", L"\\\\?\\C:\\data\\" },
	{ "C:/data/./sub/..", L"\\\\?\\C:\\data\\" },
	{ "\\\\server\\share", L"\\\\?\\UNC\\server\\share\\" },
	{ "\\\\?\\C:\\data", L"\\\\?\\C:\\data\\" },
};

static void test_wide(void)
{
	struct shmpub_error err;
	wchar_t *wide;

	CHECK_INT("short", path_wide(&wide, "C:/data\\z\xc3\xbcrich.csv", &err), 0);
	CHECK("whole, as it is", wcscmp(wide, L"C:\\data\\z\u00fcrich.csv") == 0);
	mem_free(wide);
	CHECK_INT("relative", path_wide(&wide, "a.csv", &err), 0);
	CHECK("whole", wide[1] == L':' && wcsstr(wide, L"\\a.csv") != NULL);
	mem_free(wide);
	for (size_t i = 0; i < ARRAY_LEN(long_rows); i++) {
		char path[1024];
		size_t n = (size_t)snprintf(path, sizeof(path), "%s", long_rows[i].path);

		while (n < 400)
			n += (size_t)snprintf(path + n, sizeof(path) - n, "\\a longer name");
		CHECK_INT(long_rows[i].path, path_wide(&wide, path, &err), 0);
		CHECK(long_rows[i].path,
		      wcsncmp(wide, long_rows[i].begins, wcslen(long_rows[i].begins)) == 0);
		CHECK("not twice", wcsstr(wide + 4, L"\\\\") == NULL);
		mem_free(wide);
	}
	CHECK_INT("refused", path_wide(&wide, "NUL", &err), SHMPUB_ERR_INVALID);
}

static void test_failures(void)
{
	struct shmpub_error err;
	char *config = path_of_config();

	CHECK_INT("known", path_failed(&err, ERROR_BAD_NETPATH, "\\\\s\\x"), SHMPUB_ERR_SYS);
	CHECK_STR("words", err.message,
	          "\\\\s\\x: error 53 (no such server, or it cannot be reached)");
	CHECK_INT("the number", err.sys, 53);
	path_failed(&err, ERROR_DISK_FULL, "x");
	CHECK("the system's words", strncmp(err.message, "x: error 112 (", 14) == 0);
	path_failed(&err, 0xfffffff0u, "x");
	CHECK("no words", strstr(err.message, "(unknown)") != NULL);
	CHECK("where the configuration is", strstr(config, ":\\ProgramData\\shmpub\\shmpubd.ini"));
	mem_free(config);
}

static void test_memory(void)
{
	wchar_t *wide;
	struct shmpub_error err;

	for (long n = 0; n < 2; n++) {
		mem_fail_after(n);
		CHECK_INT("no memory", path_wide(&wide, "a.csv", &err), SHMPUB_ERR_NOMEM);
	}
	mem_fail_after(-1);
	CHECK_INT("nothing left", mem_live(), 0);
}

int main(void)
{
	test_rows();
	test_wide();
	test_failures();
	test_memory();
	return check_report();
}
