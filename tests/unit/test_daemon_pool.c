/* daemon/pool: bounded, urgent first, and never short of a worker because sources hang. */
#include "unit/check.h"

#include <stdatomic.h>
#include "base/span.h"
#include "pool.h"

#define HANGING 5

static struct {
	uv_loop_t loop;
	struct pool pool;
	uv_sem_t release;
	atomic_int running, most;
	int done, refused;
	int order[16];
	size_t n_order;
} t;

struct test_job {
	struct pool_job job; /* first: the callbacks cast */
	int id;
};

static void quick(struct pool_job *job)
{
	int now = atomic_fetch_add(&t.running, 1) + 1, most = atomic_load(&t.most);

	(void)job;
	while (now > most && !atomic_compare_exchange_weak(&t.most, &most, now))
		;
	atomic_fetch_sub(&t.running, 1);
}

static void hang(struct pool_job *job)
{
	(void)job;
	uv_sem_wait(&t.release);
}

static void done(struct pool_job *job, bool ran)
{
	struct test_job *j = (struct test_job *)job;

	t.done += ran;
	t.refused += !ran;
	if (t.n_order < ARRAY_LEN(t.order))
		t.order[t.n_order++] = j->id;
}

static void release_all(void)
{
	for (int i = 0; i < HANGING; i++)
		uv_sem_post(&t.release);
}

static void submit(struct test_job *j, int id, void (*work)(struct pool_job *), bool urgent)
{
	*j = (struct test_job){ .job = { .work = work, .done = done, .may_hang = work == hang },
		                .id = id };
	pool_submit(&t.pool, &j->job, urgent);
}

static void test_bounded(void)
{
	static struct test_job jobs[200];

	for (int i = 0; i < 200; i++)
		submit(&jobs[i], i, quick, false);
	CHECK_INT("two at a time", t.pool.n_running, 2);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	CHECK_INT("all done", t.done, 200);
	CHECK("never more than two", atomic_load(&t.most) <= 2);
	CHECK_INT("idle", t.pool.n_running, 0);
}

/* Two jobs hold both workers; of those that wait, the urgent ones come first. */
static void test_urgent(void)
{
	static struct test_job held[2], first, second, urgent;

	t.n_order = 0;
	submit(&held[0], 0, hang, false);
	submit(&held[1], 0, hang, false);
	submit(&first, 1, quick, false);
	submit(&second, 2, quick, false);
	submit(&urgent, 3, quick, true);
	uv_sem_post(&t.release); /* one worker is free: what waits runs one by one */
	while (t.n_order < 4)
		uv_run(&t.loop, UV_RUN_ONCE);
	CHECK_INT("urgent", t.order[1], 3);
	CHECK_INT("then in order", t.order[2], 1);
	CHECK_INT("then in order", t.order[3], 2);
	uv_sem_post(&t.release);
	uv_run(&t.loop, UV_RUN_DEFAULT);
}

static void test_hanging(void)
{
	static struct test_job hanging[HANGING], after;

	t.done = 0;
	for (int i = 0; i < HANGING; i++)
		submit(&hanging[i], i, hang, false);
	submit(&after, 99, quick, false);
	CHECK_INT("both workers are taken", t.pool.n_running, 2);
	for (int i = 0; i < HANGING; i++) { /* as if time had passed */
		for (struct pool_job *j = t.pool.running; j != NULL; j = j->next)
			j->started_ms -= POOL_STUCK_MS + 1;
		pool_tick(&t.pool);
	}
	while (t.done == 0)
		uv_run(&t.loop, UV_RUN_ONCE);
	CHECK_INT("the one behind them ran", t.done, 1);
	CHECK_INT("they hang still", t.pool.n_stuck, HANGING);
	release_all();
	uv_run(&t.loop, UV_RUN_DEFAULT);
	CHECK_INT("all came back", t.done, HANGING + 1);
	CHECK_INT("none counts as stuck", t.pool.n_stuck, 0);
	CHECK("suspects are remembered", hanging[0].job.is_suspect);
	CHECK("others are not", !after.job.is_suspect);
}

static void test_stop(void)
{
	static struct test_job held[2], waiting[3];

	t.done = 0;
	for (int i = 0; i < 2; i++)
		submit(&held[i], i, hang, false);
	for (int i = 0; i < 3; i++)
		submit(&waiting[i], i, quick, i == 1);
	pool_stop(&t.pool);
	CHECK_INT("what waits is refused", t.refused, 3);
	release_all();
	uv_run(&t.loop, UV_RUN_DEFAULT);
	CHECK_INT("what ran came back", t.done, 2);
	submit(&waiting[0], 0, quick, false);
	CHECK_INT("nothing starts any more", t.pool.n_running, 0);
}

int main(void)
{
	uv_loop_init(&t.loop);
	uv_sem_init(&t.release, 0);
	pool_init(&t.pool, &t.loop, 2);
	test_bounded();
	test_urgent();
	test_hanging();
	test_stop();
	uv_sem_destroy(&t.release);
	CHECK_INT("nothing left in the loop", uv_loop_close(&t.loop), 0);
	return check_report();
}
