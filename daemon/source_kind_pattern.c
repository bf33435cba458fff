#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "pattern.h"
#include "source_file.h"
#include "source_kind.h"

/*
 * All files that match a pattern, in the order of their names, as one text: the header of the
 * first one, and of each file its rows. It is UTF-8: each file is expanded and decoded by itself.
 *
 * The files are listed and looked at, which is all that an unchanged set costs. Else each file is
 * opened for its head, which shows who may read it, and whether it has the columns of the first.
 * A pass opens one file at a time, and expects that it looks as it did. At the end of a pass the
 * files are listed and looked at once more. So all bytes are of one state of the set; a set that
 * does not rest so long is SOURCE_BUSY.
 *
 * A set that is busy again and again (request->insists) may never be found at rest: many programs replace
 * their files all the time. Then each file is captured: its text goes to a spool at once, and is of
 * one state of this file, as its writer left it. A file that only grows (request->takes_growing) is
 * captured up to its last newline.
 */

/* --- the files ------------------------------------------------------------------------------------- */

static void close_pattern(void *body)
{
	struct pattern *p = body;

	part_text_close(&p->text);
	heads_free(&p->heads);
	p->set.n += p->n_gone;
	file_set_free(&p->set);
	spool_close(&p->spool);
	buffer_free(&p->kept);
	mem_free(p->part_heads);
	mem_free(p->names);
	mem_free(p->begin);
	mem_free(p->line);
	mem_free(p);
}

static int make_room(struct pattern *p, struct shmpub_error *err)
{
	size_t n = p->set.n;

	p->part_heads = mem_zalloc(n, sizeof(*p->part_heads));
	p->names = mem_zalloc(n, sizeof(*p->names));
	p->begin = mem_zalloc(n, sizeof(*p->begin));
	p->line = mem_zalloc(n, sizeof(*p->line));
	if (p->part_heads == NULL || p->names == NULL || p->begin == NULL || p->line == NULL)
		return error_nomem(err, n * sizeof(*p->part_heads));
	for (size_t i = 0; i < n; i++) {
		p->names[i] = span_str(p->set.files[i].name);
		if (p->request->column != NULL &&
		    utf8_valid_prefix(p->names[i]) != p->names[i].size)
			return error_set(err, SHMPUB_ERR_INVALID,
			                 "%s: not UTF-8, so filename_column cannot have it",
			                 p->set.files[i].path);
	}
	p->parts = (struct byte_parts){
		.n = n,
		.begin = p->begin,
		.line = p->line,
		.names = p->names,
		.column = p->request->column != NULL ? span_str(p->request->column) : SPAN_NONE,
	};
	return SHMPUB_OK;
}

#define USUAL_RATIO 4 /* of text to what it is compressed to */

#define LATELY_NS ((int64_t)1000 * 1000 * 1000)

/* A program that appends may pause within a line, longer than a tick. */
static bool is_written_lately(const struct source_mark *m)
{
	return !m->is_settled || m->mtime_ns > shm_now_ns() - LATELY_NS;
}

int pattern_survey_file(struct pattern *p, size_t i, struct shmpub_error *err)
{
	struct set_file *f = &p->set.files[i];
	struct part_request q = p->part;
	struct source_mark readable;
	int r;

	q.takes_growing = p->takes_growing && is_written_lately(&f->mark);
	q.waits_tick = p->is_captured && !q.takes_growing;
	if (q.takes_growing && f->mark.size == 0)
		return SOURCE_BUSY;
	r = part_text_open(&p->text, f->path, NULL, &q, err);
	if (r)
		return r;
	readable = p->text.mark;
	r = heads_add(&p->part_heads[i], &p->heads, &p->text, err);
	p->text_size += readable.size * (p->text.is_compressed ? USUAL_RATIO : 1);
	f->mark = readable;
	part_text_close(&p->text);
	return r;
}

static int survey(struct pattern *p, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; i < p->set.n && !r; i++)
		r = pattern_survey_file(p, i, err);
	return r;
}

static int look(struct pattern *p, struct source_mark *mark, const struct source_request *q,
                struct shmpub_error *err)
{
	int r = file_set_look(&p->set, q->path, err);

