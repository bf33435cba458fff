/* daemon/config: what a configuration holds, what a reload sees as changed, memory that runs out. */
#include "unit/check.h"

#include "base/alloc.h"
#include "config.h"
#include "unit/scratch.h"

static struct scratch folder;
static char path[256];

static void write_text(const char *text)
{
	FILE *f = fopen(path, "wb");

	CHECK("write", f != NULL && fputs(text, f) >= 0);
	if (f != NULL)
		fclose(f);
}

static struct config *load(const char *text)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct shmpub_error err = { .message = "" };
	struct config *config;

	write_text(text);
	CHECK_INT("load", config_load(&config, path, &problems, &err), 0);
	CHECK_STR("no error", err.message, "");
	CHECK_INT("no problems", problems.n, 0);
	if (problems.n)
		fprintf(stderr, "%.*s", (int)problems.lines.size, problems.lines.data);
	config_problems_free(&problems);
	return config;
}

static void test_defaults(void)
{
	struct config *c = load("[feed b]\nsource = b.csv\n[feed a]\nsource = /a.csv\n");
	char expected[256];

	CHECK_STR("instance", c->daemon.instance, "shmpub");
	CHECK_STR("directory", c->daemon.directory, SHMPUB_DIRECTORY);
	CHECK_INT("feeds", c->n_feeds, 2);
	CHECK_STR("sorted", c->feeds[0]->name, "a");
	CHECK_STR("absolute", c->feeds[0]->source, "/a.csv");
	snprintf(expected, sizeof(expected), "%s/b.csv", folder.path);
	CHECK_STR("beside the ini", c->feeds[1]->source, expected);
	CHECK_INT("interval", c->feeds[0]->interval_ms, 5000);
	CHECK_INT("mode", c->feeds[0]->access.mode, FILE_MODE_AUTO);
	CHECK_INT("group", c->feeds[0]->access.gid, -1);
	CHECK_INT("segment mode", c->feeds[0]->segment_access.mode, 0);
	CHECK("found", config_find(c, span_str("b")) == c->feeds[1]);
	CHECK("not found", config_find(c, span_str("ab")) == NULL);
	CHECK("not found", config_find(c, span_str("c")) == NULL);
	CHECK("not found", config_find(c, SPAN_NONE) == NULL);
	config_free(c);
}

static void test_inherited(void)
{
	struct config *c = load("[feed a]\nsource = a\n[feed b]\nsource = b\nfile_mode = 0400\n"
	                        "[daemon]\nfile_mode = 0640\n");

	CHECK_INT("mode", c->feeds[0]->access.mode, 0640);
	CHECK_INT("own mode", c->feeds[1]->access.mode, 0400);
	config_free(c);
}

#define FEED "[feed a]\nsource = a.csv\ninterval = 5s\ndtype.x = str\n"

static const struct {
	const char *label;
	const char *text;
	bool equal;
} changes[] = {
	{ "the same", FEED, true },
	{ "comments and blanks", "; new\n[feed a]\nsource=a.csv\ninterval=5s\ndtype.x=str ; t\n",
	  true },
	{ "interval", "[feed a]\nsource = a.csv\ninterval = 1h\ndtype.x = str\n", true },
	{ "log level", FEED "[daemon]\nlog_level = debug\n", true },
	{ "another feed", FEED "[feed b]\nsource = b\n", true },
	{ "source", "[feed a]\nsource = b.csv\ndtype.x = str\n", false },
	{ "option", "[feed a]\nsource = a.csv\ndtype.x = category\n", false },
	{ "option gone", "[feed a]\nsource = a.csv\n", false },
	{ "option more", FEED "index_col = x\n", false },
	{ "mode from [daemon]", FEED "[daemon]\nfile_mode = 0600\n", false },
	{ "segment", FEED "csv_segment = s\n", false },
};

static void test_changes(void)
{
	struct config *before = load(FEED);

	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		struct config *after = load(changes[i].text);

		CHECK_INT(changes[i].label, config_feed_equal(before->feeds[0], after->feeds[0]),
		          changes[i].equal);
		config_free(after);
	}
	config_free(before);
}

/* --- the sample's defaults ----------------------------------------------------------------------- */

static bool same_daemon(const struct config_daemon *a, const struct config_daemon *b)
{
	struct config_daemon x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	x.instance = x.directory = y.instance = y.directory = NULL;
	x.directory_line = y.directory_line = x.keep_line = y.keep_line = 0;
	return strcmp(a->instance, b->instance) == 0 && strcmp(a->directory, b->directory) == 0 &&
	       memcmp(&x, &y, sizeof(x)) == 0;
}

