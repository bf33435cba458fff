#include "control.h"

#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"
#include "feed.h"

/*
 * A connection waits for attempts by their numbers: an attempt that was under way when the request
 * came may have read the source before, so the next one counts.
 *
 * Whoever may connect may do what the daemon may do, so the bounds are against mistakes. On Windows
 * others can connect, though they can ask nothing; so an idle connection gives way to a new one.
 */

struct wait {
	const struct feed *feed; /* NULL: answered */
	uint64_t attempt;        /* the first one whose end is the answer */
};

struct control_peer {
	uv_pipe_t pipe;
	struct control *control;
	struct control_peer *next;
	char line[CONTROL_LINE_MAX + 1];
	size_t n; /* bytes in line */
	struct wait *waits;
	size_t n_waits, capacity;
	uint64_t heard_ms;
	bool is_closing;
	char input[512];
};

struct answer {
	uv_write_t write;
	char text[];
};

/* --- connections ------------------------------------------------------------------------------ */

static void on_peer_closed(uv_handle_t *handle)
{
	struct control_peer *p = handle->data;

	mem_free(p->waits);
	mem_free(p);
}

static void close_peer(struct control_peer *p)
{
	struct control_peer **at = &p->control->peers;

	if (p->is_closing)
		return;
	p->is_closing = true;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->control->n_peers--;
	uv_close((uv_handle_t *)&p->pipe, on_peer_closed);
}

static void on_written(uv_write_t *write, int status)
{
	struct control_peer *p = write->handle->data;

	if (status != 0)
		close_peer(p);
	mem_free((char *)write - offsetof(struct answer, write));
}

/* Writes "FEED WORDS\n". */
static void answer(struct control_peer *p, struct span feed, const char *words)
{
	size_t size = feed.size + strlen(words) + 2;
	struct answer *a;
	uv_buf_t bytes;

	if (p->is_closing)
		return;
	if (uv_stream_get_write_queue_size((uv_stream_t *)&p->pipe) > CONTROL_UNREAD_MAX) {
		close_peer(p);
		return;
	}
	a = mem_alloc(sizeof(*a) + size + 1);
	if (a == NULL) {
		close_peer(p);
		return;
	}
	(void)snprintf(a->text, size + 1, "%.*s %s\n", (int)feed.size, feed.data, words);
	bytes = uv_buf_init(a->text, (unsigned)size);
	if (uv_write(&a->write, (uv_stream_t *)&p->pipe, &bytes, 1, on_written) != 0) {
		mem_free(a);
		close_peer(p);
	}
}

/* --- waiting ---------------------------------------------------------------------------------- */

static bool add_wait(struct control_peer *p, const struct feed *f)
{
	size_t capacity = p->capacity ? 2 * p->capacity : 16;
	struct wait *more;

	if (p->n_waits == CONTROL_WAITS_MAX)
		return false;
	if (p->n_waits == p->capacity) {
		more = mem_resize(p->waits, capacity * sizeof(*more));
		if (more == NULL)
			return false;
		p->waits = more;
		p->capacity = capacity;
	}
	p->waits[p->n_waits++] = (struct wait){ f, f->n_attempts + 1 };
	return true;
}

/* Answers the waits for the feed's attempts up to that number. */
static void answer_waits(struct control_peer *p, const struct feed *f, uint64_t attempt,
                         const char *words)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_waits; i++) {
		struct wait w = p->waits[i];

		if (w.feed == f && w.attempt <= attempt)
			answer(p, span_str(f->config->name), words);
		else
			p->waits[n++] = w;
	}
	if (n < p->n_waits)
		p->heard_ms = uv_now(p->control->host->loop);
	p->n_waits = n;
}

static void answer_all(struct control *c, const struct feed *f, uint64_t attempt, const char *words)
{
	struct control_peer *p, *after;

	for (p = c->peers; p != NULL; p = after) {
		after = p->next;
		answer_waits(p, f, attempt, words);
	}
}

void control_tell(struct control *c, const struct feed *feed, const struct feed_end *end)
{
	char words[SHMPUB_ERROR_SIZE + 16];

	if (c->peers == NULL)
		return;
	if (end->result == REFRESH_PUBLISHED)
		(void)snprintf(words, sizeof(words), "published %llu %llu",
		               (unsigned long long)end->sequence, (unsigned long long)end->rows);
	else if (end->result == REFRESH_UNCHANGED)
		(void)snprintf(words, sizeof(words), "unchanged");
	else
		(void)snprintf(words, sizeof(words), "failed %s", end->err->message);
	answer_all(c, feed, end->attempt, words);
}

void control_forget(struct control *c, const struct feed *feed)
{
	answer_all(c, feed, UINT64_MAX, "unknown the feed was removed");
}

/* --- requests --------------------------------------------------------------------------------- */

static void refresh(struct control_peer *p, struct span name, bool waits)
{
	const struct control_host *host = p->control->host;
	char words[SHMPUB_ERROR_SIZE + 16];
	struct shmpub_error why;
	struct feed *f = host->find(host->arg, name, &why);

	if (f == NULL) {
		(void)snprintf(words, sizeof(words), "unknown %s", why.message);
		answer(p, name, words);
	} else if (waits && !add_wait(p, f)) {
		answer(p, name, "failed too many requests at a time");
	} else {
		if (!waits)
			answer(p, name, "asked");
		feed_refresh_now(f); /* it may end at once, and close p */
	}
}

