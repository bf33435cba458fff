#include "log_queue.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>
#include "base/alloc.h"
#include "base/error.h"

/*
 * There are two buffers. Whoever has a line appends it to the first; the thread writes the
 * second one out, without the lock. The thread's write may block for ever; everybody else only
 * touches the first buffer.
 *
 * Descriptor 2 is shared with other processes, so it is never made non-blocking. Where somebody
 * else did that, the thread tries again a little later.
 */

#define STANDARD_ERROR 2
#define ROOM ((size_t)64 * 1024)
#define STACK_SIZE ((size_t)128 * 1024)
#define NS_PER_MS UINT64_C(1000000)
#define WAIT_MS 100      /* how long a put waits until its line is written */
#define SLOW_MS 20       /* if it took longer than this, puts do not wait */
#define NO_WAIT_MS 10000 /* how long puts do not wait then */
#define CLOSE_MS 1000
#define AGAIN_MS 20

struct log_queue {
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t has_lines, is_out;
	const struct log_sink *sink;
	struct log_lost lost;
	char *lost_line; /* lost.size bytes */

	/* under the mutex */
	char *lines; /* ROOM bytes */
	size_t size;
	uint64_t n_lost;
	uint64_t n_put, n_out; /* lines since the start */
	bool is_closing, is_over;

	char *writing;             /* ROOM bytes; the thread writes them out */
	uint64_t no_wait_until_ms; /* of the thread that puts lines */
};

static uint64_t now_ms(void)
{
	return uv_hrtime() / NS_PER_MS;
}

/* --- the thread ----------------------------------------------------------------------------------- */

void log_queue_write_standard_error(const char *data, size_t size)
{
	uv_fs_t request;

	while (size) {
		uv_buf_t piece = uv_buf_init((char *)data, (unsigned)size);
		int n = uv_fs_write(NULL, &request, STANDARD_ERROR, &piece, 1, -1, NULL);

		uv_fs_req_cleanup(&request);
		if (n == UV_EAGAIN) {
			uv_sleep(AGAIN_MS);
			continue;
		}
		if (n <= 0)
			return; /* there is nobody to tell it to */
		data += n;
		size -= (size_t)n;
	}
}

static void write_standard_error(void *arg, const char *data, size_t size)
{
	(void)arg;
	log_queue_write_standard_error(data, size);
}

static const struct log_sink standard_error = { .name = "standard error",
	                                        .write = write_standard_error };

static void write_lost(const struct log_queue *q, uint64_t n_lost)
{
	char text[128];

	snprintf(text, sizeof(text), "%llu line%s lost: %s did not take them in time",
	         (unsigned long long)n_lost, n_lost == 1 ? "" : "s", q->sink->name);
	q->sink->write(q->sink->arg, q->lost_line, q->lost.write(q->lost.arg, q->lost_line, text));
}

/* Called with the mutex held, and returns so. The mutex is released while the thread writes. */
static void write_out(struct log_queue *q)
{
	char *writing = q->lines;
	size_t size = q->size;
	uint64_t n_lost = q->n_lost, n_put = q->n_put;

	q->lines = q->writing;
	q->writing = writing;
	q->size = 0;
	q->n_lost = 0;
	uv_mutex_unlock(&q->mutex);
	q->sink->write(q->sink->arg, writing, size);
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
	mem_free(q->writing);
	mem_free(q->lost_line);
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

int log_queue_open(struct log_queue **out, const struct log_sink *sink, struct log_lost lost,
                   struct shmpub_error *err)
{
	struct log_queue *q = mem_zalloc(1, sizeof(*q));
	int r = SHMPUB_ERR_NOMEM;

	*out = NULL;
	if (q == NULL)
		return error_nomem(err, sizeof(*q));
	q->sink = sink != NULL ? sink : &standard_error;
	q->lost = lost;
	q->lost_line = mem_alloc(lost.size);
	q->lines = mem_alloc(ROOM);
	q->writing = mem_alloc(ROOM);
	if (q->lines == NULL || q->writing == NULL || q->lost_line == NULL)
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

/*
 * Called with the mutex held. Waits until every line is written, or (`for_end`) until the
 * thread has ended. False: it took longer than limit_ms.
 */
static bool wait_until_out(struct log_queue *q, bool for_end, uint64_t limit_ms)
{
	uint64_t end = uv_hrtime() + limit_ms * NS_PER_MS, now;

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
	if (began >= q->no_wait_until_ms &&
	    (!wait_until_out(q, false, WAIT_MS) || now_ms() - began > SLOW_MS))
		q->no_wait_until_ms = now_ms() + NO_WAIT_MS;
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
	is_over = wait_until_out(q, true, CLOSE_MS);
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