	if (!r && p->set.n == 0)
		return file_set_tell_none(q->path, err);
	if (r)
		return r;
	*mark = file_set_mark(&p->set);
	p->is_captured = (q->insists || q->takes_growing) && q->settle_ms == 0 &&
	                 mark->size <= p->part.limit.most;
	p->takes_growing = q->takes_growing && p->is_captured;
	if (q->seen != NULL && source_mark_equal(q->seen, mark))
		return SOURCE_UNCHANGED;
	return !p->is_captured && source_file_must_wait(mark, q) ? SOURCE_FRESH : SHMPUB_OK;
}

/* --- reading -------------------------------------------------------------------------------------- */

static void begin_pass(struct pattern *p)
{
	part_text_close(&p->text);
	p->step = STEP_HEADER;
	p->at = p->n_expanded = 0;
	p->k = 0;
	p->pending = buffer_span(&p->heads.header);
}

/* The threads that fill from an earlier pass may still look at what it has noted. */
static int note_begin(struct pattern *p)
{
	if (p->k < p->parts.n_begun)
		return p->begin[p->k] == p->at ? SHMPUB_OK : SOURCE_BUSY;
	p->begin[p->k] = p->at;
	p->line[p->k] = p->part_heads[p->k].rows_line;
	p->parts.n_begun = p->k + 1;
	return SHMPUB_OK;
}

static int begin_file(struct pattern *p, struct span room, struct shmpub_error *err)
{
	const struct set_file *f = &p->set.files[p->k];
	const struct part_head *head = &p->part_heads[p->k];
	int r = part_text_open(&p->text, f->path, &f->mark, &p->part, err);

	if (!r)
		r = part_text_skip(&p->text, head->rows_at, room, err);
	if (!r && head->has_skips)
		r = heads_skip_lines(&p->kept, &p->heads, head, &p->text, err);
	if (r)
		return r;
	if (head->has_skips)
		p->pending = buffer_span(&p->kept);
	p->text.last = p->text.last == '\0' ? head->before : p->text.last;
	p->last = '\0';
	p->step = STEP_FILE;
	return note_begin(p);
}

static bool ends_line(char last)
{
	return last == '\n' || last == '\r';
}

/* A \r gets a \n as well, so that no \n of the next file's beginning can join it. */
static int end_file(struct pattern *p, struct shmpub_error *err)
{
	const char *path = p->text.path;
	bool is_ended = ends_line(p->text.last);

	part_text_close(&p->text);
	if (p->request->requires_newline && !is_ended)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: the last line is not ended, and require_newline is set",
		                 path);
	if (p->last != '\0' && p->last != '\n')
		p->pending = span_str("\n");
	p->k++;
	p->step = STEP_NEXT;
	return SHMPUB_OK;
}

static int read_file(struct pattern *p, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	const struct expand_limit *limit = &p->part.limit;
	int r = part_text_read(&p->text, to, size, n, err);

	if (r)
		return r;
	if (*n == 0)
		return end_file(p, err);
	p->n_expanded += p->text.is_compressed ? *n : 0;
	if (p->n_expanded > limit->most)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: more than %llu bytes of compressed text, which is %s",
		                 p->path, (unsigned long long)limit->most, limit->key);
	return SHMPUB_OK;
}

static void give_pending(struct pattern *p, char *to, size_t size, size_t *n)
{
	*n = p->pending.size < size ? p->pending.size : size;
	memcpy(to, p->pending.data, *n);
	p->pending = span_of(p->pending.data + *n, p->pending.size - *n);
}

static int skip_file(struct pattern *p)
{
	int r = note_begin(p);

	p->k++;
	return r;
}

int pattern_step(struct pattern *p, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	if (p->pending.size > 0) {
		give_pending(p, to, size, n);
		return SHMPUB_OK;
	}
	if (p->step == STEP_FILE)
		return read_file(p, to, size, n, err);
	if (p->k == p->set.n) {
		p->step = STEP_END;
		return SHMPUB_OK;
	}
	if (p->skips != NULL && p->skips[p->k])
		return skip_file(p);
	return begin_file(p, span_of(to, size), err);
}

void pattern_note(struct pattern *p, const char *bytes, size_t n)
{
	if (n > 0 && p->step == STEP_FILE)
		p->last = bytes[n - 1];
	p->at += n;
}

