#include "shmpub/shmpub.h"

#include "base/alloc.h"
#include "shm/shm_thread.h"
#include "unit/waiting.h"

/*
 * Waits that end before there is news, and waits that an event loop does for us.
 */

static void start(struct waiter *w, struct shm_thread **thread)
{
	CHECK_INT("thread", shm_thread_start(thread, wait_for_news, w, NULL), 0);
	while (!atomic_load(&w->is_waiting))
		give_way();
}

static void test_interrupted_by_a_thread(bool is_for_any)
{
	struct bench b;
	struct waiter w = { .b = &b, .is_for_any = is_for_any };
	struct shm_thread *thread;

	open_bench(&b);
	start(&w, &thread);
	shmpub_interrupt(b.reader);
	shm_thread_join(thread);
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

/* --- a descriptor -------------------------------------------------------------------------------- */

static bool is_readable(const struct shmpub_notifier *n, int timeout_ms)
{
	return is_raised(shmpub_notifier_descriptor(n), timeout_ms);
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
	test_notified("a");
	test_notified(NULL);
	test_notifier_of_what_is_not_there();
	return check_report();
}
