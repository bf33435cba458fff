#include "reader/reader.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "shm/shm_thread.h"
#include "unit/reading.h"

/*
 * Readers against real publishers, in one process: what they find, what they keep, and
 * how they get over a publisher that is replaced.
 */

static void test_absence(void)
{
	struct bench b;
	struct shmpub_snapshot *s;
	struct shmpub_feed_info info;
	struct shmpub_mark mark;
	struct shmpub_error err;
	uint32_t position = 0;

	open_bench(&b);
	CHECK_INT("newest", shmpub_newest(&mark, b.reader, "a", &err), SHMPUB_NO_INSTANCE);
	CHECK_INT("acquire", shmpub_acquire(&s, b.reader, "a", NULL, &err), SHMPUB_NO_INSTANCE);
	CHECK("nothing handed out", s == NULL);
	CHECK("the message names the instance", strstr(err.message, "unit") != NULL);
	CHECK_INT("feed", shmpub_feed(&info, b.reader, "a", &err), SHMPUB_NO_INSTANCE);
	CHECK_INT("wait", shmpub_wait(b.reader, "a", NULL, 1, &err), SHMPUB_TIMED_OUT);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("no feed", shmpub_acquire(&s, b.reader, "a", NULL, &err), SHMPUB_NO_FEED);
	CHECK_INT("no feed in the time given", shmpub_wait(b.reader, "a", NULL, 0, &err),
	          SHMPUB_NO_FEED);
	CHECK_INT("none listed", shmpub_feed_next(&info, b.reader, &position, &err),
	          SHMPUB_NO_FEED);
	CHECK_INT("a bad text makes the feed",
	          shmpub_publish_csv(b.publisher, "a", "x,y\n1,\"2", 8, NULL, NULL, &err),
	          SHMPUB_ERR_CSV);
	CHECK_INT("never published", shmpub_acquire(&s, b.reader, "a", NULL, &err), SHMPUB_ABSENT);
	CHECK_INT("feed", shmpub_feed(&info, b.reader, "a", &err), SHMPUB_OK);
	CHECK_INT("one failure", info.failures, 1);
	CHECK("with its line", strstr(info.error, "line") != NULL);
	CHECK_INT("nothing to come in time", shmpub_wait(b.reader, "a", NULL, 1, &err),
	          SHMPUB_TIMED_OUT);
	close_bench(&b);
}

static void test_versions(void)
{
	struct bench b;
	struct shmpub_snapshot *first, *second, *none;
	struct shmpub_mark mark;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 11), SHMPUB_OK);
	CHECK_INT("acquire", shmpub_acquire(&first, b.reader, "a", NULL, NULL), SHMPUB_OK);
	mark = shmpub_snapshot_stamp(first)->mark;
	CHECK_INT("value", value_of(first), 11);
	CHECK_INT("unchanged", shmpub_acquire(&none, b.reader, "a", &mark, NULL), SHMPUB_UNCHANGED);
	CHECK_INT("nothing new", shmpub_wait(b.reader, "a", &mark, 0, NULL), SHMPUB_TIMED_OUT);
	CHECK_INT("publish", publish(b.publisher, "a", 12), SHMPUB_OK);
	CHECK_INT("something new", shmpub_wait(b.reader, "a", &mark, 0, NULL), SHMPUB_OK);
	CHECK_INT("acquire", shmpub_acquire(&second, b.reader, "a", &mark, NULL), SHMPUB_OK);
	CHECK("sequence grew", shmpub_snapshot_stamp(second)->mark.sequence > mark.sequence);
	CHECK("epoch stayed", shmpub_snapshot_stamp(second)->mark.epoch == mark.epoch);
	CHECK_INT("the new value", value_of(second), 12);
	CHECK_INT("the old one stays", value_of(first), 11);
	CHECK_INT("remove", shmpub_remove(b.publisher, "a", NULL), SHMPUB_OK);
	CHECK_INT("removed", shmpub_acquire(&none, b.reader, "a", NULL, NULL), SHMPUB_NO_FEED);
	CHECK_INT("removed, newest", shmpub_newest(&mark, b.reader, "a", NULL), SHMPUB_NO_FEED);
	CHECK_INT("remove what is gone", shmpub_remove(b.publisher, "a", NULL), SHMPUB_NO_FEED);
	close_bench(&b);
	CHECK_INT("held after all is gone", value_of(second), 12);
	CHECK_INT("and whole", shmpub_verify(first, NULL), SHMPUB_OK);
	shmpub_release(first);
	shmpub_release(second);
}

