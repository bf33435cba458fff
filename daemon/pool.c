#include "pool.h"

#include <stdio.h>

/*
 * libuv's pool has a fixed number of threads, made at the first use, and no notion of
 * work that hangs. So it gets threads to spare, and how many are to be busy at a time
 * is counted here.
 */

static void queue_init(struct pool_queue *q)
{
	q->first = NULL;
	q->end = &q->first;
}

static void queue_put(struct pool_queue *q, struct pool_job *job)
{
	job->next = NULL;
	*q->end = job;
	q->end = &job->next;
}

static struct pool_job *queue_take(struct pool_queue *q, bool no_suspects)
{
	struct pool_job **at = &q->first, *job;

	while (*at != NULL && no_suspects && (*at)->is_suspect)
		at = &(*at)->next;
	job = *at;
	if (job == NULL)
		return NULL;
	*at = job->next;
	if (*at == NULL)
		q->end = at;
	return job;
}

void pool_init(struct pool *p, uv_loop_t *loop, uint64_t workers)
{
	char text[32];

	*p = (struct pool){ .loop = loop };
	queue_init(&p->urgent);
	queue_init(&p->waiting);
	p->workers = workers ? (size_t)workers : uv_available_parallelism();
	if (p->workers < 2)
		p->workers = 2;
	p->n_threads = p->workers + POOL_SPARE_THREADS;
	snprintf(text, sizeof(text), "%zu", p->n_threads);
	uv_os_setenv("UV_THREADPOOL_SIZE", text);
}

static void run(uv_work_t *request)
{
	struct pool_job *job = request->data;

	job->work(job);
}

static void forget_running(struct pool *p, const struct pool_job *job)
{
	struct pool_job **at = &p->running;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	p->n_running--;
	p->n_stuck -= job->is_stuck;
}

static void start_some(struct pool *p);

static void finished(uv_work_t *request, int status)
{
	struct pool_job *job = request->data;
	struct pool *p = job->pool;

	forget_running(p, job);
	job->is_suspect = job->is_stuck;
	job->done(job, status == 0);
	start_some(p);
}

static void start(struct pool *p, struct pool_job *job)
{
	job->is_stuck = false;
	job->started_ms = uv_now(p->loop);
	job->next = p->running;
	p->running = job;
	p->n_running++;
	job->request.data = job;
	/* It fails only without a work function. */
	(void)uv_queue_work(p->loop, &job->request, run, finished);
}

static void start_some(struct pool *p)
{
	while (!p->is_stopped && p->n_running - p->n_stuck < p->workers &&
	       p->n_running < p->n_threads) {
		bool is_last = p->n_running + 1 == p->n_threads;
		struct pool_job *job = queue_take(&p->urgent, false);

		if (job == NULL)
			job = queue_take(&p->waiting, is_last);
		if (job == NULL)
			return;
		start(p, job);
	}
}

void pool_submit(struct pool *p, struct pool_job *job, bool urgent)
{
	job->pool = p;
	queue_put(urgent ? &p->urgent : &p->waiting, job);
	start_some(p);
}

void pool_tick(struct pool *p)
{
	uint64_t now = uv_now(p->loop);

	for (struct pool_job *job = p->running; job != NULL; job = job->next) {
		if (job->may_hang && !job->is_stuck && now - job->started_ms > POOL_STUCK_MS) {
			job->is_stuck = true;
			p->n_stuck++;
		}
	}
	start_some(p);
}

void pool_stop(struct pool *p)
{
	struct pool_job *job;

	p->is_stopped = true;
	while ((job = queue_take(&p->urgent, false)) || (job = queue_take(&p->waiting, false)))
		job->done(job, false);
}
