/* daemon/config on Windows: paths and names in the ini, and what cannot be one. */
#include "unit/check.h"

#include "base/alloc.h"
#include "config.h"
#include "unit/scratch.h"

static struct scratch folder;
static char path[256];

static void write_ini(const char *entry)
{
	FILE *f = fopen(path, "wb");

	CHECK("write", f != NULL && fputs(entry, f) >= 0);
	if (f != NULL)
		fclose(f);
}

static const struct {
	const char *entry; /* of [feed a], or with its own section */
	const char *source;
} good[] = {
	{ "source = C:\\data\\a.csv", "C:\\data\\a.csv" },
	{ "source = d:/data/a.csv", "d:/data/a.csv" },
	{ "source = \\\\server\\share\\z\xc3\xbcrich\\a.csv",
	  "\\\\server\\share\\z\xc3\xbcrich\\a.csv" },
	{ "source = //server/share/a.csv", "//server/share/a.csv" },
	{ "source = \\\\?\\C:\\data\\a.csv", "\\\\?\\C:\\data\\a.csv" },
	{ "source = sub\\a.csv", "BASE/sub\\a.csv" },
	{ "source = ..\\a.csv", "BASE/..\\a.csv" },
	{ "source = C:\\data\\Users Program Files\\a b.csv ; a comment",
	  "C:\\data\\Users Program Files\\a b.csv" },
	{ "source = x.csv\n[daemon]\ndirectory = auto", "BASE/x.csv" },
};

static void test_good(void)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct config_problems problems = CONFIG_PROBLEMS_NONE;
		const char *source = good[i].source, *base = "";
		struct shmpub_error err = { .message = "" };
		struct config *c;
		char text[512];

		snprintf(text, sizeof(text), "[feed a]\r\n%s\r\n", good[i].entry);
		write_ini(text);
		CHECK_INT(good[i].entry, config_load(&c, path, &problems, &err), 0);
		CHECK_STR(good[i].entry, err.message, "");
		if (strncmp(source, "BASE", 4) == 0) {
			base = folder.path;
			source += 4;
		}
		snprintf(text, sizeof(text), "%s%s", base, source);
		if (c != NULL)
			CHECK_STR(good[i].entry, c->feeds[0]->source, text);
		config_free(c);
		config_problems_free(&problems);
	}
}

/* The names of shared memory are none of paths: what is relative stays as it is. */
static const char *const directories[] = { "auto",  "Global",   "Local", "Global\\mine",
	                                   "other", "C:\\data", "/tmp/x" };

static void test_directories(void)
{
	for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
		struct config_problems problems = CONFIG_PROBLEMS_NONE;
		struct shmpub_error err = { .message = "" };
		struct config *c;
		char text[256];

		snprintf(text, sizeof(text), "[feed a]\nsource = a\n[daemon]\ndirectory = %s\n",
		         directories[i]);
		write_ini(text);
		CHECK_INT(directories[i], config_load(&c, path, &problems, &err), 0);
		if (c != NULL)
			CHECK_STR(directories[i], c->daemon.directory, directories[i]);
		config_free(c);
		config_problems_free(&problems);
	}
}

static const struct {
	const char *entry;
	const char *line; /* without FILE */
} bad[] = {
	{ "source = CON", ":2: source: CON: 'CON' is the name of a device, not of a file\n" },
	{ "source = C:\\data\\aux.csv",
	  ":2: source: C:\\data\\aux.csv: 'aux.csv' is the name of a device, not of a file\n" },
	{ "source = C:a.csv", ":2: source: C:a.csv: relative to a folder that the drive remembers: "
	                      "write a '\\' after the ':'\n" },
	{ "source = a.csv:stream",
	  ":2: source: a.csv:stream: a ':' after the drive: no file's name has one\n" },
	{ "source = \\\\.\\COM3", ":2: source: \\\\.\\COM3: a device, not a file\n" },
	{ "source = \\\\server\\pipe\\x", ":2: source: \\\\server\\pipe\\x: a pipe, not a file\n" },
	{ "source = ~\\a.csv", ":2: source: '~' is not expanded, write the whole path\n" },
	{ "source = \"C:\\data\\a.csv\"", ":2: source: values stand without quotes\n" },
	{ "source = a\n[daemon]\ngroup = no such group",
	  ":4: group: no group or user is named 'no such group'\n" },
	{ "source = a\n[daemon]\ninclude = nul",
	  ":4: include: nul: 'nul' is the name of a device, not of a file\n" },
};

static void test_bad(void)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct config_problems problems = CONFIG_PROBLEMS_NONE;
		struct shmpub_error err;
		struct config *c;
		char text[512];

		snprintf(text, sizeof(text), "[feed a]\n%s\n", bad[i].entry);
		write_ini(text);
		CHECK_INT(bad[i].entry, config_load(&c, path, &problems, &err), SHMPUB_ERR_INVALID);
		snprintf(text, sizeof(text), "%s%s", path, bad[i].line);
		CHECK(bad[i].entry, span_is(buffer_span(&problems.lines), text));
		if (!span_is(buffer_span(&problems.lines), text))
			fprintf(stderr, "%.*s", (int)problems.lines.size, problems.lines.data);
		config_problems_free(&problems);
	}
}

/* Warnings: sources that are not there, and what Windows cannot keep. */
static void test_judge(void)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct config *judged;
	struct shmpub_error err;
	char text[512];

	write_ini("[feed a]\nsource = none.csv\n[daemon]\nkeep_on_exit = yes\n");
	CHECK_INT("may be used", config_judge(&judged, path, &problems, &err), 0);
	config_free(judged);
	snprintf(text, sizeof(text),
	         "%s:2: warning: source: %s/none.csv: error 2 (no such file)\n"
	         "%s:4: warning: keep_on_exit: shared memory ends with its last user on this "
	         "system, so nothing stays\n",
	         path, folder.path, path);
	CHECK("two warnings", span_is(buffer_span(&problems.lines), text));
	if (!span_is(buffer_span(&problems.lines), text))
		fprintf(stderr, "%.*s", (int)problems.lines.size, problems.lines.data);
	config_problems_free(&problems);
	CHECK_INT("nothing left", mem_live(), 0);
}

int main(void)
{
	scratch_open(&folder, "/tmp");
	snprintf(path, sizeof(path), "%s/shmpubd.ini", folder.path);
	test_good();
	test_directories();
	test_bad();
	test_judge();
	scratch_close(&folder);
	return check_report();
}
