/* daemon/pool: bounded, urgent first, and never short of a worker because sources hang. */
#include "unit/check.h"

#include <stdatomic.h>
#include "base/alloc.h"
#include "base/atomic.h"
#include "base/span.h"
#include "pool.h"
#include "wait_word.h"

#define HANGING 5
#define AT_ONCE 6

static struct {
	uv_loop_t loop;
	struct pool pool;
	uv_sem_t release, held;
	uv_barrier_t barrier;
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

/* Nobody passes the barrier before all of them are at it. */
static void meet(struct pool_job *job)
{
	(void)job;
	uv_barrier_wait(&t.barrier);
}

static void hang(struct pool_job *job)
{
	(void)wait_word_begin(&job->waiting);
	uv_sem_wait(&t.release);
	(void)wait_word_end(&job->waiting);
}

/* Hangs, has its answer, and computes until the test lets it end. */
static void hang_and_go_on(struct pool_job *job)
{
	hang(job);
	uv_sem_wait(&t.held);
}

/* To keep a worker from others, apart from those that hang. */
static void hold(struct pool_job *job)
{
	(void)job;
	uv_sem_wait(&t.held);
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

/* As if it had, for jobs that have begun: what no thread has begun would just wait again. */
static void time_passes(void)
{
	for (struct pool_run *r = t.pool.running; r != NULL; r = r->next) {
		struct pool_job *job = r->jobs[r->first];

		while (load_relaxed_u64(&r->n_claimed) == 0)
			uv_sleep(1);
		r->started_ms -= POOL_STUCK_MS + 1;
		if (job->work != hang && job->work != hang_and_go_on)
			continue;
		while (wait_word_since_ms(&job->waiting) == 0)
			uv_sleep(1);
		sub_relaxed_u64(&job->waiting, POOL_STUCK_MS + 1);
	}
	uv_update_time(&t.loop);
}

static void submit(struct test_job *j, int id, void (*work)(struct pool_job *), bool urgent)
{
	*j = (struct test_job){ .job = { .work = work, .done = done }, .id = id };
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
	for (int i = 0; i < HANGING; i++) {
		time_passes();
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

/* A job that computes for long is no job that hangs; nor is one that has its answer. */
static void test_computing(void)
{
	static struct test_job computing, going_on, after;

	t.done = 0;
	submit(&computing, 0, hold, false);
	submit(&going_on, 1, hang_and_go_on, false);
	submit(&after, 2, quick, false);
	time_passes();
	pool_tick(&t.pool);
	CHECK_INT("the one that waits is stuck, and alone", t.pool.n_stuck, 1);
	while (t.done == 0)
		uv_run(&t.loop, UV_RUN_ONCE);
	uv_sem_post(&t.release);
	while (wait_word_since_ms(&going_on.job.waiting) != 0)
		uv_sleep(1);
	pool_tick(&t.pool);
	CHECK_INT("it has its answer: not stuck any more", t.pool.n_stuck, 0);
	CHECK_INT("both run", t.pool.n_running, 2);
	uv_sem_post(&t.held);
	uv_sem_post(&t.held);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	CHECK("it is suspect all the same", going_on.job.is_suspect);
	CHECK("the other is not", !computing.job.is_suspect);
}

/* A worker that is given up while it waits learns of it, and does not wait again. */
static void test_giving_up(void)
{
	uint64_t word = 0;

	CHECK("begin", wait_word_begin(&word));
	CHECK("it waits", wait_word_since_ms(&word) != 0);
	CHECK("end", wait_word_end(&word));
	CHECK("it does not wait", wait_word_since_ms(&word) == 0);
	CHECK("who computes cannot be given up", !wait_word_give_up(&word));
	word = 0;
	CHECK("begin", wait_word_begin(&word));
	CHECK("given up", wait_word_give_up(&word));
	CHECK("it learns of it", !wait_word_end(&word));
	CHECK("once more", !wait_word_begin(&word));
}

static void submit_short(struct test_job *j, int id, void (*work)(struct pool_job *))
{
	*j = (struct test_job){ .job = { .work = work, .done = done, .is_short = true }, .id = id };
	pool_submit(&t.pool, &j->job, false);
}

/* What waits together goes together, as much as one run may have. */
static void test_together(void)
{
	static struct test_job held[2], jobs[POOL_TOGETHER_MAX + 8], late;

	t.done = 0;
	submit(&held[0], 0, hold, false);
	submit(&held[1], 0, hold, false);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		submit_short(&jobs[i], (int)i, quick);
	submit(&late, 99, quick, false);
	uv_sem_post(&t.held);
	while (t.done == 0)
		uv_run(&t.loop, UV_RUN_ONCE);
	CHECK("a whole run of them", t.pool.running->n == POOL_TOGETHER_MAX);
	uv_sem_post(&t.held);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	CHECK_INT("all done", t.done, (int)ARRAY_LEN(jobs) + 3);
}

/* Of six that went together the third hangs: two come home, three go again, with another thread. */
static void test_together_hanging(void)
{
	static struct test_job held[2], jobs[6];

	submit(&held[0], 0, hold, false);
	submit(&held[1], 0, hold, false);
	for (int i = 0; i < 6; i++)
		submit_short(&jobs[i], i, i == 2 ? hang : quick);
	t.done = 0;
	t.n_order = 0;
	uv_sem_post(&t.held);
	uv_sem_post(&t.held);
	while (t.done < 2)
		uv_run(&t.loop, UV_RUN_ONCE);
	CHECK_INT("one run for all six", t.pool.n_running, 1);
	while (load_relaxed_u64(&t.pool.running->n_claimed) < 3)
		uv_sleep(1);
	t.n_order = 0;
	time_passes();
	pool_tick(&t.pool);
	CHECK_INT("two come home", t.n_order, 2);
	CHECK("in order", t.order[0] == 0 && t.order[1] == 1);
	CHECK_INT("one hangs, three go again", t.pool.n_running, 2);
	CHECK_INT("one hangs", t.pool.n_stuck, 1);
	while (t.n_order < 5)
		uv_run(&t.loop, UV_RUN_ONCE);
	CHECK("the three behind it", t.order[2] == 3 && t.order[3] == 4 && t.order[4] == 5);
	uv_sem_post(&t.release);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	CHECK_INT("then it comes home", t.order[5], 2);
	CHECK("and is suspect", jobs[2].job.is_suspect);
	CHECK("no other is", !jobs[1].job.is_suspect && !jobs[3].job.is_suspect);
	CHECK_INT("none counts as stuck", t.pool.n_stuck, 0);
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
	time_passes();
	pool_tick(&t.pool);
	CHECK_INT("what hangs is left to itself", t.pool.n_stuck, 0);
	release_all();
	uv_run(&t.loop, UV_RUN_DEFAULT);
	CHECK_INT("what ran came back", t.done, 2);
	submit(&waiting[0], 0, quick, false);
	CHECK_INT("nothing starts any more", t.pool.n_running, 0);
}

/* As many as there are workers do run at once, and not one after the other. */
static void test_at_once(void)
{
	static struct test_job jobs[AT_ONCE];

	t.done = 0;
	CHECK_INT("init", pool_init(&t.pool, &t.loop, AT_ONCE, NULL), 0);
	uv_barrier_init(&t.barrier, AT_ONCE);
	for (int i = 0; i < AT_ONCE; i++)
		submit(&jobs[i], i, meet, false);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	CHECK_INT("all met", t.done, AT_ONCE);
	pool_close(&t.pool);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	pool_deinit(&t.pool);
	uv_barrier_destroy(&t.barrier);
	t.done = 0;
}

/* Memory that runs out is an error, and leaves nothing in the loop. */
static void test_without_memory(void)
{
	for (long n = 0; n < 2; n++) {
		mem_fail_after(n);
		CHECK_INT("no memory", pool_init(&t.pool, &t.loop, 2, NULL), SHMPUB_ERR_NOMEM);
		mem_fail_after(-1);
	}
	CHECK_INT("no handle", uv_loop_alive(&t.loop), 0);
}

int main(void)
{
	uv_loop_init(&t.loop);
	uv_sem_init(&t.release, 0);
	uv_sem_init(&t.held, 0);
	test_without_memory();
	test_at_once();
	CHECK_INT("init", pool_init(&t.pool, &t.loop, 2, NULL), 0);
	test_bounded();
	test_urgent();
	test_hanging();
	test_computing();
	test_giving_up();
	test_together();
	test_together_hanging();
	test_stop();
	pool_close(&t.pool);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	pool_deinit(&t.pool);
	uv_sem_destroy(&t.release);
	uv_sem_destroy(&t.held);
	CHECK_INT("nothing left in the loop", uv_loop_close(&t.loop), 0);
	return check_report();
}
