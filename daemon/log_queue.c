#include "log_queue.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>
#include "base/alloc.h"
#include "base/error.h"

/*
 * Two buffers: one is filled by whoever has a line, the other is written out by the
 * thread, without the lock. The thread's write may take for ever; everybody else only
 * looks at the first buffer.
 *
 * Descriptor 2 is shared with others, so it is never made non-blocking; where somebody
 * else did that, the thread tries again a little later.
 */

#define STANDARD_ERROR 2
#define ROOM ((size_t)64 * 1024)
#define STACK_SIZE ((size_t)128 * 1024)
#define NS_PER_MS UINT64_C(1000000)
#define WAIT_MS 100        /* for a line to go out */
#define SLOW_MS 20         /* who waited for longer waits no more */
#define UNPATIENT_MS 10000 /* for so long */
#define CLOSE_MS 1000
#define AGAIN_MS 20

struct log_queue {
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t has_lines, is_out;
	const struct log_sink *sink;
	const char *prefix;

	/* under the mutex */
	char *lines; /* ROOM bytes */
	size_t size;
	uint64_t n_lost;
	uint64_t n_put, n_out; /* lines, ever */
	bool is_closing, is_over;

	char *going;                 /* the thread's: ROOM bytes */
	uint64_t unpatient_until_ms; /* of whoever puts lines */
};

static uint64_t now_ms(void)
{
	return uv_hrtime() / NS_PER_MS;
}

/* --- the thread ----------------------------------------------------------------------------------- */

static void write_standard_error(void *arg, const char *data, size_t size)
{
	uv_fs_t request;

	(void)arg;
	while (size) {
		uv_buf_t piece = uv_buf_init((char *)data, (unsigned)size);
		int n = uv_fs_write(NULL, &request, STANDARD_ERROR, &piece, 1, -1, NULL);

		uv_fs_req_cleanup(&request);
		if (n == UV_EAGAIN) {
			uv_sleep(AGAIN_MS);
			continue;
		}
		if (n <= 0)
			return; /* nobody is there to be told */
		data += n;
		size -= (size_t)n;
	}
}

static const struct log_sink standard_error = { .name = "standard error",
	                                        .write = write_standard_error };

static void write_lost(const struct log_queue *q, uint64_t n_lost)
{
	char line[160];
	int n = snprintf(line, sizeof(line), "%s%llu line%s lost: %s did not take them in time\n",
	                 q->prefix, (unsigned long long)n_lost, n_lost == 1 ? "" : "s",
	                 q->sink->name);

	q->sink->write(q->sink->arg, line, (size_t)n);
}

/* Called and left under the mutex, which it gives up while it writes. */
static void write_out(struct log_queue *q)
{
	char *going = q->lines;
	size_t size = q->size;
	uint64_t n_lost = q->n_lost, n_put = q->n_put;

	q->lines = q->going;
	q->going = going;
	q->size = 0;
	q->n_lost = 0;
	uv_mutex_unlock(&q->mutex);
	q->sink->write(q->sink->arg, going, size);
	if (n_lost)
		write_lost(q, n_lost);
	uv_mutex_lock(&q->mutex);
	q->n_out = n_put;
	uv_cond_signal(&q->is_out);
}

static void run(void *arg)
{
	struct log_queue *q = arg;

	uv_mutex_lock(&q->mutex);
	while (!q->is_closing || q->size || q->n_lost) {
		if (q->size || q->n_lost)
			write_out(q);
		else
			uv_cond_wait(&q->has_lines, &q->mutex);
	}
	q->is_over = true;
	uv_cond_signal(&q->is_out);
	uv_mutex_unlock(&q->mutex);
}

/* --- everybody else ------------------------------------------------------------------------------- */

static void free_queue(struct log_queue *q)
{
	mem_free(q->lines);
	mem_free(q->going);
	mem_free(q);
}

static int init_parts(struct log_queue *q, struct shmpub_error *err)
{
	uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE,
		                        .stack_size = STACK_SIZE };
	int r;

	if (uv_mutex_init(&q->mutex) != 0)
		return error_set(err, SHMPUB_ERR_SYS, "no lock for the log can be had");
	r = uv_cond_init(&q->has_lines);
	if (r == 0) {
		r = uv_cond_init(&q->is_out);
		if (r == 0) {
			r = uv_thread_create_ex(&q->thread, &options, run, q);
			if (r == 0)
				return SHMPUB_OK;
			uv_cond_destroy(&q->is_out);
		}
		uv_cond_destroy(&q->has_lines);
	}
	uv_mutex_destroy(&q->mutex);
	return error_set(err, SHMPUB_ERR_SYS, "no thread for the log can be had: %s",
	                 uv_strerror(r));
}

int log_queue_open(struct log_queue **out, const struct log_sink *sink, const char *prefix,
                   struct shmpub_error *err)
{
	struct log_queue *q = mem_zalloc(1, sizeof(*q));
	int r = SHMPUB_ERR_NOMEM;

	*out = NULL;
	if (q == NULL)
		return error_nomem(err, sizeof(*q));
	q->sink = sink != NULL ? sink : &standard_error;
	q->prefix = prefix;
	q->lines = mem_alloc(ROOM);
	q->going = mem_alloc(ROOM);
	if (q->lines == NULL || q->going == NULL)
		error_nomem(err, ROOM);
	else
		r = init_parts(q, err);
	if (r) {
		free_queue(q);
		return r;
	}
	*out = q;
	return SHMPUB_OK;
}

/* Under the mutex: until everything that was put is out, or the thread is over. */
static bool wait_out(struct log_queue *q, bool for_end, uint64_t patience_ms)
{
	uint64_t end = uv_hrtime() + patience_ms * NS_PER_MS, now;

	while (for_end ? !q->is_over : q->n_out != q->n_put) {
		now = uv_hrtime();
		if (now >= end || uv_cond_timedwait(&q->is_out, &q->mutex, end - now) != 0)
			break;
	}
	return for_end ? q->is_over : q->n_out == q->n_put;
}

void log_queue_put(struct log_queue *q, const char *line, size_t size)
{
	uint64_t began = now_ms();

	uv_mutex_lock(&q->mutex);
	if (size > ROOM - q->size) {
		q->n_lost++;
	} else {
		memcpy(q->lines + q->size, line, size);
		q->size += size;
		q->n_put++;
		uv_cond_signal(&q->has_lines);
	}
	if (began >= q->unpatient_until_ms &&
	    (!wait_out(q, false, WAIT_MS) || now_ms() - began > SLOW_MS))
		q->unpatient_until_ms = now_ms() + UNPATIENT_MS;
	uv_mutex_unlock(&q->mutex);
}

bool log_queue_close(struct log_queue *q)
{
	bool is_over;

	if (q == NULL)
		return true;
	uv_mutex_lock(&q->mutex);
	q->is_closing = true;
	uv_cond_signal(&q->has_lines);
	is_over = wait_out(q, true, CLOSE_MS);
	uv_mutex_unlock(&q->mutex);
	if (!is_over)
		return false;
	uv_thread_join(&q->thread);
	uv_cond_destroy(&q->is_out);
	uv_cond_destroy(&q->has_lines);
	uv_mutex_destroy(&q->mutex);
	free_queue(q);
	return true;
}
