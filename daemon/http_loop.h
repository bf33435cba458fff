/*
 * One transfer by libcurl on a libuv loop: libcurl's multi interface tells which sockets and which
 * time it waits for, and libuv waits. Nothing here blocks.
 *
 * Threads:  the loop thread.
 * Lifetime: `ended` is called at most once, from the loop and never from within a call of this
 *           header. http_loop_close() may be called from there or at any other time, once;
 *           `closed` is the last that is heard, and the loop is freed by then.
 * Source:   https://curl.se/libcurl/c/libcurl-multi.html, "multi_socket".
 */
#ifndef SHMPUBD_HTTP_LOOP_H
#define SHMPUBD_HTTP_LOOP_H

#include <curl/curl.h>
#include <uv.h>
#include "shmpub/shmpub.h"

struct http_loop;

struct http_loop_events {
	void (*ended)(void *arg, CURLcode code);
	void (*closed)(void *arg);
	void *arg;
};

/* Begins the transfer of `easy`, which stays the caller's until http_loop_close(). */
int http_loop_open(struct http_loop **out, uv_loop_t *loop, CURL *easy, struct http_loop_events on,
                   struct shmpub_error *err);
/* Ends the transfer, if it is under way, and frees `easy`. */
void http_loop_close(struct http_loop *h);

#endif
