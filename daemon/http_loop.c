#include "http_loop.h"

#include <stdbool.h>
#include "base/alloc.h"
#include "base/error.h"

struct http_loop {
	uv_loop_t *loop;
	CURLM *multi;
	CURL *easy;
	struct http_loop_events on;
	uv_timer_t timer;
	unsigned n_handles; /* of libuv that are not closed yet */
	bool is_closing;
};

/* What libuv needs to watch one socket; libcurl keeps it by curl_multi_assign(). */
struct watched {
	uv_poll_t poll;
	curl_socket_t socket;
	struct http_loop *owner;
};

static void look_whether_closed(struct http_loop *h)
{
	struct http_loop_events on = h->on;

	if (--h->n_handles > 0)
		return;
	mem_free(h);
	on.closed(on.arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
	look_whether_closed(handle->data);
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct watched *w = handle->data;
	struct http_loop *h = w->owner;

	mem_free(w);
	look_whether_closed(h);
}

/* --- events --------------------------------------------------------------------------------------- */

static void act(struct http_loop *h, curl_socket_t socket, int events)
{
	CURLMsg *message;
	int n_running, n_left;

	if (h->is_closing)
		return;
	curl_multi_socket_action(h->multi, socket, events, &n_running);
	message = curl_multi_info_read(h->multi, &n_left);
	if (message != NULL && message->msg == CURLMSG_DONE)
		h->on.ended(h->on.arg, message->data.result);
}

static void on_timer(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watched *w = poll->data;
	int mask = 0;

	if (status < 0)
		mask = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		mask |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		mask |= CURL_CSELECT_OUT;
	act(w->owner, w->socket, mask);
}

/* --- what libcurl asks for ----------------------------------------------------------------------- */

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct http_loop *h = arg;

	(void)multi;
	if (ms < 0 || h->is_closing)
		uv_timer_stop(&h->timer);
	else
		uv_timer_start(&h->timer, on_timer, (uint64_t)ms, 0);
	return 0;
}

static struct watched *watch(struct http_loop *h, curl_socket_t socket)
{
	struct watched *w = mem_zalloc(1, sizeof(*w));

	if (w == NULL || uv_poll_init_socket(h->loop, &w->poll, socket) != 0) {
		mem_free(w);
		return NULL;
	}
	w->socket = socket;
	w->owner = h;
	w->poll.data = w;
	h->n_handles++;
	curl_multi_assign(h->multi, socket, w);
	return w;
}

static void unwatch(struct http_loop *h, struct watched *w)
{
	curl_multi_assign(h->multi, w->socket, NULL);
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, on_poll_closed);
}

/* -1 lets the transfer fail. */
static int set_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *assigned)
{
	struct http_loop *h = arg;
	struct watched *w = assigned;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL)
			unwatch(h, w);
		return 0;
	}
	if (w == NULL)
		w = watch(h, socket);
	if (w == NULL)
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	return uv_poll_start(&w->poll, events, on_poll) == 0 ? 0 : -1;
}

/* --- begin and end ------------------------------------------------------------------------------- */

int http_loop_open(struct http_loop **out, uv_loop_t *loop, CURL *easy, struct http_loop_events on,
                   struct shmpub_error *err)
{
	struct http_loop *h = mem_zalloc(1, sizeof(*h));

	if (h == NULL)
		return error_nomem(err, sizeof(*h));
	*h = (struct http_loop){ .loop = loop, .easy = easy, .on = on, .n_handles = 1 };
	h->multi = curl_multi_init();
	if (h->multi == NULL) {
		mem_free(h);
		return error_set(err, SHMPUB_ERR_NOMEM, "libcurl lacks memory");
	}
	uv_timer_init(loop, &h->timer);
	h->timer.data = h;
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_add_handle(h->multi,
	                      easy); /* asks for the timer: the rest comes from the loop */
	*out = h;
	return SHMPUB_OK;
}

void http_loop_close(struct http_loop *h)
{
	h->is_closing = true;
	curl_multi_remove_handle(h->multi, h->easy);
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
	uv_timer_stop(&h->timer);
	uv_close((uv_handle_t *)&h->timer, on_timer_closed);
}
