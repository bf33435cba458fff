/*
 * The page for Prometheus: a small HTTP server on the loop, which knows GET /metrics and nothing else.
 *
 * Each connection has one request, of 8 KiB at most, and ten seconds. There are 32 connections at one
 * time; when they are taken, the oldest one gives way, so nobody can keep others out by connecting. The
 * loop never waits for a client.
 *
 * Threads:  the loop thread.
 * Lifetime: from metrics_page_open to metrics_page_close, after which the loop must run once more.
 *           METRICS_PAGE_NONE may be closed.
 */
#ifndef SHMPUBD_METRICS_PAGE_H
#define SHMPUBD_METRICS_PAGE_H

#include <stdint.h>
#include <uv.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

#define METRICS_PAGE_CLIENTS 32
#define METRICS_PAGE_MS 10000 /* how long a connection may last */

struct metrics_client;

struct metrics_page {
	uv_loop_t *loop; /* NULL: not open */
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} at;
	const char *path; /* of the socket; NULL: it is an address */
	struct metrics_client *clients;
	size_t n_clients;
	/* Makes the text of the page, which stays as it is until the next call. */
	int (*text)(void *arg, struct span *out, struct shmpub_error *err);
	void *arg;
};
#define METRICS_PAGE_NONE ((struct metrics_page){ .loop = NULL })

/*
 * Listens at `address` (listen_address.h), which must live as long as the page; text and arg are set
 * before. SHMPUB_ERR_SYS: the address is in use, or may not be used. On failure the page must be closed
 * as well.
 */
int metrics_page_open(struct metrics_page *p, uv_loop_t *loop, const char *address,
                      struct shmpub_error *err);
/* To be called once a second: ends connections that have lasted too long. */
void metrics_page_tick(struct metrics_page *p);
void metrics_page_close(struct metrics_page *p);

#endif
