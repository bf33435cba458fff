/*
 * lib/publisher with a loop thread and workers, as the daemon has them, for the thread
 * sanitizer: what a worker does to its publication meets nothing of the loop's.
 */
#include "unit/publishing.h"

#include <stdatomic.h>

#include "shm/shm_thread.h"

#define FEEDS 6
#define WORKERS 3
#define PUBLICATIONS 1500

struct job {
	struct job *next;
	struct publisher_feed *feed;
	struct publication *pub;
	size_t size;
	char value;
	int result;
};

/*
 * The sanitizer does not see mremap(), so it takes an address that one worker's segment
 * left and another's came to for memory that both share. What is written there is the
 * only thing not looked at.
 */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
	return "race:write_contents\nrace:segment_spoil\n";
}

/* Two queues under one lock: to the workers and back to the loop. */
struct pool {
	atomic_flag lock;
	struct job *todo, *done;
	_Atomic bool is_over;
};

static void enter(struct pool *pool)
{
	while (atomic_flag_test_and_set(&pool->lock))
		give_way();
}

static void leave(struct pool *pool)
{
	atomic_flag_clear(&pool->lock);
}

static struct job *take(struct pool *pool, struct job **queue)
{
	struct job *job;

	for (;;) {
		bool is_over = atomic_load(&pool->is_over);

		enter(pool);
		job = *queue;
		if (job != NULL)
			*queue = job->next;
		leave(pool);
		if (job != NULL || (queue == &pool->todo && is_over))
			return job;
		give_way();
	}
}

static void put(struct pool *pool, struct job **queue, struct job *job)
{
	enter(pool);
	job->next = *queue;
	*queue = job;
	leave(pool);
}

static __attribute__((noinline)) void write_contents(void *addr, const struct job *job)
{
	memset(addr, job->value, job->size);
}

static int fill(struct job *job)
{
	struct snapshot_memory memory = publication_memory(job->pub);
	struct snapshot_stamp stamp = { 0 };
	void *addr;
	int r = memory.reserve(memory.arg, &addr, job->size / 2 + 1, NULL);

	if (r == 0)
		r = memory.reserve(memory.arg, &addr, job->size, NULL);
	if (r != 0)
		return r;
	publication_stamp(job->pub, &stamp);
	write_contents(addr, job);
	return publication_seal(job->pub, job->size, NULL);
}

static void work(void *arg)
{
	struct pool *pool = arg;
	struct job *job;

	while ((job = take(pool, &pool->todo)) != NULL) {
		job->result = fill(job);
		put(pool, &pool->done, job);
	}
}

static void begin(struct pool *pool, struct job *job, int i)
{
	job->size = 3 * KIB + (size_t)(i * 1237) % (40 * KIB);
	job->value = (char)i;
	CHECK_INT("put back", publisher_put_back(job->feed, &err) < 0, 0);
	CHECK_INT("begin", publication_begin(&job->pub, job->feed, &err), 0);
	put(pool, &pool->todo, job);
}

static void finish(struct job *job, int i, int *limits)
{
	struct catalog_descriptor d = { .rows = 1 };

	if (job->result == SHMPUB_ERR_LIMIT)
		++*limits;
	if (job->result != 0 || i % 17 == 0) {
		publication_discard(job->pub);
		return;
	}
	CHECK_INT("commit", publication_commit(job->pub, &d, &err), 0);
	CHECK("stands", publisher_feed_is_in_place(job->feed));
	publisher_feed_report(job->feed, REFRESH_PUBLISHED, NULL);
	rest(job->feed);
}

static void test_threads(const char *directory)
{
	struct publisher *p = open_publisher(directory, 300 * KIB, 100 * KIB);
	struct pool pool = { .lock = ATOMIC_FLAG_INIT };
	struct job jobs[FEEDS] = { 0 };
	struct shm_thread *workers[WORKERS];
	struct shm_map held = SHM_MAP_NONE;
	struct shm_stat stat;
	char name[] = "q0";
	int limits = 0;

	for (int i = 0; i < WORKERS; i++)
		CHECK_INT("worker", shm_thread_start(&workers[i], work, &pool, &err), 0);
	for (int i = 0; i < FEEDS; i++) {
		name[1] = (char)('0' + i);
		jobs[i].feed = open_feed(p, name);
		begin(&pool, &jobs[i], i);
	}
	for (int i = FEEDS; i < PUBLICATIONS + FEEDS; i++) {
		struct job *job = take(&pool, &pool.done);

		finish(job, i, &limits);
		if (i % 50 == 0) {
			shm_discard(&held);
			(void)shm_map_read(&held, &stat, &p->dir, job->feed->file, NULL);
			publisher_heartbeat(p, i);
		}
		if (i % 20 == 0)
			shm_remove(&p->dir, i % 40 == 0 ? "catalog" : "q1.arrow", NULL);
		if (i < PUBLICATIONS)
			begin(&pool, job, i);
	}
	atomic_store(&pool.is_over, true);
	for (int i = 0; i < WORKERS; i++)
		shm_thread_join(workers[i]);
	shm_discard(&held);
	CHECK("the bound was never passed", p->used_bytes <= 300 * KIB);
	for (int i = 0; i < FEEDS; i++)
		publisher_feed_remove(jobs[i].feed);
	publisher_heartbeat(p, 1);
	CHECK_INT("all bytes counted off", p->used_bytes, 0);
	CHECK_INT("held ones too", p->held_bytes, 0);
	publisher_close(p);
	CHECK("some met the bound, most did not", limits > 0 && limits < PUBLICATIONS / 2);
}

int main(void)
{
	static void (*const tests[])(const char *) = { test_threads };

	return run_all(tests, ARRAY_LEN(tests));
}
