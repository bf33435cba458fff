/* daemon/app: what a service wrapper hears, and what other threads may ask for. */
#include "unit/check.h"

#include "app.h"
#include "unit/scratch.h"

static struct scratch folder;
static char ini[256];

static struct {
	struct app app;
	uv_sem_t ready, reloaded;
	unsigned n_ready, n_ticks, n_stopping, n_reloaded, n_added, n_errors;
	unsigned n_ready_at_stop; /* how often it was told ready when the stop began */
	char asked[256];          /* the line of the stop */
} t;

static void write_text(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder.path, name);
	f = fopen(path, "wb");
	CHECK("write", f != NULL && fputs(text, f) >= 0);
	if (f != NULL)
		fclose(f);
}

static void write_ini(const char *feeds)
{
	char text[512];

	snprintf(text, sizeof(text), "[daemon]\ninstance = app\ndirectory = %s\n%s", folder.path,
	         feeds);
	write_text("shmpubd.ini", text);
}

static void on_ready(void *arg)
{
	(void)arg;
	t.n_ready++;
	uv_sem_post(&t.ready);
}

static void on_tick(void *arg)
{
	(void)arg;
	t.n_ticks++;
}

static void on_stopping(void *arg)
{
	(void)arg;
	t.n_stopping++;
	t.n_ready_at_stop = t.n_ready;
}

/* On the log's thread, which has ended when app_deinit returns. */
static void on_line(const char *line, size_t size)
{
	if (strstr(line, "reloaded") != NULL && ++t.n_reloaded)
		uv_sem_post(&t.reloaded);
	if (strstr(line, "stop") != NULL)
		snprintf(t.asked, sizeof(t.asked), "%.*s", (int)size, line);
	t.n_added += strcmp(line, "<6>feed b: added") == 0;
	t.n_errors += size < 3 || line[1] < '5';
}

static void on_lines(void *arg, const char *lines, size_t size)
{
	char line[2048];

	(void)arg;
	while (size) {
		size_t n = (size_t)((const char *)memchr(lines, '\n', size) - lines);

		snprintf(line, sizeof(line), "%.*s", (int)n, lines);
		on_line(line, n);
		lines += n + 1;
		size -= n + 1;
	}
}

static const struct log_sink sink = { .name = "the test", .write = on_lines };

static int begin(bool is_once)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct app_options options = {
		.path = ini,
		.is_once = is_once,
		.listener = { on_ready, on_tick, on_stopping, NULL },
		.log_sink = &sink,
	};
	struct shmpub_error err = { .message = "" };
	int r = app_init(&t.app, &options, &problems, &err);

	CHECK_STR("no error", err.message, "");
	config_problems_free(&problems);
	return r;
}

static void ask(void *arg)
{
	(void)arg;
	uv_sem_wait(&t.ready);
	write_ini("[feed a]\nsource = a.csv\n[feed b]\nsource = a.csv\n");
	app_request_reload(&t.app);
	uv_sem_wait(&t.reloaded);
	uv_sleep(1200);
	app_request_stop(&t.app);
	app_request_stop(&t.app); /* in haste, and perhaps after the end: both are fine */
}

static void test_requests(void)
{
	uv_thread_t thread;

	write_ini("[feed a]\nsource = a.csv\n");
	CHECK_INT("init", begin(false), 0);
	CHECK_INT("thread", uv_thread_create(&thread, ask, NULL), 0);
	CHECK_INT("run", app_run(&t.app), 0);
	app_request_stop(&t.app); /* too late: nothing */
	app_request_reload(&t.app);
	uv_thread_join(&thread);
	CHECK_INT("one feed was added", t.n_added, 1);
	CHECK("deinit", app_deinit(&t.app));
	CHECK_INT("ready once", t.n_ready, 1);
	CHECK("ticks", t.n_ticks >= 1);
	CHECK_INT("stopping once", t.n_stopping, 1);
	CHECK_INT("after it was ready", t.n_ready_at_stop, 1);
	CHECK_INT("reloaded", t.n_reloaded, 1);
	CHECK_STR("the stop is told", t.asked, "<6>asked to stop: stopping");
	CHECK_INT("no warnings", t.n_errors, 0);
}

/* A stop that is asked for before the first turn of the loop: nothing is told to be ready. */
static void test_stop_first(void)
{
	t.n_ready = t.n_stopping = 0;
	write_ini("[feed a]\nsource = nothing.csv\n");
	CHECK_INT("init", begin(false), 0);
	app_request_stop(&t.app);
	(void)app_run(&t.app);
	CHECK("deinit", app_deinit(&t.app));
	CHECK_INT("stopping", t.n_stopping, 1);
	CHECK_INT("ready before it stopped, or never", t.n_ready, t.n_ready_at_stop);
}

static void test_once(void)
{
	t.n_ready = t.n_stopping = 0;
	write_ini("[feed a]\nsource = a.csv\n");
	CHECK_INT("init", begin(true), 0);
	CHECK_INT("all is published", app_run(&t.app), 0);
	CHECK("deinit", app_deinit(&t.app));
	CHECK_INT("ready", t.n_ready, 1);
	CHECK_INT("stopping", t.n_stopping, 1);
}

int main(void)
{
	scratch_open(&folder, "/tmp");
	snprintf(ini, sizeof(ini), "%s/shmpubd.ini", folder.path);
	uv_sem_init(&t.ready, 0);
	uv_sem_init(&t.reloaded, 0);
	write_text("a.csv", "x\n1\n");
	test_requests();
	test_stop_first();
	test_once();
	uv_sem_destroy(&t.ready);
	uv_sem_destroy(&t.reloaded);
	scratch_close(&folder);
	return check_report();
}