static void test_replaced(void)
{
	struct bench b;
	struct shmpub_snapshot *s;
	struct shmpub_mark mark, after;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 0);
	for (int64_t i = 0; i < 5; i++)
		CHECK_INT("publish", publish(b.publisher, "a", i), SHMPUB_OK);
	CHECK_INT("newest", shmpub_newest(&mark, b.reader, "a", NULL), SHMPUB_OK);
	shmpub_publisher_close(b.publisher);
	CHECK_INT("stopped and gone", shmpub_acquire(&s, b.reader, "a", NULL, NULL),
	          SHMPUB_NO_INSTANCE);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 77), SHMPUB_OK);
	CHECK_INT("another epoch is newer", shmpub_acquire(&s, b.reader, "a", &mark, NULL),
	          SHMPUB_OK);
	CHECK_INT("its value", s != NULL ? value_of(s) : 0, 77);
	after = shmpub_snapshot_stamp(s)->mark;
	CHECK("epochs differ", after.epoch != mark.epoch);
	shmpub_release(s);
	close_bench(&b);
}

/* --- sleeping ---------------------------------------------------------------------------------- */

struct sleeper {
	struct bench *b;
	_Atomic int n_seen;
	_Atomic int last;
};

static void sleep_for_all(void *arg)
{
	struct sleeper *me = arg;
	struct shmpub_mark seen = { 0 };
	struct shmpub_snapshot *s;
	int r;

	while ((r = shmpub_wait(me->b->reader, "a", &seen, -1, NULL)) == SHMPUB_OK) {
		if (shmpub_acquire(&s, me->b->reader, "a", &seen, NULL) != SHMPUB_OK)
			continue;
		seen = shmpub_snapshot_stamp(s)->mark;
		atomic_fetch_add(&me->n_seen, 1); /* before `last`, which the test waits for */
		atomic_store(&me->last, (int)value_of(s));
		shmpub_release(s);
	}
	atomic_store(&me->last, -r);
}

static void until(_Atomic int *word, int value)
{
	while (atomic_load(word) != value)
		give_way();
}

static void test_woken(void)
{
	struct bench b;
	struct sleeper me = { .b = &b, .n_seen = 0 };
	struct shm_thread *thread;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 1), SHMPUB_OK);
	CHECK_INT("thread", shm_thread_start(&thread, sleep_for_all, &me, NULL), 0);
	for (int i = 1; i < 200; i++) {
		until(&me.last, i);
		CHECK_INT("publish", publish(b.publisher, "a", i + 1), SHMPUB_OK);
	}
	until(&me.last, 200);
	CHECK_INT("each seen once", atomic_load(&me.n_seen), 200);
	shmpub_publisher_close(b.publisher); /* the sleeper stays */
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 1000), SHMPUB_OK);
	until(&me.last, 1000);
	CHECK_INT("remove ends the wait", shmpub_remove(b.publisher, "a", NULL), SHMPUB_OK);
	until(&me.last, -SHMPUB_NO_FEED);
	shm_thread_join(thread);
	close_bench(&b);
}

static void test_any(void)
{
	struct bench b;
	uint64_t change = 0;

	open_bench(&b);
	CHECK_INT("the first call answers", shmpub_wait_any(b.reader, &change, 0, NULL), SHMPUB_OK);
	CHECK_INT("nothing", shmpub_wait_any(b.reader, &change, 0, NULL), SHMPUB_TIMED_OUT);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("an instance", shmpub_wait_any(b.reader, &change, 1000, NULL), SHMPUB_OK);
	while (shmpub_wait_any(b.reader, &change, 0, NULL) == SHMPUB_OK)
		;
	CHECK_INT("publish", publish(b.publisher, "a", 1), SHMPUB_OK);
	CHECK_INT("a feed", shmpub_wait_any(b.reader, &change, 1000, NULL), SHMPUB_OK);
	while (shmpub_wait_any(b.reader, &change, 0, NULL) == SHMPUB_OK)
		;
	CHECK_INT("publish", publish(b.publisher, "b", 1), SHMPUB_OK);
	CHECK_INT("another", shmpub_wait_any(b.reader, &change, 1000, NULL), SHMPUB_OK);
	shmpub_publisher_close(b.publisher);
	b.publisher = NULL;
	CHECK_INT("the end", shmpub_wait_any(b.reader, &change, 1000, NULL), SHMPUB_OK);
	close_bench(&b);
}

/* --- memory ------------------------------------------------------------------------------------- */

static void test_memory(void)
{
	struct bench b;
	struct shmpub_snapshot *s = NULL;
	long before;
	int r = SHMPUB_ERR_NOMEM;

	open_bench(&b);
	b.publisher = open_publisher(b.scratch.path, 0);
	CHECK_INT("publish", publish(b.publisher, "a", 1), SHMPUB_OK);
	before = mem_live();
	for (long n = 0; r == SHMPUB_ERR_NOMEM && n < 100; n++) {
		mem_fail_after(n);
		r = shmpub_acquire(&s, b.reader, "a", NULL, NULL);
		mem_fail_after(-1);
		if (r != SHMPUB_OK)
			CHECK_INT("nothing leaked", mem_live(), before);
	}
	CHECK_INT("in the end it works", r, SHMPUB_OK);
	shmpub_release(s);
	CHECK_INT("all given back", mem_live(), before);
	close_bench(&b);
	CHECK_INT("all of all", mem_live(), 0);
}

int main(void)
{
	test_absence();
	test_versions();
	test_replaced();
	test_woken();
	test_any();
	test_memory();
	return check_report();
}
