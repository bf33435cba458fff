#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"

int buffer_grow(struct buffer *b, size_t more, struct shmpub_error *err)
{
	size_t capacity = b->capacity ? b->capacity : 256;
	char *data;

	if (more > SIZE_MAX / 2 - b->size)
		return error_nomem(err, more);
	while (capacity < b->size + more)
		capacity *= 2;
	data = mem_resize(b->data, capacity);
	if (data == NULL)
		return error_nomem(err, capacity);
	b->data = data;
	b->capacity = capacity;
	return SHMPUB_OK;
}

int buffer_append(struct buffer *b, struct span bytes, struct shmpub_error *err)
{
	int r = buffer_reserve(b, bytes.size, err);

	if (r)
		return r;
	if (bytes.size)
		memcpy(b->data + b->size, bytes.data, bytes.size);
	b->size += bytes.size;
	return SHMPUB_OK;
}

int buffer_zeros(struct buffer *b, size_t n, struct shmpub_error *err)
{
	int r = buffer_reserve(b, n, err);

	if (r)
		return r;
	if (n)
		memset(b->data + b->size, 0, n);
	b->size += n;
	return SHMPUB_OK;
}

int buffer_printf(struct buffer *b, struct shmpub_error *err, const char *format, ...)
{
	va_list args;
	int n, r;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return error_set(err, SHMPUB_ERR_INVALID, "text cannot be formatted");
	r = buffer_reserve(b, (size_t)n + 1, err);
	if (r)
		return r;
	va_start(args, format);
	vsnprintf(b->data + b->size, (size_t)n + 1, format, args);
	va_end(args);
	b->size += (size_t)n;
	return SHMPUB_OK;
}

void buffer_free(struct buffer *b)
{
	mem_free(b->data);
	*b = BUFFER_NONE;
}
