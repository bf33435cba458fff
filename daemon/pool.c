#include "pool.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "base/error.h"
#include "process.h"
#include "wait_word.h"

/*
 * Why not libuv's pool: it makes all its threads at the first use, ends the process if one
 * cannot be made, and knows nothing of work that hangs. This pool hands a run over only when a
 * thread is free for it, so a run that was handed over begins at once.
 *
 * A thread with several jobs claims each job before it begins it. The loop can claim all jobs
 * that are left: that is how it takes them away from a thread that is stuck. The claims are
 * synchronising, so the loop sees what the thread did before its last claim.
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

static void start_waiting(struct pool *p);

static void on_prepare(uv_prepare_t *prepare)
{
	start_waiting(prepare->data);
}

/* --- threads -------------------------------------------------------------------------------------- */

/* Short jobs mostly wait for their memory, so that of a later one is asked for before. */
#define AHEAD 3

static void prefetch(const struct pool_job *job)
{
	for (size_t at = 0; at < sizeof(*job) + POOL_BESIDE; at += 64)
		PREFETCH((const char *)job + at);
}

static void run_jobs(struct pool_run *r)
{
	const size_t n = r->n;
	uint64_t i;

	while ((i = fetch_add_sync_u64(&r->n_claimed, 1)) < n) {
		if (i + AHEAD < n)
			prefetch(r->jobs[i + AHEAD]);
		if (i + 1 < n)
			PREFETCH(r->ahead[i + 1]);
		r->jobs[i]->work(r->jobs[i]);
	}
}

static void thread_main(void *arg)
{
	struct pool *p = arg;
	struct pool_run *r;

	uv_mutex_lock(&p->mutex);
	for (;;) {
		while (p->begun == NULL && !p->is_over)
			uv_cond_wait(&p->has_work, &p->mutex);
		r = p->begun;
		if (r == NULL)
			break;
		p->begun = r->next_work;
		if (p->begun == NULL)
			p->work_end = &p->begun;
		uv_mutex_unlock(&p->mutex);
		run_jobs(r);
		uv_mutex_lock(&p->mutex);
		r->next_work = p->done;
		p->done = r;
		if (!p->is_deaf)
			uv_async_send(&p->home);
	}
	uv_mutex_unlock(&p->mutex);
}

static bool make_thread(struct pool *p)
{
	if (uv_thread_create(&p->threads[p->n_made], thread_main, p) != 0)
		return false;
	p->n_made++;
	return true;
}

/* True when a thread has nothing to do; makes one if needed and possible. */
static bool find_free_thread(struct pool *p)
{
	if (p->n_running < p->n_made)
		return true;
	if (p->n_made == p->n_threads)
		return false;
	p->is_short = !make_thread(p);
	return !p->is_short;
}

static void hand_over(struct pool *p, struct pool_run *r)
{
	r->next_work = NULL;
	uv_mutex_lock(&p->mutex);
	*p->work_end = r;
	p->work_end = &r->next_work;
	uv_cond_signal(&p->has_work);
	uv_mutex_unlock(&p->mutex);
}

static void end_threads(struct pool *p)
{
	uv_mutex_lock(&p->mutex);
	p->is_over = true;
	uv_cond_broadcast(&p->has_work);
	uv_mutex_unlock(&p->mutex);
	while (p->n_made)
		uv_thread_join(&p->threads[--p->n_made]);
}

/* --- start and end -------------------------------------------------------------------------------- */

static void finish_run(struct pool *p, struct pool_run *r);

void pool_drain(struct pool *p)
{
	struct pool_run *r, *next;

	uv_mutex_lock(&p->mutex);
	r = p->done;
	p->done = NULL;
	uv_mutex_unlock(&p->mutex);
	for (; r != NULL; r = next) {
		next = r->next_work;
		finish_run(p, r);
	}
}

static void on_home(uv_async_t *async)
{
	pool_drain(async->data);
}

static void free_memory(struct pool *p)
{
	mem_free(p->runs);
	mem_free(p->threads);
	p->runs = NULL;
	p->threads = NULL;
}

static int init_locks(struct pool *p, struct shmpub_error *err)
{
	p->work_end = &p->begun;
	if (uv_mutex_init(&p->mutex) != 0)
		return error_set(err, SHMPUB_ERR_SYS, "no lock can be had");
	if (uv_cond_init(&p->has_work) == 0)
		return SHMPUB_OK;
	uv_mutex_destroy(&p->mutex);
	return error_set(err, SHMPUB_ERR_SYS, "no lock can be had");
}

static int make_first_threads(struct pool *p, struct shmpub_error *err)
{
	while (p->n_made < POOL_LEAST_THREADS) {
		if (!make_thread(p))
			return error_set(err, SHMPUB_ERR_SYS,
			                 "%d threads are needed, %zu can be made: see %s",
			                 POOL_LEAST_THREADS, p->n_made, process_thread_bounds);
	}
	return SHMPUB_OK;
}

static int begin_threads(struct pool *p, struct shmpub_error *err)
{
	int r = init_locks(p, err);

	if (r)
		return r;
	r = make_first_threads(p, err);
	if (!r && uv_async_init(p->loop, &p->home, on_home) != 0)
		r = error_set(err, SHMPUB_ERR_SYS, "no descriptor for the workers can be had");
	if (r) {
		end_threads(p);
		uv_cond_destroy(&p->has_work);
		uv_mutex_destroy(&p->mutex);
	}
	return r;
}

