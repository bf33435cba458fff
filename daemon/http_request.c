#include "http_request.h"

/*
 * One request is answered, and then the connection ends. So of its headers nothing matters but where
 * they end: a body, should there be one, is not read. Lines may end in a bare newline (RFC 9112, 2.2).
 */

static bool has_end(struct span bytes)
{
	for (size_t i = 0; i + 1 < bytes.size; i++) {
		if (bytes.data[i] != '\n')
			continue;
		if (bytes.data[i + 1] == '\n')
			return true;
		if (i + 2 < bytes.size && bytes.data[i + 1] == '\r' && bytes.data[i + 2] == '\n')
			return true;
	}
	return false;
}

static struct span take_word(struct span *line)
{
	const char *blank = memchr(line->data, ' ', line->size);
	size_t n = blank != NULL ? (size_t)(blank - line->data) : line->size;
	struct span word = span_of(line->data, n);

	n += blank != NULL;
	*line = span_of(line->data + n, line->size - n);
	return word;
}

static bool begins_with(struct span text, const char *start)
{
	size_t n = strlen(start);

	return text.size >= n && memcmp(text.data, start, n) == 0;
}

/* A method is of capital letters: what begins otherwise is another protocol. */
static bool is_method(struct span word)
{
	for (size_t i = 0; i < word.size; i++) {
		if (word.data[i] < 'A' || word.data[i] > 'Z')
			return false;
	}
	return word.size > 0 && word.size <= 20;
}

static enum http_verdict judge_line(struct span line)
{
	struct span method = take_word(&line), path = take_word(&line), version = line;
	const char *query = path.size > 0 ? memchr(path.data, '?', path.size) : NULL;

	if (!is_method(method) || path.size == 0 || !begins_with(version, "HTTP/"))
		return HTTP_BAD_REQUEST;
	if (!begins_with(version, "HTTP/1."))
		return HTTP_WRONG_VERSION;
	if (!span_is(method, "GET") && !span_is(method, "HEAD"))
		return HTTP_WRONG_METHOD;
	if (query != NULL)
		path.size = (size_t)(query - path.data);
	if (!span_is(path, "/metrics"))
		return HTTP_NOT_FOUND;
	return span_is(method, "GET") ? HTTP_GET : HTTP_HEAD;
}

enum http_verdict http_request_judge(struct span bytes)
{
	const char *end;
	struct span line;

	while (bytes.size > 0 && (bytes.data[0] == '\r' || bytes.data[0] == '\n'))
		bytes = span_of(bytes.data + 1, bytes.size - 1);
	if (bytes.size == 0)
		return HTTP_MORE;
	if (bytes.data[0] < 'A' || bytes.data[0] > 'Z' ||
	    memchr(bytes.data, '\0', bytes.size) != NULL)
		return HTTP_BAD_REQUEST;
	if (bytes.size > HTTP_REQUEST_MAX)
		return HTTP_TOO_LARGE;
	if (!has_end(bytes))
		return HTTP_MORE;
	end = memchr(bytes.data, '\n', bytes.size);
	line = span_of(bytes.data, (size_t)(end - bytes.data));
	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	return judge_line(line);
}
