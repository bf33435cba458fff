#include "spool.h"

#include <string.h>

static int keep_in_memory(struct spool *s, struct span bytes, struct shmpub_error *err)
{
	int r = buffer_append(&s->memory, bytes, err);

	s->size += r ? 0 : bytes.size;
	return r;
}

static int keep_in_file(struct spool *s, struct span bytes, struct shmpub_error *err)
{
	int r = spool_file_write(s->file, s->size, bytes, err);

	s->size += r ? 0 : bytes.size;
	return r;
}

/* Makes the file, and moves to it what was kept in memory. */
static int move_to_file(struct spool *s, const char *directory, struct shmpub_error *err)
{
	int r = spool_file_open(&s->file, directory, err);

	if (!r)
		r = spool_file_write(s->file, 0, buffer_span(&s->memory), err);
	if (!r)
		buffer_free(&s->memory);
	return r;
}

int spool_write(struct spool *s, const char *directory, struct span bytes, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	if (s->file == NULL && bytes.size <= SPOOL_MEMORY_MAX - s->memory.size)
		return keep_in_memory(s, bytes, err);
	if (s->file == NULL)
		r = move_to_file(s, directory, err);
	return r ? r : keep_in_file(s, bytes, err);
}

int spool_read(const struct spool *s, uint64_t offset, char *to, size_t size, size_t *n,
               struct shmpub_error *err)
{
	uint64_t left = offset < s->size ? s->size - offset : 0;

	*n = left < size ? (size_t)left : size;
	if (*n == 0)
		return SHMPUB_OK;
	if (s->file != NULL)
		return spool_file_read(s->file, offset, to, *n, n, err);
	memcpy(to, s->memory.data + offset, *n);
	return SHMPUB_OK;
}

void spool_cut(struct spool *s, uint64_t size)
{
	if (s->size <= size)
		return;
	s->size = size;
	if (s->file == NULL)
		s->memory.size = (size_t)size;
}

void spool_close(struct spool *s)
{
	spool_file_close(s->file);
	buffer_free(&s->memory);
	*s = SPOOL_NONE;
}
