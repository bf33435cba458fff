#include "shmpub/shmpub.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/alloc.h"
#include "unit/check.h"
#include "unit/scratch.h"

/*
 * Waits that end before there is news, and waits that an event loop does for us.
 */

#define PATIENCE_MS 30000 /* a bound against hanging, never a measurement */

struct bench {
	struct scratch scratch;
	struct shmpub_publisher *publisher;
	struct shmpub_reader *reader;
	struct shmpub_reader_options options;
};

static void publish(struct bench *b, int64_t value)
{
	struct shmpub_column c = {
		.name = "v", .name_size = 1, .type = SHMPUB_INT64, .values = &value
	};

	CHECK_INT("publish", shmpub_publish_columns(b->publisher, "a", &c, 1, 1, NULL, NULL),
	          SHMPUB_OK);
}

static void open_publisher(struct bench *b)
{
	struct shmpub_publisher_options o = { .directory = b->scratch.path, .instance = "unit" };

	CHECK_INT("publisher", shmpub_publisher_open(&b->publisher, &o, NULL), SHMPUB_OK);
}

static void open_bench(struct bench *b)
{
	scratch_open(&b->scratch, "/dev/shm");
	b->options = (struct shmpub_reader_options){ .directory = b->scratch.path,
		                                     .instance = "unit" };
	open_publisher(b);
	publish(b, 1);
	CHECK_INT("reader", shmpub_reader_open(&b->reader, &b->options, NULL), SHMPUB_OK);
}

static void close_bench(struct bench *b)
{
	shmpub_reader_close(b->reader);
	shmpub_publisher_close(b->publisher);
	scratch_close(&b->scratch);
}

/* --- waits that are ended ------------------------------------------------------------------------ */

struct waiter {
	struct bench *b;
	_Atomic int is_waiting;
	bool is_for_any;
	int result;
};

static void *wait_for_news(void *arg)
{
	struct waiter *w = arg;
	struct shmpub_mark seen;
	uint64_t change = 0;

	(void)shmpub_newest(&seen, w->b->reader, "a", NULL);
	(void)shmpub_wait_any(w->b->reader, &change, 0, NULL);
	atomic_store(&w->is_waiting, 1);
	w->result = w->is_for_any ? shmpub_wait_any(w->b->reader, &change, PATIENCE_MS, NULL)
	                          : shmpub_wait(w->b->reader, "a", &seen, PATIENCE_MS, NULL);
	return NULL;
}

static void start(struct waiter *w, pthread_t *thread)
{
	CHECK_INT("thread", pthread_create(thread, NULL, wait_for_news, w), 0);
	while (!atomic_load(&w->is_waiting))
		usleep(100);
}

static void test_interrupted_by_a_thread(bool is_for_any)
{
	struct bench b;
	struct waiter w = { .b = &b, .is_for_any = is_for_any };
	pthread_t thread;

	open_bench(&b);
	start(&w, &thread);
	shmpub_interrupt(b.reader);
	pthread_join(thread, NULL);
	CHECK_INT("interrupted", w.result, SHMPUB_INTERRUPTED);
	close_bench(&b);
}

static void test_interrupted_before_it_waits(void)
{
	struct bench b;
	struct shmpub_mark seen;

	open_bench(&b);
	CHECK_INT("newest", shmpub_newest(&seen, b.reader, "a", NULL), SHMPUB_OK);
	shmpub_interrupt(b.reader);
	CHECK_INT("news comes first", shmpub_wait(b.reader, "a", NULL, -1, NULL), SHMPUB_OK);
	CHECK_INT("the next wait ends", shmpub_wait(b.reader, "a", &seen, -1, NULL),
	          SHMPUB_INTERRUPTED);
	CHECK_INT("and only that one", shmpub_wait(b.reader, "a", &seen, 1, NULL),
	          SHMPUB_TIMED_OUT);
	shmpub_interrupt(b.reader);
	shmpub_interrupt(b.reader);
	CHECK_INT("twice", shmpub_wait(b.reader, "a", &seen, -1, NULL), SHMPUB_INTERRUPTED);
	CHECK_INT("is once", shmpub_wait(b.reader, "a", &seen, 1, NULL), SHMPUB_TIMED_OUT);
	close_bench(&b);
}

