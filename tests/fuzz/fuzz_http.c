#include "fuzz.h"

#include <string.h>

#include "http_request.h"

/*
 * Any bytes as what a client sends to the metrics' page, in the pieces in which they may arrive. The
 * page is given only to a request that asks for it, and what was judged when a part of the bytes was
 * there is not judged otherwise when more of them are.
 */

static struct span without_empty_lines(struct span bytes)
{
	while (bytes.size > 0 && (bytes.data[0] == '\r' || bytes.data[0] == '\n'))
		bytes = span_of(bytes.data + 1, bytes.size - 1);
	return bytes;
}

/* The bytes begin with "METHOD /metrics", then a query or the version. */
static void claim_asks(struct span bytes, const char *start)
{
	size_t n = strlen(start);

	bytes = without_empty_lines(bytes);
	CLAIM(bytes.size <= HTTP_REQUEST_MAX && memchr(bytes.data, '\0', bytes.size) == NULL);
	CLAIM(bytes.size > n && memcmp(bytes.data, start, n) == 0);
	CLAIM(bytes.data[n] == ' ' || bytes.data[n] == '?');
	CLAIM(memmem(bytes.data, bytes.size, " HTTP/1.", 8) != NULL);
	CLAIM(memmem(bytes.data, bytes.size, "\n\n", 2) != NULL ||
	      memmem(bytes.data, bytes.size, "\n\r\n", 3) != NULL);
}

/* More bytes can only show that there are too many, or that they are no text. */
static void claim_stays(enum http_verdict before, enum http_verdict after)
{
	CLAIM(before == HTTP_MORE || after == before || after == HTTP_TOO_LARGE ||
	      after == HTTP_BAD_REQUEST);
	CLAIM(before != HTTP_BAD_REQUEST || after == HTTP_BAD_REQUEST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum http_verdict verdict = HTTP_MORE, before;
	size_t step = size > 0 ? data[0] % 16u + 1 : 1;
	char *bytes;

	if (size < 2)
		return 0;
	for (size_t n = 0; n < size - 1;) {
		n = n + step < size - 1 ? n + step : size - 1;
		bytes = malloc(n); /* just that size: a byte behind it is none of the client's */
		CLAIM(bytes != NULL);
		memcpy(bytes, data + 1, n);
		before = verdict;
		verdict = http_request_judge(span_of(bytes, n));
		CLAIM(verdict <= HTTP_WRONG_VERSION);
		claim_stays(before, verdict);
		if (verdict == HTTP_GET)
			claim_asks(span_of(bytes, n), "GET /metrics");
		if (verdict == HTTP_HEAD)
			claim_asks(span_of(bytes, n), "HEAD /metrics");
		free(bytes);
	}
	return 0;
}
