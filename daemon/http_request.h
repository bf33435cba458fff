/*
 * What a client of the metrics' page has asked for.
 *
 * Threads: a pure function of bytes that may be hostile.
 */
#ifndef SHMPUBD_HTTP_REQUEST_H
#define SHMPUBD_HTTP_REQUEST_H

#include "base/span.h"

#define HTTP_REQUEST_MAX 8192 /* bytes of a request, its headers included */

enum http_verdict {
	HTTP_MORE, /* the request is not complete */
	HTTP_GET,
	HTTP_HEAD,
	HTTP_BAD_REQUEST,
	HTTP_NOT_FOUND, /* another path than /metrics */
	HTTP_WRONG_METHOD,
	HTTP_TOO_LARGE,
	HTTP_WRONG_VERSION,
};

/* `bytes`: all that the client has sent so far. */
enum http_verdict http_request_judge(struct span bytes);

#endif