static void on_signal(int number)
{
	(void)number;
}

static void test_interrupted_by_a_signal(void)
{
	struct bench b;
	struct waiter w = { .b = &b };
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t thread;
	struct timespec pause = { 0, 1000000 };

	open_bench(&b);
	CHECK_INT("handler", sigaction(SIGUSR1, &action, NULL), 0);
	start(&w, &thread);
	/* The thread is about to sleep, or sleeps: one of these finds it asleep. */
	while (pthread_tryjoin_np(thread, NULL) != 0) {
		(void)pthread_kill(thread, SIGUSR1);
		nanosleep(&pause, NULL);
	}
	CHECK_INT("interrupted", w.result, SHMPUB_INTERRUPTED);
	close_bench(&b);
}

/* --- a descriptor -------------------------------------------------------------------------------- */

static bool is_readable(const struct shmpub_notifier *n, int timeout_ms)
{
	struct pollfd fd = { .fd = shmpub_notifier_descriptor(n), .events = POLLIN };

	return poll(&fd, 1, timeout_ms) == 1 && (fd.revents & POLLIN) != 0;
}

static void test_notified(const char *feed)
{
	struct bench b;
	struct shmpub_notifier *n;
	struct shmpub_mark mark = { 0 };

	open_bench(&b);
	CHECK_INT("open", shmpub_notifier_open(&n, &b.options, feed, NULL), SHMPUB_OK);
	for (uint64_t i = 1; i <= 100; i++) {
		CHECK("readable", is_readable(n, PATIENCE_MS));
		CHECK("and stays so", is_readable(n, 0));
		shmpub_notifier_clear(n);
		(void)shmpub_newest(&mark, b.reader, "a", NULL);
		while (mark.sequence < i) { /* it was readable for something before this one */
			CHECK("readable again", is_readable(n, PATIENCE_MS));
			shmpub_notifier_clear(n);
			(void)shmpub_newest(&mark, b.reader, "a", NULL);
		}
		CHECK_INT("what it was told of is there", mark.sequence, i);
		publish(&b, (int64_t)i);
	}
	/* The publisher is replaced, and the notifier goes on. */
	shmpub_publisher_close(b.publisher);
	open_publisher(&b);
	publish(&b, 1000);
	for (struct shmpub_mark next = mark; next.epoch == mark.epoch || next.sequence == 0;) {
		CHECK("readable", is_readable(n, PATIENCE_MS));
		shmpub_notifier_clear(n);
		if (shmpub_newest(&next, b.reader, "a", NULL) != SHMPUB_OK)
			next = mark;
	}
	shmpub_notifier_close(n);
	close_bench(&b);
	CHECK_INT("memory", mem_live(), 0);
}

static void test_notifier_of_what_is_not_there(void)
{
	struct shmpub_reader_options o = { .directory = "/dev/shm/shmpub-nothing-is-here" };
	struct shmpub_notifier *n;

	CHECK_INT("a bad name", shmpub_notifier_open(&n, &o, "no/name", NULL), SHMPUB_ERR_INVALID);
	CHECK("none", n == NULL);
	CHECK_INT("open", shmpub_notifier_open(&n, &o, "a", NULL), SHMPUB_OK);
	CHECK("nothing to tell", !is_readable(n, 0));
	shmpub_notifier_clear(n);
	shmpub_notifier_close(n); /* ends the thread, wherever it sleeps */
	shmpub_notifier_close(NULL);
	CHECK_INT("memory", mem_live(), 0);
}

int main(void)
{
	test_interrupted_by_a_thread(false);
	test_interrupted_by_a_thread(true);
	test_interrupted_before_it_waits();
	test_interrupted_by_a_signal();
	test_notified("a");
	test_notified(NULL);
	test_notifier_of_what_is_not_there();
	return check_report();
}