/* False: the line is no request. */
static bool take_request(struct control_peer *p)
{
	struct span line = span_of(p->line, p->n);
	const char *blank = memchr(line.data, ' ', line.size);
	struct span word = blank != NULL ? span_of(line.data, (size_t)(blank - line.data)) : line;
	struct span name = SPAN_NONE;

	if (span_is(line, "stop")) {
		p->control->host->stop(p->control->host->arg);
		return true;
	}
	if (blank != NULL)
		name = span_of(blank + 1, line.size - word.size - 1);
	if (name.size == 0 || (!span_is(word, "refresh") && !span_is(word, "ask")))
		return false;
	refresh(p, name, word.size == 7);
	return true;
}

static void take_bytes(struct control_peer *p, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size && !p->is_closing; i++) {
		if (bytes[i] == '\n') {
			if (!take_request(p))
				close_peer(p);
			p->n = 0;
		} else if (p->n == CONTROL_LINE_MAX) {
			close_peer(p);
		} else {
			p->line[p->n++] = bytes[i];
		}
	}
}

static void give_input(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct control_peer *p = handle->data;

	(void)suggested;
	*out = uv_buf_init(p->input, sizeof(p->input));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
	struct control_peer *p = stream->data;

	p->heard_ms = uv_now(p->control->host->loop);
	if (n < 0)
		close_peer(p);
	else
		take_bytes(p, bytes->base, (size_t)n);
}

/* --- listening -------------------------------------------------------------------------------- */

/* Closes the connection that has been idle for the longest time, if there are too many. */
static void make_room(struct control *c)
{
	struct control_peer *oldest = NULL;

	if (c->n_peers < CONTROL_PEERS_MAX)
		return;
	for (struct control_peer *p = c->peers; p != NULL; p = p->next) {
		if (p->n_waits == 0 && (oldest == NULL || p->heard_ms < oldest->heard_ms))
			oldest = p;
	}
	if (oldest != NULL)
		close_peer(oldest);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct control *c = stream->data;
	struct control_peer *p;

	make_room(c);
	p = status == 0 ? mem_zalloc(1, sizeof(*p)) : NULL;
	if (p == NULL)
		return; /* libuv keeps the connection, and calls again with the next one */
	uv_pipe_init(c->host->loop, &p->pipe, 0);
	p->pipe.data = p;
	p->control = c;
	p->next = c->peers;
	p->heard_ms = uv_now(c->host->loop);
	c->peers = p;
	c->n_peers++;
	if (uv_accept(stream, (uv_stream_t *)&p->pipe) != 0 || !control_may_ask(&p->pipe) ||
	    c->n_peers > CONTROL_PEERS_MAX ||
	    uv_read_start((uv_stream_t *)&p->pipe, give_input, on_read) != 0)
		close_peer(p);
}

static int listen_now(struct control *c, struct shmpub_error *err)
{
	int r;

	uv_pipe_init(c->host->loop, &c->pipe, 0);
	c->pipe.data = c;
	c->is_listening = true; /* the handle must be closed */
	r = control_bind(&c->pipe, c->place, c->host->instance_path, err);
	if (r)
		return r;
	r = uv_listen((uv_stream_t *)&c->pipe, 128, on_connection);
	if (r == 0)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_SYS, "control: listen: %s", uv_strerror(r));
}

/* The handle is memory of `c`, which is used again only when the loop has closed it. */
static void on_closed(uv_handle_t *handle)
{
	struct control *c = handle->data;

	c->is_listening = false;
}

static void stop_listening(struct control *c)
{
	if (c->is_listening && !uv_is_closing((uv_handle_t *)&c->pipe)) {
		control_remove(c->place, c->host->instance_path);
		uv_close((uv_handle_t *)&c->pipe, on_closed);
	}
}

int control_open(struct control *c, const struct control_host *host, struct shmpub_error *err)
{
	int r;

	*c = (struct control){ .host = host };
	r = listen_now(c, err);
	if (r)
		stop_listening(c);
	return r;
}

int control_tick(struct control *c, struct shmpub_error *err)
{
	uint64_t now;
	struct control_peer *p, *after;
	int r = SHMPUB_OK;

	if (c->host == NULL)
		return SHMPUB_OK;
	now = uv_now(c->host->loop);
	for (p = c->peers; p != NULL; p = after) {
		after = p->next;
		if (p->n_waits == 0 && now - p->heard_ms >= CONTROL_IDLE_MS)
			close_peer(p);
	}
	if (!c->is_listening)
		r = listen_now(c, err);
	if (r || !control_is_in_place(c->place, c->host->instance_path))
		stop_listening(c);
	return r;
}

void control_close(struct control *c)
{
	struct control_peer *p, *after;

	if (c->host == NULL)
		return;
	stop_listening(c);
	for (p = c->peers; p != NULL; p = after) {
		after = p->next;
		close_peer(p);
	}
}
