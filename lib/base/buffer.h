/*
 * A growable run of bytes in heap memory.
 *
 * BUFFER_NONE is an empty buffer and may be freed; buffer_free leaves it so.
 * Growing fails with SHMPUB_ERR_NOMEM and leaves the contents as they were.
 */
#ifndef SHMPUB_BASE_BUFFER_H
#define SHMPUB_BASE_BUFFER_H

#include <stddef.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct buffer {
	char *data;
	size_t size;
	size_t capacity;
};

#define BUFFER_NONE ((struct buffer){ NULL, 0, 0 })

int buffer_reserve(struct buffer *b, size_t more, struct shmpub_error *err);
int buffer_append(struct buffer *b, struct span bytes, struct shmpub_error *err);
int buffer_zeros(struct buffer *b, size_t n, struct shmpub_error *err);
int buffer_printf(struct buffer *b, struct shmpub_error *err, const char *format, ...);
void buffer_free(struct buffer *b);

static inline struct span buffer_span(const struct buffer *b)
{
	return (struct span){ b->data, b->size };
}

#endif
