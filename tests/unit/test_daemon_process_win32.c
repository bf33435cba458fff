/* daemon/process_win32: patterns of included files, groups, signals, memory. */
#include "unit/check.h"

#include <uv.h>
#include "base/alloc.h"
#include "memory.h"
#include "process.h"
#include "unit/scratch.h"

static struct scratch folder;

static void put(const char *name)
{
	wchar_t wide[512];
	char path[512];
	HANDLE h;

	snprintf(path, sizeof(path), "%s/%s", folder.path, name);
	MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, ARRAY_LEN(wide));
	h = CreateFileW(wide, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
	CHECK(name, h != INVALID_HANDLE_VALUE);
	CloseHandle(h);
}

/* "NAME|" for each. */
static int take(void *arg, const char *path)
{
	char *list = arg;
	size_t n = strlen(list);

	CHECK("beside the pattern", strncmp(path, folder.path, strlen(folder.path)) == 0);
	snprintf(list + n, 256 - n, "%s|", path + strlen(folder.path) + 1);
	return 0;
}

static const struct {
	const char *pattern;
	const char *found;
} rows[] = {
	{ "conf.d-*.ini", "conf.d-A.INI|conf.d-b.ini|conf.d-z\xc3\xbcrich.ini|" },
	{ "CONF.D-?.ini", "conf.d-A.INI|conf.d-b.ini|" },
	{ "*.inix", "conf.d-c.inix|" },
	{ "*", "conf.d-A.INI|conf.d-b.ini|conf.d-c.inix|conf.d-z\xc3\xbcrich.ini|other.txt|" },
	{ ".*", ".hidden.ini|" },
	{ "conf.d-b.ini", "conf.d-b.ini|" },
	{ "conf.d-*b*.i*i", "conf.d-b.ini|" },
	{ "none.ini", "" },
	{ "*.none", "" },
	{ "none\\*.ini", "" },
};

static void test_patterns(void)
{
	static const char *const names[] = { "conf.d-b.ini",  "conf.d-A.INI",
		                             "conf.d-c.inix", "conf.d-z\xc3\xbcrich.ini",
		                             ".hidden.ini",   "other.txt" };
	struct shmpub_error err;
	char pattern[512], found[256];

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		put(names[i]);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		found[0] = '\0';
		snprintf(pattern, sizeof(pattern), "%s\\%s", folder.path, rows[i].pattern);
		CHECK_INT(rows[i].pattern, process_glob(pattern, take, found, &err), 0);
		CHECK_STR(rows[i].pattern, found, rows[i].found);
	}
	snprintf(pattern, sizeof(pattern), "%s/*/x.ini", folder.path);
	CHECK_INT("a pattern of folders", process_glob(pattern, take, found, &err),
	          SHMPUB_ERR_INVALID);
	CHECK("it says so", strstr(err.message, "last part of the path only") != NULL);
	CHECK_INT("nothing left", mem_live(), 0);
}

static int stop_at_once(void *arg, const char *path)
{
	(void)arg, (void)path;
	return 77;
}

static void test_failures(void)
{
	char pattern[512], found[256] = "";
	struct shmpub_error err;
	int r = SHMPUB_ERR_NOMEM;

	snprintf(pattern, sizeof(pattern), "%s/*.ini", folder.path);
	CHECK_INT("the callback's answer", process_glob(pattern, stop_at_once, NULL, &err), 77);
	for (long n = 0; r == SHMPUB_ERR_NOMEM; n++) {
		found[0] = '\0';
		mem_fail_after(n);
		r = process_glob(pattern, take, found, &err);
		mem_fail_after(-1);
		CHECK_INT("nothing left", mem_live(), 0);
	}
	CHECK_INT("in the end", r, 0);
}

static void test_groups(void)
{
	struct shmpub_error err;
	int64_t users = -1, again = -1, everyone = -1;

	CHECK_INT("by SID", process_group(&users, span_str("S-1-5-32-545"), &err), 0);
	CHECK_INT("again", process_group(&again, span_str("S-1-5-32-545"), &err), 0);
	CHECK_INT("another", process_group(&everyone, span_str("S-1-1-0"), &err), 0);
	CHECK("a number", users >= 0 && everyone >= 0);
	CHECK("of its own each", users == again && users != everyone);
	CHECK_INT("none", process_group(&again, span_str("no such group"), &err),
	          SHMPUB_ERR_INVALID);
	CHECK_STR("it says so", err.message, "no group or user is named 'no such group'");
	CHECK_INT("empty", process_group(&again, SPAN_NONE, &err), SHMPUB_ERR_INVALID);
}

static void test_rest(void)
{
	uint64_t all = uv_get_total_memory(), allowed = memory_allowed("");

	CHECK("some memory, and no more than there is", allowed > 0 && allowed <= all);
	CHECK_INT("console closed", process_signals[2].number, SIGHUP);
	CHECK_INT("stop while there is time", process_signals[2].wish, PROCESS_STOP_SOON);
	for (size_t i = 0; i < process_n_signals; i++)
		CHECK("nothing reloads", process_signals[i].wish != PROCESS_RELOAD);
}

int main(void)
{
	scratch_open(&folder, "/tmp");
	test_patterns();
	test_failures();
	test_groups();
	test_rest();
	scratch_close(&folder);
	return check_report();
}
