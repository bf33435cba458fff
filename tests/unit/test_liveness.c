#include "reader/liveness.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/span.h"
#include "unit/check.h"
#include "unit/scratch.h"

/*
 * Is the publisher alive: the judgement as a table, and what a reader tells and does when a
 * real publisher was killed.
 */

#define S INT64_C(1000000000)
#define NOW (1000 * S)

static const struct {
	const char *label;
	uint32_t state;
	int64_t heartbeat_ns, started_ns;
	uint64_t interval_ms;
	enum shm_life life;
	const char *why; /* empty: it lives */
} judgements[] = {
	{ "runs", CATALOG_RUNNING, NOW - S, 0, 1000, SHM_LIFE_ALIVE, "" },
	{ "starts", CATALOG_STARTING, 0, NOW - S, 1000, SHM_LIFE_ALIVE, "" },
	{ "stopped", CATALOG_STOPPED, NOW, 0, 1000, SHM_LIFE_ALIVE, "stopped" },
	{ "stopped is told first", CATALOG_STOPPED, 0, 0, 1000, SHM_LIFE_GONE, "stopped" },
	{ "no process", CATALOG_RUNNING, NOW, 0, 1000, SHM_LIFE_GONE, "no process 4711" },
	{ "no process, no promise", CATALOG_RUNNING, 0, 0, 0, SHM_LIFE_GONE, "no process 4711" },
	{ "hangs", CATALOG_RUNNING, NOW - 62 * S, 1, 1000, SHM_LIFE_ALIVE,
	  "no heartbeat for 62 s" },
	{ "hangs from the start", CATALOG_STARTING, 0, NOW - 5 * S, 1000, SHM_LIFE_ALIVE,
	  "no heartbeat for 5 s" },
	{ "silent elsewhere", CATALOG_RUNNING, NOW - 4 * S, 1, 1000, SHM_LIFE_UNKNOWN,
	  "no heartbeat for 4 s" },
	{ "just inside three seconds", CATALOG_RUNNING, NOW - 3 * S, 1, 100, SHM_LIFE_ALIVE, "" },
	{ "just outside", CATALOG_RUNNING, NOW - 3 * S - S / 100, 1, 100, SHM_LIFE_ALIVE,
	  "no heartbeat for 3 s" },
	{ "just inside three intervals", CATALOG_RUNNING, NOW - 30 * S, 1, 10000, SHM_LIFE_ALIVE,
	  "" },
	{ "just outside", CATALOG_RUNNING, NOW - 30 * S - S / 100, 1, 10000, SHM_LIFE_ALIVE,
	  "no heartbeat for 30 s" },
	{ "the start counts as a sign", CATALOG_RUNNING, 1, NOW - S, 1000, SHM_LIFE_ALIVE, "" },
	{ "a heartbeat of the future", CATALOG_RUNNING, NOW + 100 * S, 1, 1000, SHM_LIFE_ALIVE,
	  "" },
	{ "nothing promised", CATALOG_RUNNING, 0, 1, 0, SHM_LIFE_ALIVE, "" },
	{ "nothing known", CATALOG_RUNNING, 0, 0, 0, SHM_LIFE_UNKNOWN, "" },
	{ "an interval beyond all bounds", CATALOG_RUNNING, 1, 1, UINT64_MAX, SHM_LIFE_ALIVE, "" },
	{ "a time before all others", CATALOG_RUNNING, INT64_MIN, INT64_MIN, 1000, SHM_LIFE_ALIVE,
	  "no heartbeat for 9223373036 s" },
	{ "a state that is none", 77, NOW, 0, 1000, SHM_LIFE_ALIVE, "" },
};

static void test_judgements(void)
{
	for (size_t i = 0; i < ARRAY_LEN(judgements); i++) {
		struct liveness_words w = { .state = judgements[i].state,
			                    .process = { .pid = 4711 },
			                    .heartbeat_ns = judgements[i].heartbeat_ns,
			                    .started_ns = judgements[i].started_ns,
			                    .interval_ms = judgements[i].interval_ms };
		char why[SHMPUB_WHY_SIZE];
		bool is_gone = liveness_judge(why, &w, judgements[i].life, NOW);

		CHECK_STR(judgements[i].label, why, judgements[i].why);
		CHECK_INT(judgements[i].label, is_gone, judgements[i].why[0] != '\0');
	}
}

/* --- a publisher in another process ------------------------------------------------------------ */

struct bench {
	struct scratch scratch;
	struct shmpub_reader *reader;
};

static void open_bench(struct bench *b)
{
	struct shmpub_reader_options o = { .directory = b->scratch.path, .instance = "unit" };

	scratch_open(&b->scratch, "/dev/shm");
	CHECK_INT("reader", shmpub_reader_open(&b->reader, &o, NULL), SHMPUB_OK);
}

static void close_bench(struct bench *b)
{
	shmpub_reader_close(b->reader);
	scratch_close(&b->scratch);
}

static struct shmpub_publisher *open_publisher(const char *directory)
{
	struct shmpub_publisher_options o = { .directory = directory, .instance = "unit" };
	struct shmpub_publisher *p = NULL;

	return shmpub_publisher_open(&p, &o, NULL) == SHMPUB_OK ? p : NULL;
}

