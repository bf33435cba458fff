#include "metrics_page.h"

#include <stdio.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "http_request.h"
#include "listen_address.h"

/*
 * A client's life: its bytes are collected until they are a request, the answer is written whole, our
 * side of the connection is closed, and what else arrives is thrown away until the client closes its
 * side: a connection that is closed with bytes unread would be reset, and the answer lost.
 */

struct metrics_client {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} at;
	struct metrics_page *page;
	struct metrics_client *next;
	uint64_t began_ms;
	struct buffer request;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct buffer answer;
	bool is_answered, is_closing;
	char input[2048];
};

static const struct {
	const char *status, *text;
} verdicts[] = {
	[HTTP_GET] = { "200 OK", NULL },
	[HTTP_HEAD] = { "200 OK", NULL },
	[HTTP_BAD_REQUEST] = { "400 Bad Request", "this is no HTTP request\n" },
	[HTTP_NOT_FOUND] = { "404 Not Found", "the page is /metrics\n" },
	[HTTP_WRONG_METHOD] = { "405 Method Not Allowed\r\nAllow: GET, HEAD", "GET or HEAD\n" },
	[HTTP_TOO_LARGE] = { "431 Request Header Fields Too Large", "too large\n" },
	[HTTP_WRONG_VERSION] = { "505 HTTP Version Not Supported", "HTTP/1.1 or HTTP/1.0\n" },
};

/* --- connections ------------------------------------------------------------------------------ */

static void on_client_closed(uv_handle_t *handle)
{
	struct metrics_client *c = handle->data;

	buffer_free(&c->request);
	buffer_free(&c->answer);
	mem_free(c);
}

static void close_client(struct metrics_client *c)
{
	struct metrics_client **at = &c->page->clients;

	if (c->is_closing)
		return;
	c->is_closing = true;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->page->n_clients--;
	uv_close(&c->at.handle, on_client_closed);
}

static void on_shut(uv_shutdown_t *shutdown, int status)
{
	if (status != 0)
		close_client(shutdown->handle->data);
}

static void on_written(uv_write_t *write, int status)
{
	struct metrics_client *c = write->handle->data;

	buffer_free(&c->answer);
	if (status != 0 || uv_shutdown(&c->shutdown, &c->at.stream, on_shut) != 0)
		close_client(c);
}

/* --- answers ---------------------------------------------------------------------------------- */

static int compose(struct metrics_client *c, enum http_verdict verdict, struct shmpub_error *err)
{
	struct span text = SPAN_NONE;
	int r = SHMPUB_OK;

	if (verdicts[verdict].text != NULL)
		text = span_str(verdicts[verdict].text);
	else
		r = c->page->text(c->page->arg, &text, err);
	if (!r)
		r = buffer_printf(&c->answer, err,
		                  "HTTP/1.1 %s\r\n"
		                  "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		                  "Content-Length: %zu\r\nConnection: close\r\n\r\n",
		                  verdicts[verdict].status, text.size);
	if (!r && verdict != HTTP_HEAD)
		r = buffer_append(&c->answer, text, err);
	return r;
}

static void answer(struct metrics_client *c, enum http_verdict verdict)
{
	struct shmpub_error err;
	uv_buf_t bytes;

	c->is_answered = true;
	buffer_free(&c->request);
	if (compose(c, verdict, &err) !=
	    SHMPUB_OK) { /* Prometheus takes this for a failed scrape */
		close_client(c);
		return;
	}
	bytes = uv_buf_init(c->answer.data, (unsigned)c->answer.size);
	if (uv_write(&c->write, &c->at.stream, &bytes, 1, on_written) != 0)
		close_client(c);
}

static void give_input(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct metrics_client *c = handle->data;

	(void)suggested;
	*out = uv_buf_init(c->input, sizeof(c->input));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
	struct metrics_client *c = stream->data;
	enum http_verdict verdict;

	if (n < 0) {
		/* A client may close its side as soon as it has asked. */
		if (!c->is_answered || c->answer.data == NULL)
			close_client(c);
		return;
	}
	if (c->is_answered)
		return;
	if (buffer_append(&c->request, span_of(bytes->base, (size_t)n), NULL) != SHMPUB_OK) {
		close_client(c);
		return;
	}
	verdict = http_request_judge(buffer_span(&c->request));
	if (verdict != HTTP_MORE)
		answer(c, verdict);
}

