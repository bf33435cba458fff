/* daemon/fetch with real commands: results, a cancel at each moment, memory that runs out. */
#include "unit/check.h"

#include "base/alloc.h"
#include "fetch.h"
#include "unit/scratch.h"

static struct scratch folder;
static char path[256];

static struct config *load(const char *source)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct shmpub_error err = { .message = "" };
	struct config *config = NULL;
	FILE *f = fopen(path, "wb");

	CHECK("write", f != NULL && fprintf(f, "[feed a]\nsource = %s\n", source) > 0);
	fclose(f);
	CHECK_INT(source, config_load(&config, path, &problems, &err), 0);
	CHECK_STR(source, err.message, "");
	config_problems_free(&problems);
	return config;
}

static struct fetch fetch_of(const struct config *c)
{
	struct fetch f = FETCH_NONE;

	f.config = c->feeds[0];
	f.spool_directory = folder.path;
	f.max_size = 1 << 20;
	return f;
}

static const struct {
	const char *source;
	int result;
	const char *want; /* the bytes, or the line */
} cases[] = {
	{ "exec: printf 'a\\n1\\n'", SHMPUB_OK, "a\n1\n" },
	{ "exec: true", SHMPUB_OK, "" },
	{ "shell: echo a; echo 1", SHMPUB_OK, "a\n1\n" },
	{ "exec: false", SHMPUB_ERR_SYS, "exec:false: exited with 1" },
	{ "shell: echo x >&2; exit 4", SHMPUB_ERR_SYS, "shell:echo: exited with 4: x" },
	{ "exec: no-such-program", SHMPUB_ERR_SYS,
	  "exec:no-such-program: it cannot be started: No such file or directory" },
	{ "exec: yes\nmax_source = 1000K", SHMPUB_ERR_LIMIT,
	  "exec:yes: more than 1024000 bytes, which is max_source" },
	{ "exec: yes\nmax_source = 0", SHMPUB_ERR_LIMIT,
	  "exec:yes: more than 1048576 bytes, which is max_bytes" },
	{ "exec: sleep 60\ntimeout = 50ms", SHMPUB_ERR_SYS,
	  "exec:sleep: not over after 50 ms, which is its timeout" },
};

static void check_bytes(const struct fetch *f, const char *want)
{
	char got[64];
	size_t n;

	CHECK_INT("size", f->mark.size, strlen(want));
	CHECK_INT("read", spool_read(&f->spool, 0, got, sizeof(got), &n, NULL), 0);
	CHECK(want, span_is(span_of(got, n), want));
	CHECK_INT("for the owner", f->mark.readers.mode, 0600);
	CHECK("its time", f->mark.mtime_ns > 0 && f->mark.mtime_ns <= shm_now_ns());
}

static void test_results(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct config *c = load(cases[i].source);
		struct fetch f = fetch_of(c);
		struct shmpub_error err = { .message = "" };

		if (c->feeds[0]->max_source && c->feeds[0]->max_source < f.max_size)
			f.max_size = c->feeds[0]->max_source;
		CHECK_INT(cases[i].source, fetch_wait(&f, &err), cases[i].result);
		if (cases[i].result == SHMPUB_OK)
			check_bytes(&f, cases[i].want);
		else
			CHECK_STR(cases[i].source, err.message, cases[i].want);
		if (cases[i].result != SHMPUB_OK)
			CHECK_INT("nothing is kept", f.spool.size, 0);
		fetch_clear(&f);
		config_free(c);
	}
}

/* Each request for memory fails in turn; the fetch then fails or is good, and nothing is left. */
static void test_no_memory(void)
{
	struct config *c = load("shell: echo a; echo 1; echo text >&2\nenvironment = A=b");
	long live = mem_live();
	int r = SHMPUB_ERR_NOMEM;
	long n;

	for (n = 0; r != SHMPUB_OK && n < 100; n++) {
		struct fetch f = fetch_of(c);

		mem_fail_after(n);
		r = fetch_wait(&f, NULL);
		mem_fail_after(-1);
		CHECK("no memory, or well", r == SHMPUB_ERR_NOMEM || r == SHMPUB_OK);
		if (r == SHMPUB_OK)
			check_bytes(&f, "a\n1\n");
		fetch_clear(&f);
		CHECK_INT("no block is left", mem_live(), live);
	}
	CHECK("well in the end, and not at once", r == SHMPUB_OK && n > 4);
	config_free(c);
}

/* --- cancelling ---------------------------------------------------------------------------------- */

struct canceller {
	struct fetch fetch;
	uv_timer_t timer;
	bool at_once;
	int n_done;
};

static void was_done(struct fetch *f)
{
	((struct canceller *)((char *)f - offsetof(struct canceller, fetch)))->n_done++;
}

static void cancel_now(uv_timer_t *timer)
{
	struct canceller *c = timer->data;

	if (c->n_done == 0)
		fetch_cancel(&c->fetch, c->at_once);
	if (c->n_done == 0)
		fetch_cancel(&c->fetch, c->at_once);
	uv_close((uv_handle_t *)timer, NULL);
}

static void cancel_after(const struct config *config, uint64_t ms, bool at_once)
{
	struct canceller c = { .fetch = fetch_of(config), .at_once = at_once };
	uv_loop_t loop;

	CHECK_INT("loop", uv_loop_init(&loop), 0);
	uv_timer_init(&loop, &c.timer);
	c.timer.data = &c;
	c.fetch.loop = &loop;
	c.fetch.done = was_done;
	c.fetch.max_size = (uint64_t)1 << 32; /* `yes` prints a megabyte in less than 8 ms */
	CHECK_INT("begin", fetch_begin(&c.fetch, NULL), 0);
	CHECK_INT("not from within", c.n_done, 0);
	uv_timer_start(&c.timer, cancel_now, ms, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_INT("done once", c.n_done, 1);
	CHECK_INT("nothing is left in the loop", uv_loop_close(&loop), 0);
	CHECK("cancelled, or over before",
	      c.fetch.result == FETCH_CANCELLED || c.fetch.result == SHMPUB_OK);
	fetch_clear(&c.fetch);
}

static void test_cancel(void)
{
	static const char *const sources[] = { "exec: sleep 600", "shell: echo a; sleep 600 & wait",
		                               "exec: true", "shell: yes; true" };

	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		struct config *c = load(sources[i]);
		long live = mem_live();

		for (uint64_t ms = 0; ms < 8; ms++) {
			cancel_after(c, ms, false);
			cancel_after(c, ms, true);
		}
		CHECK_INT("no block is left", mem_live(), live);
		config_free(c);
	}
}

int main(void)
{
	scratch_open(&folder, "/tmp");
	snprintf(path, sizeof(path), "%s/a.ini", folder.path);
	test_results();
	test_no_memory();
	test_cancel();
	scratch_close(&folder);
	return check_report();
}