/* No default is a list, so the options hold no pointers. */
static bool same_options(const struct csv_options *a, const struct csv_options *b)
{
	struct csv_options x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	x.is_header_given = y.is_header_given = false;
	return memcmp(&x, &y, sizeof(x)) == 0;
}

static bool same_feed(const struct config_feed *a, const struct config_feed *b)
{
	return a->interval_ms == b->interval_ms &&
	       memcmp(&a->access, &b->access, sizeof(a->access)) == 0 &&
	       memcmp(&a->segment_access, &b->segment_access, sizeof(a->segment_access)) == 0 &&
	       same_options(a->csv, b->csv);
}

/* `entry`: "KEY = VALUE\n". */
static void check_default(const char *entry, bool is_daemon, const struct config *plain)
{
	bool is_segment = strncmp(entry, "segment_mode", 12) == 0; /* goes with a segment only */
	char text[1024];
	struct config *c;

	snprintf(text, sizeof(text), "[daemon]\n%s[feed a]\nsource = x\n%s%s",
	         is_daemon ? entry : "", is_daemon ? "" : entry,
	         is_segment ? "csv_segment = s\n" : "");
	c = load(text);
	CHECK(entry, c != NULL && same_daemon(&c->daemon, &plain->daemon) &&
	                     same_feed(c->feeds[0], plain->feeds[0]));
	config_free(c);
}

/* What the sample shows behind a ';' without calling it an example is what holds without it. */
static void test_sample_defaults(void)
{
	struct config *plain = load("[feed a]\nsource = x\n");
	FILE *f = fopen(SAMPLE, "r");
	bool is_daemon = false;
	char line[256];
	int n = 0;

	CHECK("the sample is there", f != NULL);
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (line[0] == '[')
			is_daemon = strncmp(line, "[daemon]", 8) == 0;
		if (line[0] != ';' || line[1] < 'a' || line[1] > 'z' || strstr(line, "; example"))
			continue;
		check_default(line + 1, is_daemon, plain);
		n++;
	}
	CHECK("there are some", n > 15);
	if (f != NULL)
		fclose(f);
	config_free(plain);
}

/* As an editor on Windows may save it. */
static void test_line_ends(void)
{
	struct config *c = load("\xEF\xBB\xBF[feed a]\r\nsource = /data/z\xc3\xbcrich.csv\r\n"
	                        "interval = 7s\r\nna_values = x,\r\n  y\r\n");

	CHECK_INT("feeds", c->n_feeds, 1);
	CHECK_STR("source", c->feeds[0]->source, "/data/z\xc3\xbcrich.csv");
	CHECK_INT("interval", c->feeds[0]->interval_ms, 7000);
	config_free(c);
}

static void test_references(void)
{
	struct config *c = load(FEED);
	struct config_feed *held = config_feed_acquire(c->feeds[0]);

	config_free(c);
	CHECK_STR("outlives its configuration", held->name, "a");
	config_feed_release(held);
	config_feed_release(NULL);
	config_free(NULL);
	CHECK_INT("nothing left", mem_live(), 0);
}

/* With and without problems: whichever request fails, nothing is left and nothing is believed. */
static void test_no_memory(const char *text, int want)
{
	int r = SHMPUB_ERR_NOMEM;

	write_text(text);
	for (long n = 0; r == SHMPUB_ERR_NOMEM; n++) {
		struct config_problems problems = CONFIG_PROBLEMS_NONE;
		struct config *config;

		mem_fail_after(n);
		r = config_load(&config, path, &problems, NULL);
		mem_fail_after(-1);
		CHECK("all or nothing", (r == SHMPUB_OK) == (config != NULL));
		config_free(config);
		config_problems_free(&problems);
		CHECK_INT("nothing left", mem_live(), 0);
	}
	CHECK_INT("in the end", r, want);
}

int main(void)
{
	scratch_open(&folder, "/tmp");
	snprintf(path, sizeof(path), "%s/shmpubd.ini", folder.path);
	test_defaults();
	test_inherited();
	test_changes();
	test_sample_defaults();
	test_line_ends();
	test_references();
	test_no_memory(FEED
	               "csv_segment = s\narray_segment = t\narray_dtype = int8\nindex_col = x\n"
	               "[daemon]\ninstance = i\ndirectory = d\ninclude = none/*.ini\n",
	               SHMPUB_OK);
	test_no_memory(FEED FEED "index_col = x\nfoo = 1\ninterval = x\n[feeed x]\n",
	               SHMPUB_ERR_INVALID);
	scratch_close(&folder);
	return check_report();
}
