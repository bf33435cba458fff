#include "source.h"

#include "base/error.h"
#include "source_file.h"
#include "source_kind.h"

/*
 * What is the same for every kind of source: where the next read begins, how many bytes there
 * may be, and whether all of them were of one state.
 *
 * A source that says its size has to give exactly so many bytes. One that says 0, as the files
 * of /proc do, ends where it ends; it never counts as settled, so the next attempt reads it
 * again.
 */

#define READ_AT_ONCE ((size_t)256 * 1024)

static const struct source_kind *kind_of(const struct source_request *q)
{
	if (q->fetched != NULL)
		return &source_kind_spool;
	return q->pattern != NULL ? &source_kind_pattern : &source_kind_file;
}

int source_open(struct source *s, const struct source_request *q, struct shmpub_error *err)
{
	int r;

	*s = SOURCE_NONE;
	s->path = q->path;
	s->max_size = q->max_size;
	s->kind = kind_of(q);
	r = s->kind->open(&s->body, &s->mark, q, err);
	if (r == SHMPUB_OK && s->kind->parts != NULL)
		s->parts = s->kind->parts(s->body, &s->text_size);
	return r;
}

bool source_rests(const char *path, bool is_pattern, const struct source_mark *seen)
{
	return is_pattern ? source_pattern_rests(path, seen) : source_file_rests(path, seen);
}

const struct set_file *source_part_files(const struct source *s)
{
	return s->kind->files != NULL ? s->kind->files(s->body) : NULL;
}

void source_skip_parts(struct source *s, const bool *skips)
{
	s->text_size = s->kind->skip(s->body, skips);
	(void)source_rewind(s, NULL);
}

static int tell_too_large(struct source *s, struct shmpub_error *err)
{
	int r = s->kind->check(s->body, &s->mark, err);

	if (r) /* it was empty when it was opened, and is being written */
		return r;
	error_set(err, SHMPUB_ERR_LIMIT,
	          "more than %llu bytes and no end so far, max_bytes is %llu",
	          (unsigned long long)s->max_size, (unsigned long long)s->max_size);
	error_put_line(err, s->n_lines + 1);
	if (err != NULL)
		error_put_path(err, s->path);
	return SHMPUB_ERR_LIMIT;
}

static void count_lines(struct source *s, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->n_lines += bytes[i] == '\n';
}

static int meet_end(struct source *s, struct shmpub_error *err)
{
	int r;

	if (source_knows_size(s) && s->at != s->mark.size)
		return SOURCE_BUSY;
	r = s->kind->check(s->body, &s->mark, err);
	if (r)
		return r;
	s->kind->let_go(s->body);
	s->is_whole = true;
	s->mark.is_settled &= s->parts != NULL || s->at == s->mark.size;
	return SHMPUB_OK;
}

int source_read(struct source *s, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	*n = 0;
	if (!s->was_short)
		r = s->kind->read(s->body, s->at, to, size, n, err);
	if (r)
		return r;
	if (*n == 0)
		return meet_end(s, err);
	s->at += *n;
	s->is_whole = false;
	s->was_short = *n < size && s->at == s->mark.size && source_knows_size(s);
	if (source_knows_size(s))
		return s->at > s->mark.size ? SOURCE_BUSY : SHMPUB_OK;
	if (s->parts != NULL)
		return SHMPUB_OK;
	if (s->at > s->max_size)
		return tell_too_large(s, err);
	count_lines(s, to, *n);
	return SHMPUB_OK;
}

int source_rewind(struct source *s, struct shmpub_error *err)
{
	(void)err;
	s->at = 0;
	s->was_short = false;
	s->n_lines = 0;
	return SHMPUB_OK;
}

int source_peek(struct source *s, uint64_t offset, char *to, size_t size, size_t *n,
                struct shmpub_error *err)
{
	s->is_whole = false;
	return s->kind->read(s->body, offset, to, size, n, err);
}

int source_check(struct source *s, struct shmpub_error *err)
{
	return s->is_whole ? SHMPUB_OK : s->kind->check(s->body, &s->mark, err);
}

void source_close(struct source *s)
{
	if (s->body != NULL)
		s->kind->close(s->body);
	s->body = NULL;
	s->parts = NULL;
}

/* One byte more than the size, so that the end is seen without growing. */
static int read_open(struct buffer *out, struct source *s, struct shmpub_error *err)
{
	size_t n = 1, room;
	int r = buffer_reserve(out, (size_t)s->mark.size + 1, err);

	while (!r && n > 0) {
		if (out->size == out->capacity)
			r = buffer_reserve(out, READ_AT_ONCE, err);
		room = out->capacity - out->size;
		if (!r)
			r = source_read(s, out->data + out->size, room, &n, err);
		out->size += r ? 0 : n;
	}
	return r;
}

int source_read_all(struct buffer *out, struct source_mark *mark, const struct source_request *q,
                    struct shmpub_error *err)
{
	struct source s = SOURCE_NONE;
	int r = source_open(&s, q, err);

	if (r == SHMPUB_OK && s.mark.size > q->max_size)
		r = error_set(err, SHMPUB_ERR_LIMIT, "%s: %llu bytes, %llu are the most", q->path,
		              (unsigned long long)s.mark.size, (unsigned long long)q->max_size);
	if (r == SHMPUB_OK)
		r = read_open(out, &s, err);
	if (r == SHMPUB_OK || r == SOURCE_FRESH)
		*mark = s.mark;
	source_close(&s);
	return r;
}
