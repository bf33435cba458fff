/* daemon/http_request, daemon/listen_address: what a client asks for, and where it asks. */
#include "unit/check.h"

#include "http_request.h"
#include "listen_address.h"

static const struct {
	const char *label, *text;
	enum http_verdict want;
} requests[] = {
	{ "nothing", "", HTTP_MORE },
	{ "part of a line", "GET /metr", HTTP_MORE },
	{ "headers go on", "GET /metrics HTTP/1.1\r\nHost: x\r\n", HTTP_MORE },
	{ "get", "GET /metrics HTTP/1.1\r\n\r\n", HTTP_GET },
	{ "headers", "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n", HTTP_GET },
	{ "1.0", "GET /metrics HTTP/1.0\r\n\r\n", HTTP_GET },
	{ "bare newlines", "GET /metrics HTTP/1.1\nHost: x\n\n", HTTP_GET },
	{ "empty lines before", "\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n", HTTP_GET },
	{ "query", "GET /metrics?collect[]=x HTTP/1.1\r\n\r\n", HTTP_GET },
	{ "head", "HEAD /metrics HTTP/1.1\r\n\r\n", HTTP_HEAD },
	{ "a body is not read", "GET /metrics HTTP/1.1\r\nContent-Length: 9\r\n\r\n12", HTTP_GET },
	{ "root", "GET / HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND },
	{ "longer path", "GET /metrics/ HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND },
	{ "shorter path", "GET /metric HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND },
	{ "whole URL", "GET http://x/metrics HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND },
	{ "up", "GET /../metrics HTTP/1.1\r\n\r\n", HTTP_NOT_FOUND },
	{ "post", "POST /metrics HTTP/1.1\r\n\r\n", HTTP_WRONG_METHOD },
	{ "lower case", "get /metrics HTTP/1.1\r\n\r\n", HTTP_BAD_REQUEST },
	{ "no version", "GET /metrics\r\n\r\n", HTTP_BAD_REQUEST },
	{ "no path", "GET  HTTP/1.1\r\n\r\n", HTTP_BAD_REQUEST },
	{ "http/2", "GET /metrics HTTP/2.0\r\n\r\n", HTTP_WRONG_VERSION },
	{ "http/2 by knowledge", "PRI * HTTP/2.0\r\n\r\n", HTTP_WRONG_VERSION },
	{ "tls", "\x16\x03\x01\x02", HTTP_BAD_REQUEST },
	{ "a colon first", ": x\r\n\r\n", HTTP_BAD_REQUEST },
	{ "spaces only", "   \r\n\r\n", HTTP_BAD_REQUEST },
};

static void test_requests(void)
{
	static char large[HTTP_REQUEST_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		struct span text = span_str(requests[i].text);

		CHECK_INT(requests[i].label, http_request_judge(text), requests[i].want);
		/* Each beginning of a request is judged when it arrives, and must not crash. */
		for (size_t n = 0; n < text.size; n++)
			(void)http_request_judge(span_of(text.data, n));
	}
	CHECK_INT("a NUL", http_request_judge(span_of("GET /\0 HTTP/1.1\r\n\r\n", 19)),
	          HTTP_BAD_REQUEST);
	memset(large, 'A', sizeof(large));
	CHECK_INT("as large as may be", http_request_judge(span_of(large, HTTP_REQUEST_MAX)),
	          HTTP_MORE);
	CHECK_INT("too large", http_request_judge(span_of(large, sizeof(large))), HTTP_TOO_LARGE);
}

static const struct {
	const char *text;
	bool is_good, is_local;
} addresses[] = {
	{ "127.0.0.1:9464", true, true },
	{ "127.1.2.3:1", true, true },
	{ "localhost:9464", true, true },
	{ "0.0.0.0:9464", true, false },
	{ "192.168.0.1:65535", true, false },
	{ "[::1]:9464", true, true },
	{ "[::]:9464", true, false },
	{ "unix:/run/x", true, true },
	{ "unix:", false, false },
	{ "", false, false },
	{ ":", false, false },
	{ ":9464", false, false },
	{ "9464", false, false },
	{ "127.0.0.1", false, false },
	{ "127.0.0.1:", false, false },
	{ "127.0.0.1:65536", false, false },
	{ "127.0.0.1:-1", false, false },
	{ "127.0.0.1:99999999999999999999", false, false },
	{ "127.0.0:1", false, false },
	{ "::1:9464", false, false },
	{ "[::1]", false, false },
	{ "[]:1", false, false },
	{ "[127.0.0.1]:1", false, false },
	{ "example.org:80", false, false },
	{ "http://127.0.0.1:1", false, false },
};

static void test_addresses(void)
{
	struct listen_address at;
	struct shmpub_error err;

	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		int r = listen_address_parse(&at, addresses[i].text, &err);

		CHECK_INT(addresses[i].text, r,
		          addresses[i].is_good ? SHMPUB_OK : SHMPUB_ERR_INVALID);
		if (r == SHMPUB_OK)
			CHECK_INT(addresses[i].text, listen_address_is_local(&at),
			          addresses[i].is_local);
	}
}

int main(void)
{
	test_requests();
	test_addresses();
	return check_report();
}
