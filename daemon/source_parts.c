#include "source.h"

#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"
#include "file_set.h"

/*
 * The engine knows lines of the whole text. The text is read once more, and its lines are counted
 * as the engine does it, until the part is found that has the line.
 */

#define READ_AT_ONCE ((size_t)256 * 1024)

struct count {
	const struct byte_parts *parts;
	uint64_t line, at; /* of the next byte */
	bool is_cr;        /* the byte before is \r, which ends a line unless \n follows */
	size_t n;          /* so many parts have begun */
	uint64_t begin;    /* the line at which the last of them, or the header, begins */
};

/* False: `wanted` comes before the next part. */
static bool begin_parts(struct count *c, uint64_t wanted)
{
	const struct byte_parts *p = c->parts;

	while (c->n < p->n_begun && p->begin[c->n] == c->at) {
		uint64_t line = c->line + c->is_cr;

		if (wanted < line)
			return false;
		c->begin = line;
		c->n++;
	}
	return true;
}

static bool count_piece(struct count *c, struct span piece, uint64_t wanted)
{
	for (size_t i = 0; i < piece.size; i++, c->at++) {
		char byte = piece.data[i];

		if (!begin_parts(c, wanted))
			return false;
		c->line += (c->is_cr && byte != '\n') || byte == '\n';
		c->is_cr = byte == '\r';
	}
	return true;
}

/* Sets *c to the part that has the line. */
static int find_part(struct count *c, struct source *s, uint64_t wanted, struct shmpub_error *err)
{
	char *room = mem_alloc(READ_AT_ONCE);
	size_t n = 1;
	int r = room != NULL ? source_rewind(s, err) : error_nomem(err, READ_AT_ONCE);

	while (!r && n > 0) {
		r = source_read(s, room, READ_AT_ONCE, &n, err);
		if (!r && !count_piece(c, span_of(room, n), wanted))
			break;
	}
	mem_free(room);
	return r;
}

static int put_part(struct source *s, struct shmpub_error *err)
{
	struct count c = { .parts = s->parts, .line = 1, .begin = 1 };
	struct shmpub_error why;
	struct span name;
	char path[4096];
	int r = find_part(&c, s, err->line, &why);

	if (r)
		return r;
	name = s->parts->names[c.n > 0 ? c.n - 1 : 0];
	snprintf(path, sizeof(path), "%.*s%.*s", (int)file_set_fixed_size(s->path), s->path,
	         (int)name.size, name.data);
	error_move_line(err, err->line - c.begin +
	                             (c.n > 0 ? s->parts->line[c.n - 1] : s->parts->header_line));
	error_put_path(err, path);
	return SHMPUB_OK;
}

int source_put_path(struct source *s, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	if (s->parts != NULL && err->line != 0 && err->line != UINT32_MAX)
		r = put_part(s, err);
	else
		error_put_path(err, s->path);
	return r;
}