int pool_init(struct pool *p, uv_loop_t *loop, uint64_t workers, struct shmpub_error *err)
{
	int r;

	*p = (struct pool){ .loop = loop };
	queue_init(&p->urgent);
	queue_init(&p->waiting);
	p->workers = workers ? (size_t)workers : uv_available_parallelism();
	if (p->workers < 2)
		p->workers = 2;
	p->n_threads = p->workers + POOL_SPARE_THREADS;
	p->runs = mem_zalloc(p->n_threads, sizeof(*p->runs));
	p->threads = mem_zalloc(p->n_threads, sizeof(*p->threads));
	if (p->runs == NULL || p->threads == NULL) {
		free_memory(p);
		return error_nomem(err, p->n_threads * sizeof(*p->runs));
	}
	r = begin_threads(p, err);
	if (r) {
		free_memory(p);
		return r;
	}
	for (size_t i = 0; i < p->n_threads; i++) {
		p->runs[i].next = p->free;
		p->free = &p->runs[i];
	}
	p->home.data = p;
	uv_unref((uv_handle_t *)&p->home); /* only runs keep the loop alive: start_run() */
	uv_prepare_init(loop, &p->prepare);
	p->prepare.data = p;
	uv_prepare_start(&p->prepare, on_prepare);
	uv_unref((uv_handle_t *)&p->prepare);
	return SHMPUB_OK;
}

void pool_close(struct pool *p)
{
	uv_mutex_lock(&p->mutex);
	p->is_deaf = true;
	uv_mutex_unlock(&p->mutex);
	uv_close((uv_handle_t *)&p->home, NULL);
	uv_close((uv_handle_t *)&p->prepare, NULL);
}

void pool_deinit(struct pool *p)
{
	end_threads(p);
	uv_cond_destroy(&p->has_work);
	uv_mutex_destroy(&p->mutex);
	free_memory(p);
}

/* --- a run ---------------------------------------------------------------------------------------- */

static void remove_running(struct pool *p, struct pool_run *r)
{
	struct pool_run **at = &p->running;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	r->next = p->free;
	p->free = r;
	p->n_running--;
	if (p->n_running == 0)
		uv_unref((uv_handle_t *)&p->home);
	p->n_stuck -= r->is_stuck;
}

static void finish_run(struct pool *p, struct pool_run *r)
{
	struct pool_job *jobs[POOL_TOGETHER_MAX];
	size_t n = r->end - r->first;
	bool was_stuck = r->was_stuck;

	for (size_t i = 0; i < n; i++)
		jobs[i] = r->jobs[r->first + i];
	remove_running(p, r); /* first, because done() may submit the job again at once */
	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n)
			prefetch(jobs[i + AHEAD]);
		jobs[i]->is_suspect = was_stuck;
		jobs[i]->done(jobs[i], true);
	}
	start_waiting(p);
}

static void start_run(struct pool *p, struct pool_job *first)
{
	struct pool_run *r = p->free;

	p->free = r->next;
	*r = (struct pool_run){ .started_ms = uv_now(p->loop), .next = p->running };
	r->jobs[r->n++] = first;
	while (first->is_short && !first->is_suspect && r->n < POOL_TOGETHER_MAX &&
	       p->waiting.first != NULL && p->waiting.first->is_short &&
	       !p->waiting.first->is_suspect)
		r->jobs[r->n++] = queue_take(&p->waiting, false);
	for (size_t i = 0; i < r->n; i++)
		r->ahead[i] = r->jobs[i]->ahead;
	r->end = r->n;
	p->running = r;
	p->n_running++;
	uv_ref((uv_handle_t *)&p->home);
	hand_over(p, r);
}

static void start_waiting(struct pool *p)
{
	while (!p->is_stopped && p->n_running - p->n_stuck < p->workers &&
	       (p->urgent.first != NULL || p->waiting.first != NULL) && find_free_thread(p)) {
		size_t most = p->is_short ? p->n_made : p->n_threads;
		bool is_last = p->n_running + 1 == most;
		struct pool_job *job = queue_take(&p->urgent, is_last);

		if (job == NULL)
			job = queue_take(&p->waiting, is_last);
		if (job == NULL)
			return;
		start_run(p, job);
	}
}

void pool_submit(struct pool *p, struct pool_job *job, bool urgent)
{
	queue_put(urgent ? &p->urgent : &p->waiting, job);
	if (!job->is_short) /* it waits for others, to go together in one run */
		start_waiting(p);
}

/* --- runs that hang ------------------------------------------------------------------------------- */

/*
 * Leaves the run only the job that it hangs in. The jobs before that one are done; those after
 * it wait for another thread.
 */
static void take_jobs_away(struct pool *p, struct pool_run *r)
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

static bool is_away(const struct pool_run *r, uint64_t now)
{
	uint64_t since;

	if (r->end == r->first)
		return false;
	since = r->jobs[0]->is_short ? r->started_ms
	                             : wait_word_since_ms(&r->jobs[r->first]->waiting);
	return since != 0 && now > since + POOL_STUCK_MS;
}

void pool_tick(struct pool *p)
{
	uint64_t now = uv_now(p->loop);

	if (p->is_stopped) /* jobs taken away now would wait for ever */
		return;
	for (struct pool_run *r = p->running; r != NULL; r = r->next) {
		bool is_away_now = is_away(r, now);

		if (!r->is_stuck && is_away_now) {
			r->is_stuck = r->was_stuck = true;
			p->n_stuck++;
			take_jobs_away(p, r);
		} else if (r->is_stuck && !is_away_now && r->end > r->first) {
			r->is_stuck = false; /* it has its answer, and computes */
			p->n_stuck--;
		}
	}
	start_waiting(p);
}

void pool_stop(struct pool *p)
{
	struct pool_job *job;

	p->is_stopped = true;
	while ((job = queue_take(&p->urgent, false)) || (job = queue_take(&p->waiting, false)))
		job->done(job, false);
}