/* --- listening -------------------------------------------------------------------------------- */

/* The oldest client that has asked nothing yet gives way, or the oldest of all. */
static void make_room(struct metrics_page *p)
{
	struct metrics_client *oldest = NULL;

	if (p->n_clients < METRICS_PAGE_CLIENTS)
		return;
	for (struct metrics_client *c = p->clients; c != NULL; c = c->next) { /* newest first */
		if (oldest == NULL || oldest->is_answered || !c->is_answered)
			oldest = c;
	}
	close_client(oldest);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct metrics_page *p = stream->data;
	struct metrics_client *c;

	make_room(p);
	c = status == 0 ? mem_zalloc(1, sizeof(*c)) : NULL;
	if (c == NULL)
		return; /* libuv keeps the connection, and calls again with the next one */
	if (p->path != NULL)
		uv_pipe_init(p->loop, &c->at.pipe, 0);
	else
		uv_tcp_init(p->loop, &c->at.tcp);
	c->at.handle.data = c;
	c->page = p;
	c->request = c->answer = BUFFER_NONE;
	c->began_ms = uv_now(p->loop);
	c->next = p->clients;
	p->clients = c;
	p->n_clients++;
	if (uv_accept(stream, &c->at.stream) != 0 ||
	    uv_read_start(&c->at.stream, give_input, on_read) != 0)
		close_client(c);
}

static int bind_path(struct metrics_page *p)
{
	uv_fs_t fs;
	int r = uv_fs_lstat(NULL, &fs, p->path, NULL);

	/* A socket that a killed daemon has left is removed; a file is not. */
	if (r == 0 && (fs.statbuf.st_mode & 0170000) == 0140000) {
		uv_fs_req_cleanup(&fs);
		(void)uv_fs_unlink(NULL, &fs, p->path, NULL);
	}
	uv_fs_req_cleanup(&fs);
	r = uv_pipe_bind(&p->at.pipe, p->path);
	/* Who may enter its directory may read the page, as anybody can who reaches an address. */
	return r ? r : uv_pipe_chmod(&p->at.pipe, UV_READABLE | UV_WRITABLE);
}

int metrics_page_open(struct metrics_page *p, uv_loop_t *loop, const char *address,
                      struct shmpub_error *err)
{
	struct listen_address at;
	int r = listen_address_parse(&at, address, err);

	if (r)
		return r;
	p->path = at.path;
	if (p->path != NULL)
		r = uv_pipe_init(loop, &p->at.pipe, 0);
	else
		r = uv_tcp_init(loop, &p->at.tcp);
	if (r == 0) {
		p->loop = loop; /* the handle must be closed from now on */
		p->at.handle.data = p;
		r = p->path != NULL ? bind_path(p)
		                    : uv_tcp_bind(&p->at.tcp, (const struct sockaddr *)&at.ip, 0);
	}
	if (r == 0)
		r = uv_listen(&p->at.stream, 128, on_connection);
	if (r == 0)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_SYS, "metrics_listen: %s: %s", address, uv_strerror(r));
}

void metrics_page_tick(struct metrics_page *p)
{
	struct metrics_client *c, *after;
	uint64_t now;

	if (p->loop == NULL)
		return;
	now = uv_now(p->loop);
	for (c = p->clients; c != NULL; c = after) {
		after = c->next;
		if (now - c->began_ms >= METRICS_PAGE_MS)
			close_client(c);
	}
}

void metrics_page_close(struct metrics_page *p)
{
	struct metrics_client *c, *after;

	if (p->loop == NULL || uv_is_closing(&p->at.handle))
		return;
	for (c = p->clients; c != NULL; c = after) {
		after = c->next;
		close_client(c);
	}
	uv_close(&p->at.handle, NULL);
}
