/*
 * Bytes in heap memory that can be appended to.
 *
 * Threads:  a buffer belongs to one thread at a time.
 * Lifetime: BUFFER_NONE is an empty buffer and may be freed. buffer_free() makes any buffer a
 *           BUFFER_NONE. Appending may move the bytes, so pointers into them become invalid.
 * Errors:   SHMPUB_ERR_NOMEM when memory runs out; the contents are then unchanged.
 */
#ifndef SHMPUB_BASE_BUFFER_H
#define SHMPUB_BASE_BUFFER_H

#include <stddef.h>
#include "base/compiler.h"
#include "base/span.h"
#include "shmpub/shmpub.h"

struct buffer {
	char *data;
	size_t size;
	size_t capacity;
};

#define BUFFER_NONE ((struct buffer){ NULL, 0, 0 })

/* For buffer_reserve() alone. */
int buffer_grow(struct buffer *b, size_t more, struct shmpub_error *err);
/* Makes room for `more` bytes after the contents; `size` stays as it is. */
static inline int buffer_reserve(struct buffer *b, size_t more, struct shmpub_error *err)
{
	return more <= b->capacity - b->size ? SHMPUB_OK : buffer_grow(b, more, err);
}
int buffer_append(struct buffer *b, struct span bytes, struct shmpub_error *err);
/* Appends `n` zero bytes. */
int buffer_zeros(struct buffer *b, size_t n, struct shmpub_error *err);
/* Appends formatted text; SHMPUB_ERR_INVALID when vsnprintf() cannot format it. */
int buffer_printf(struct buffer *b, struct shmpub_error *err, const char *format, ...)
        PRINTF_LIKE(3, 4);
void buffer_free(struct buffer *b);

/* Returns the contents, until the buffer is appended to or freed. */
static inline struct span buffer_span(const struct buffer *b)
{
	return (struct span){ b->data, b->size };
}

#endif
