/*
 * A span points to bytes that somebody else owns. No NUL follows them. Spans are passed by
 * value; they must not outlive the bytes.
 */
#ifndef SHMPUB_BASE_SPAN_H
#define SHMPUB_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *data;
	size_t size;
};

#define SPAN_NONE ((struct span){ NULL, 0 })

static inline struct span span_of(const char *data, size_t size)
{
	return (struct span){ data, size };
}

static inline struct span span_str(const char *s)
{
	return (struct span){ s, strlen(s) };
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool span_is(struct span a, const char *s)
{
	return span_eq(a, span_str(s));
}

/* Returns the precision for a "%.*s" that shows at most `most` bytes of the span. */
static inline int span_shown(struct span s, size_t most)
{
	return (int)(s.size < most ? s.size : most);
}

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
