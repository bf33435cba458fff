/* daemon/wheel: entries come due in their tick, together, and never twice or too early. */
#include "unit/check.h"

#include "base/span.h"
#include "wheel.h"

struct waiter {
	struct wheel_entry entry; /* first: the callbacks cast */
	uint64_t planned_ms, came_ms;
	int n_due;
	struct waiter *takes; /* whom it takes out when it comes due */
	uint64_t again_ms;    /* 0: it is not put in again */
};

static uv_loop_t loop;
static struct wheel wheel;

static void on_due(struct wheel_entry *entry)
{
	struct waiter *w = (struct waiter *)entry;

	w->came_ms = uv_now(&loop);
	w->n_due++;
	if (w->takes != NULL)
		wheel_take(&w->takes->entry);
	if (w->again_ms != 0)
		wheel_put(&wheel, &w->entry, w->again_ms);
	w->again_ms = 0;
}

static void put(struct waiter *w, uint64_t wait_ms)
{
	w->entry.due = on_due;
	w->planned_ms = uv_now(&loop) + wait_ms;
	wheel_put(&wheel, &w->entry, wait_ms);
}

static void check_time(const char *label, const struct waiter *w)
{
	CHECK_INT(label, w->n_due, 1);
	CHECK("not early", w->came_ms >= w->planned_ms);
	CHECK("on a tick", w->came_ms < w->planned_ms + WHEEL_TICK_MS + 5000); /* a busy machine */
}

static void test_waits(void)
{
	static const uint64_t waits_ms[] = { 0, 1, 40, 99, 100, 101, 250, 999 };
	static struct waiter w[ARRAY_LEN(waits_ms)];

	uv_update_time(&loop);
	for (size_t i = 0; i < ARRAY_LEN(w); i++)
		put(&w[i], waits_ms[i]);
	uv_run(&loop, UV_RUN_DEFAULT); /* ends: the timer stops when nobody waits */
	for (size_t i = 0; i < ARRAY_LEN(w); i++)
		check_time("once", &w[i]);
}

/* Beyond one turn of the wheel: its slot is met before its time. The clock of the loop is not moved
 * here, so only the bookkeeping is seen: it stays in. */
static void test_long_wait(void)
{
	static struct waiter late, soon;

	put(&late, WHEEL_TICK_MS * WHEEL_SLOTS + 50);
	put(&soon, 50);
	while (soon.n_due == 0)
		uv_run(&loop, UV_RUN_ONCE);
	CHECK_INT("its time has not come", late.n_due, 0);
	CHECK("it waits", late.entry.link != NULL);
	wheel_take(&late.entry);
	wheel_take(&late.entry);     /* twice is fine */
	uv_timer_stop(&wheel.timer); /* it may be set for the slot that is empty now */
	CHECK_INT("taken out", late.n_due, 0);
}

static void test_taken_out_in_the_same_tick(void)
{
	static struct waiter a, b, c;

	put(&a, 10);
	put(&b, 10);
	put(&c, 10); /* the last one in comes first */
	c.takes = &a;
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_INT("taken", a.n_due, 0);
	CHECK_INT("the one between", b.n_due, 1);
	CHECK_INT("the taker", c.n_due, 1);
}

static void test_put_in_again(void)
{
	static struct waiter a, b;

	put(&a, 10);
	put(&b, 10);
	a.again_ms = 1;
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_INT("again", a.n_due, 2);
	CHECK_INT("the other once", b.n_due, 1);
	put(&a, 400); /* moved to an earlier time */
	put(&a, 10);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_INT("once, although it was put in twice", a.n_due, 3);
}

int main(void)
{
	CHECK_INT("loop", uv_loop_init(&loop), 0);
	wheel_init(&wheel, &loop);
	test_waits();
	test_long_wait();
	test_taken_out_in_the_same_tick();
	test_put_in_again();
	wheel_close(&wheel);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_INT("closed", uv_loop_close(&loop), 0);
	return check_report();
}
