#include "part_text.h"

#include "base/error.h"
#include "file_set.h"

/*
 * A file is opened with a look at it and closed with another one, so its bytes are of one state.
 * A later pass opens it again, and expects the same look.
 */

/* --- the file as it is ---------------------------------------------------------------------------- */

static int read_raw(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	struct part_text *t = self;
	uint64_t left = t->mark.size - t->raw_at;
	int r = SHMPUB_OK;

	*n = 0;
	if (left > 0)
		r = source_file_read(t->file, t->raw_at, to, left < size ? (size_t)left : size, n,
		                     err);
	if (!r && left > 0 && *n == 0) /* it has become shorter */
		r = SOURCE_BUSY;
	t->raw_at += *n;
	t->is_raw_failure |= r != SHMPUB_OK;
	return r;
}

/* No file that has gone is a failure: the next attempt lists what is there then. */
static int busy_if_gone(int r, const char *path)
{
	return r < 0 && file_set_is_gone(path) ? SOURCE_BUSY : r;
}

static bool is_expected(const struct part_text *t, const struct source_mark *expected)
{
	if (expected->is_cut)
		return t->mark.device == expected->device && t->mark.inode == expected->inode &&
		       t->mark.size >= expected->size;
	return source_mark_same_look(&t->mark, expected);
}

static int open_file(struct part_text *t, const struct source_mark *expected,
                     const struct part_request *q, struct shmpub_error *err)
{
	bool waits = q->waits_tick && expected == NULL;
	const struct source_request request = {
		.path = t->path,
		.takes_fresh = !waits,
		/* no file is this one: each is another one than at the last look */
		.waited = { .inode = waits ? UINT64_MAX : 0 },
		.takes_growing = q->takes_growing && expected == NULL,
		.insists = q->insists,
	};
	int r = source_file_open(&t->file, &t->mark, &request, err);

	if (r) {
		t->file = NULL;
		return busy_if_gone(r, t->path);
	}
	if (expected == NULL)
		return waits && !t->mark.is_settled ? SOURCE_BUSY : SHMPUB_OK;
	if (!is_expected(t, expected))
		return SOURCE_BUSY;
	t->mark = *expected;
	return SHMPUB_OK;
}

/* --- its text ------------------------------------------------------------------------------------- */

static int recognise(struct part_text *t, const struct part_request *q, struct shmpub_error *err)
{
	const struct expand_format *format;
	char head[EXPAND_HEAD_SIZE];
	size_t n = 0;
	int r = SHMPUB_OK;

	if (t->mark.size > 0)
		r = source_file_read(t->file, 0, head, sizeof(head), &n, err);
	if (r)
		return r;
	format = expand_format_of(span_of(head, n));
	t->is_compressed = format != NULL;
	if (t->is_compressed) {
		expansion_init(&t->expansion, &t->raw, format, q->limit);
		t->text = &t->expansion.source;
	}
	return SHMPUB_OK;
}

int part_text_open(struct part_text *t, const char *path, const struct source_mark *expected,
                   const struct part_request *q, struct shmpub_error *err)
{
	int r;

	*t = (struct part_text){ .path = path };
	t->raw = (struct byte_source){ .self = t, .read = read_raw };
	t->text = &t->raw;
	r = open_file(t, expected, q, err);
	if (!r)
		r = recognise(t, q, err);
	if (!r && q->encoding != CSV_UTF8) {
		t->is_decoded = true;
		csv_decoding_init(&t->decoding, t->text, q->encoding);
		t->text = &t->decoding.source;
	}
	if (r)
		part_text_close(t);
	return r;
}

static int tell_path(struct part_text *t, int r, struct shmpub_error *err)
{
	if (r > 0 || t->is_raw_failure || err == NULL)
		return r;
	if (r == SHMPUB_ERR_CSV && err->line == 0)
		error_put_line(err, t->n_lines + 1);
	error_put_path(err, t->path);
	return err->code = r == SHMPUB_ERR_CSV ? SHMPUB_ERR_INVALID : r;
}

/* Only what is decoded can fail at a line. */
static void note_text(struct part_text *t, struct span text)
{
	for (size_t i = 0; t->is_decoded && i < text.size; i++)
		t->n_lines += text.data[i] == '\n' ||
		              (text.data[i] == '\r' &&
		               !(i + 1 < text.size && text.data[i + 1] == '\n'));
	if (text.size > 0)
		t->last = text.data[text.size - 1];
}

int part_text_read(struct part_text *t, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	int r = t->text->read(t->text->self, to, size, n, err);

	if (r)
		return tell_path(t, r, err);
	note_text(t, span_of(to, *n));
	return *n > 0 ? SHMPUB_OK : source_file_check(t->file, &t->mark, err);
}

int part_text_skip(struct part_text *t, uint64_t size, struct span room, struct shmpub_error *err)
{
	size_t n = 1;
	int r = SHMPUB_OK;

	if (t->text == &t->raw) {
		t->raw_at = size;
		return SHMPUB_OK;
	}
	while (!r && size > 0 && n > 0) {
		size_t wanted = size < room.size ? (size_t)size : room.size;

		r = part_text_read(t, (char *)room.data, wanted, &n, err);
		size -= n;
	}
	return r || size == 0 ? r : SOURCE_BUSY;
}

void part_text_close(struct part_text *t)
{
	csv_decoding_free(&t->decoding);
	expansion_free(&t->expansion);
	source_file_close(t->file);
	t->file = NULL;
}
