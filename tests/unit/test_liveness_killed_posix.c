#include "shmpub/shmpub.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/span.h"
#include "unit/check.h"
#include "unit/scratch.h"

/* What a reader tells and does when a real publisher was killed, or is yet to come. */

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
	test_killed();
	test_waiting_for_the_next();
	test_reader_first();
	return check_report();
}