/* Publishes `feed` and lives until it is killed; told through a pipe when it is published. */
static pid_t start_publisher(const char *directory, const char *feed)
{
	int ready[2];
	char byte;
	pid_t pid;

	CHECK_INT("pipe", pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct shmpub_publisher *p = open_publisher(directory);

		if (p == NULL || shmpub_publish_csv(p, feed, "a\n1\n", 4, NULL, NULL, NULL) != 0 ||
		    write(ready[1], "+", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_INT("published", read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_publisher(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK_INT("killed", waitpid(pid, NULL, 0), pid);
}

static void test_killed(void)
{
	struct bench b;
	struct shmpub_instance_info instance;
	struct shmpub_feed_info feed;
	struct shmpub_snapshot *s = NULL;
	char why[SHMPUB_WHY_SIZE];
	uint32_t position = 0;
	pid_t pid;

	open_bench(&b);
	pid = start_publisher(b.scratch.path, "a");
	CHECK_INT("instance", shmpub_instance(&instance, b.reader, NULL), SHMPUB_OK);
	CHECK_INT("runs", instance.state, SHMPUB_RUNNING);
	CHECK_STR("and lives", instance.why_gone, "");
	CHECK_INT("feed", shmpub_feed(&feed, b.reader, "a", NULL), SHMPUB_OK);
	CHECK_INT("fresh", feed.state, SHMPUB_FEED_FRESH);
	end_publisher(pid);
	snprintf(why, sizeof(why), "no process %d", (int)pid);
	CHECK_INT("feed", shmpub_feed(&feed, b.reader, "a", NULL), SHMPUB_OK);
	CHECK_INT("gone", feed.state, SHMPUB_FEED_GONE);
	CHECK_INT("instance", shmpub_instance(&instance, b.reader, NULL), SHMPUB_OK);
	CHECK_INT("gone", instance.state, SHMPUB_GONE);
	CHECK_STR("because", instance.why_gone, why);
	CHECK_INT("listed", shmpub_feed_next(&feed, b.reader, &position, NULL), SHMPUB_OK);
	CHECK_INT("as gone", feed.state, SHMPUB_FEED_GONE);
	CHECK_INT("and still read", shmpub_acquire(&s, b.reader, "a", NULL, NULL), SHMPUB_OK);
	shmpub_release(s);
	pid = start_publisher(b.scratch.path, "a");
	CHECK_INT("feed", shmpub_feed(&feed, b.reader, "a", NULL), SHMPUB_OK);
	CHECK_INT("fresh again", feed.state, SHMPUB_FEED_FRESH);
	end_publisher(pid);
	close_bench(&b);
}

/* A dead publisher has not said no: the next one may have the feed. */
static void test_waiting_for_the_next(void)
{
	struct bench b;
	struct shmpub_error err;
	struct shmpub_publisher *p;

	open_bench(&b);
	end_publisher(start_publisher(b.scratch.path, "a"));
	CHECK_INT("nobody to say no", shmpub_wait(b.reader, "other", NULL, 20, &err),
	          SHMPUB_TIMED_OUT);
	p = open_publisher(b.scratch.path);
	CHECK_INT("somebody", shmpub_wait(b.reader, "aa", NULL, 0, &err), SHMPUB_NO_FEED);
	CHECK("the nearest name", strstr(err.message, "; a is one") != NULL);
	shmpub_publisher_close(p);
	close_bench(&b);
}

/* --- a publisher that is late with its feed ---------------------------------------------------- */

static void test_grace(void)
{
	struct bench b;
	struct shmpub_error err;
	struct shmpub_feed_info feed;
	struct shmpub_publisher *p;
	int64_t start = shm_monotonic_ns();

	open_bench(&b);
	p = open_publisher(b.scratch.path);
	CHECK_INT("no feed for ever", shmpub_wait(b.reader, "late", NULL, -1, &err),
	          SHMPUB_NO_FEED);
	CHECK("not at once", shm_monotonic_ns() - start >= (int64_t)SHMPUB_GRACE_MS * 1000000);
	CHECK_INT("announced", shmpub_announce(p, "late", &err), SHMPUB_OK);
	CHECK_INT("and waited for", shmpub_wait(b.reader, "late", NULL, 1, &err), SHMPUB_TIMED_OUT);
	CHECK_INT("feed", shmpub_feed(&feed, b.reader, "late", &err), SHMPUB_OK);
	CHECK_INT("never published", feed.state, SHMPUB_FEED_NEVER);
	CHECK_INT("announced again", shmpub_announce(p, "late", &err), SHMPUB_OK);
	CHECK_INT("a name that is none", shmpub_announce(p, "a/b", &err), SHMPUB_ERR_INVALID);
	CHECK_INT("published", shmpub_publish_csv(p, "late", "a\n1\n", 4, NULL, NULL, &err),
	          SHMPUB_OK);
	CHECK_INT("there", shmpub_wait(b.reader, "late", NULL, 0, &err), SHMPUB_OK);
	shmpub_publisher_close(p);
	close_bench(&b);
}

/* The reader waits first, then the publisher comes, then the feed. */
static void test_reader_first(void)
{
	struct bench b;
	struct shmpub_publisher *p;
	int status = 1;
	pid_t pid;

	open_bench(&b);
	pid = fork();
	if (pid == 0)
		_exit(shmpub_wait(b.reader, "late", NULL, 60000, NULL) == SHMPUB_OK ? 0 : 2);
	p = open_publisher(b.scratch.path);
	CHECK_INT("another feed", shmpub_publish_csv(p, "b", "a\n1\n", 4, NULL, NULL, NULL),
	          SHMPUB_OK);
	usleep(200000); /* so that the reader has looked at least once */
	CHECK_INT("still waiting", waitpid(pid, &status, WNOHANG), 0);
	CHECK_INT("published", shmpub_publish_csv(p, "late", "a\n1\n", 4, NULL, NULL, NULL),
	          SHMPUB_OK);
	CHECK_INT("ended", waitpid(pid, &status, 0), pid);
	CHECK_INT("by the feed", status, 0);
	shmpub_publisher_close(p);
	close_bench(&b);
}

int main(void)
{
	test_judgements();
	test_killed();
	test_waiting_for_the_next();
	test_grace();
	test_reader_first();
	return check_report();
}