static int read_pattern(void *body, uint64_t offset, char *to, size_t size, size_t *n,
                        struct shmpub_error *err)
{
	struct pattern *p = body;
	int r = SHMPUB_OK;

	if (p->is_captured)
		return spool_read(&p->spool, offset, to, size, n, err);
	*n = 0;
	if (offset == 0)
		begin_pass(p);
	while (!r && *n == 0 && p->step != STEP_END) {
		r = pattern_step(p, to, size, n, err);
		if (!r)
			pattern_note(p, to, *n);
	}
	return r;
}

/* --- opening ------------------------------------------------------------------------------------ */

static int open_set(struct pattern *p, struct source_mark *mark, const struct source_request *q,
                    struct shmpub_error *err)
{
	uint64_t listed;
	int r = look(p, mark, q, err);

	if (r)
		return r;
	listed = mark->look_hash;
	heads_init(&p->heads, p->request->csv);
	r = make_room(p, err);
	if (!r)
		r = p->is_captured ? pattern_capture(p, err) : survey(p, err);
	if (r)
		return r;
	*mark = file_set_mark(&p->set);
	p->parts.header_line = p->heads.header_line;
	return listed == mark->look_hash || p->is_captured ? SHMPUB_OK : SOURCE_BUSY;
}

static int open_pattern(void **body, struct source_mark *mark, const struct source_request *q,
                        struct shmpub_error *err)
{
	struct pattern *p = mem_zalloc(1, sizeof(*p));
	int r;

	if (p == NULL)
		return error_nomem(err, sizeof(*p));
	p->request = q->pattern;
	p->path = q->path;
	p->spool = SPOOL_NONE;
	p->spool_directory = q->spool_directory;
	p->part = (struct part_request){ .encoding = q->pattern->csv->encoding,
		                         .limit = q->pattern->limit,
		                         .insists = q->insists };
	r = open_set(p, mark, q, err);
	if (r)
		close_pattern(p);
	else
		*body = p;
	return r;
}

/* --- the end -------------------------------------------------------------------------------------- */

static void let_go_of_pattern(void *body)
{
	part_text_close(&((struct pattern *)body)->text);
}

static int check_pattern(void *body, const struct source_mark *mark, struct shmpub_error *err)
{
	struct pattern *p = body;
	struct file_set now = FILE_SET_NONE;
	struct source_mark found;
	int r;

	if (p->is_captured)
		return SHMPUB_OK;
	r = file_set_look(&now, p->path, err);
	if (r)
		return r;
	found = file_set_mark(&now);
	file_set_free(&now);
	return found.look_hash == mark->look_hash ? SHMPUB_OK : SOURCE_BUSY;
}

bool source_pattern_rests(const char *pattern, const struct source_mark *seen)
{
	struct file_set now = FILE_SET_NONE;
	struct source_mark found;

	if (file_set_look(&now, pattern, NULL) != SHMPUB_OK)
		return false;
	found = file_set_mark(&now);
	file_set_free(&now);
	return source_mark_equal(seen, &found);
}

static const struct byte_parts *parts_of(void *body, uint64_t *text_size)
{
	struct pattern *p = body;

	*text_size = p->text_size;
	return &p->parts;
}

static const struct set_file *files_of(const void *body)
{
	const struct pattern *p = body;

	return p->is_captured ? NULL : p->set.files;
}

/* Nobody fills from an earlier pass any more, and parts begin at other places now. */
static uint64_t skip_parts(void *body, const bool *skips)
{
	struct pattern *p = body;
	uint64_t all = 0, left = 0;

	for (size_t i = 0; i < p->set.n; i++) {
		all += p->set.files[i].mark.size;
		left += skips != NULL && skips[i] ? 0 : p->set.files[i].mark.size;
	}
	p->skips = skips;
	p->parts.n_begun = 0;
	return all == 0 ? 0 : (uint64_t)((double)p->text_size * ((double)left / (double)all));
}

const struct source_kind source_kind_pattern = {
	.open = open_pattern,
	.read = read_pattern,
	.let_go = let_go_of_pattern,
	.check = check_pattern,
	.close = close_pattern,
	.parts = parts_of,
	.files = files_of,
	.skip = skip_parts,
};
