#include "pool.h"

#include <stdio.h>
#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"

/*
 * libuv's pool has a fixed number of threads, made at the first use, and no notion of
 * work that hangs. So it gets threads to spare, and how many are to be busy at a time
 * is counted here.
 *
 * A thread that was given several jobs claims each before it begins it. The loop may
 * claim all that are left, which is how it takes them away from a thread that is stuck;
 * what the thread did before its last claim is then seen by the loop.
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

static void queue_put_first(struct pool_queue *q, struct pool_job *job)
{
	job->next = q->first;
	if (q->first == NULL)
		q->end = &job->next;
	q->first = job;
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

static void start_some(struct pool *p);

static void on_prepare(uv_prepare_t *prepare)
{
	start_some(prepare->data);
}

int pool_init(struct pool *p, uv_loop_t *loop, uint64_t workers, struct shmpub_error *err)
{
	char text[32];

	*p = (struct pool){ .loop = loop };
	queue_init(&p->urgent);
	queue_init(&p->waiting);
	p->workers = workers ? (size_t)workers : uv_available_parallelism();
	if (p->workers < 2)
		p->workers = 2;
	p->n_threads = p->workers + POOL_SPARE_THREADS;
	p->runs = mem_zalloc(p->n_threads, sizeof(*p->runs));
	if (p->runs == NULL)
		return error_nomem(err, p->n_threads * sizeof(*p->runs));
	for (size_t i = 0; i < p->n_threads; i++) {
		p->runs[i].next = p->free;
		p->free = &p->runs[i];
	}
	snprintf(text, sizeof(text), "%zu", p->n_threads);
	uv_os_setenv("UV_THREADPOOL_SIZE", text);
	uv_prepare_init(loop, &p->prepare);
	p->prepare.data = p;
	uv_prepare_start(&p->prepare, on_prepare);
	uv_unref((uv_handle_t *)&p->prepare); /* the loop lives by others */
	return SHMPUB_OK;
}

void pool_close(struct pool *p)
{
	uv_close((uv_handle_t *)&p->prepare, NULL);
}

void pool_deinit(struct pool *p)
{
	mem_free(p->runs);
	p->runs = NULL;
}

/* --- a run ---------------------------------------------------------------------------------------- */

static void run(uv_work_t *request)
{
	struct pool_run *r = request->data;
	const size_t n = r->n;
	uint64_t i;

	while ((i = fetch_add_sync_u64(&r->n_claimed, 1)) < n)
		r->jobs[i]->work(r->jobs[i]);
}

static void forget_running(struct pool *p, struct pool_run *r)
{
	struct pool_run **at = &p->running;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	r->next = p->free;
	p->free = r;
	p->n_running--;
	p->n_stuck -= r->is_stuck;
}

static void finished(uv_work_t *request, int status)
{
	struct pool_run *r = request->data;
	struct pool_job *jobs[POOL_TOGETHER_MAX];
	struct pool *p = r->pool;
	size_t n = r->end - r->first;
	bool is_stuck = r->is_stuck;

	for (size_t i = 0; i < n; i++)
		jobs[i] = r->jobs[r->first + i];
	forget_running(p, r); /* first: what is done may be submitted again at once */
	for (size_t i = 0; i < n; i++) {
		jobs[i]->is_suspect = is_stuck;
		jobs[i]->done(jobs[i], status == 0);
	}
	start_some(p);
}

static void start(struct pool *p, struct pool_job *first)
{
	struct pool_run *r = p->free;

	p->free = r->next;
	*r = (struct pool_run){ .pool = p, .started_ms = uv_now(p->loop), .next = p->running };
	r->jobs[r->n++] = first;
	while (first->is_short && !first->is_suspect && r->n < POOL_TOGETHER_MAX &&
	       p->waiting.first != NULL && p->waiting.first->is_short &&
	       !p->waiting.first->is_suspect)
		r->jobs[r->n++] = queue_take(&p->waiting, false);
	r->end = r->n;
	r->request.data = r;
	p->running = r;
	p->n_running++;
	/* It fails only without a work function. */
	(void)uv_queue_work(p->loop, &r->request, run, finished);
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
	queue_put(urgent ? &p->urgent : &p->waiting, job);
	if (!job->is_short) /* others may come yet, to go together */
		start_some(p);
}

/* --- runs that hang ------------------------------------------------------------------------------- */

/* Leaves the run the job that it hangs in. Those before it come home, those behind it wait again. */
static void take_away(struct pool *p, struct pool_run *r)
{
	uint64_t claimed = exchange_sync_u64(&r->n_claimed, UINT32_MAX);
	size_t first = r->first, at = claimed < r->end ? (size_t)claimed : r->end;

	for (size_t i = r->end; i-- > at;)
		queue_put_first(&p->waiting, r->jobs[i]);
	r->end = at;
	r->first = at > first ? at - 1 : at;
	for (size_t i = first; i < r->first; i++) {
		r->jobs[i]->is_suspect = false;
		r->jobs[i]->done(r->jobs[i], true);
	}
}

void pool_tick(struct pool *p)
{
	uint64_t now = uv_now(p->loop);

	if (p->is_stopped) /* what would be taken away would wait for ever */
		return;
	for (struct pool_run *r = p->running; r != NULL; r = r->next) {
		if (!r->is_stuck && r->end > r->first && r->jobs[r->first]->may_hang &&
		    now - r->started_ms > POOL_STUCK_MS) {
			r->is_stuck = true;
			p->n_stuck++;
			take_away(p, r);
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
