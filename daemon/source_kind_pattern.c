#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "content_hash.h"
#include "file_set.h"
#include "part_head.h"
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
 * does not rest so long is SOURCE_BUSY. Of a set that grows all the time (source.h) each file is
 * read up to its last newline, and files that are new since the list do not count.
 */

enum step { STEP_HEADER, STEP_NEXT, STEP_FILE, STEP_END };

struct pattern {
	const struct source_pattern *request;
	const char *path;
	struct part_request part;
	bool takes_growing;
	struct file_set set;
	struct heads heads;
	struct part_head *part_heads; /* owned; one for each file */
	struct span *names;           /* owned */
	uint64_t *begin, *line;       /* owned; of `parts` */
	struct byte_parts parts;
	uint64_t text_size; /* about how much text there is */

	/* the pass */
	enum step step;
	uint64_t at; /* bytes given so far */
	size_t k;    /* the file */
	struct part_text text;
	struct span pending; /* to be given before anything else */
	struct buffer kept;  /* the memory of `pending`, where lines were left out */
	char last;           /* the last byte that was given of the file; 0: none */
	uint64_t n_expanded; /* bytes of text of compressed files */
};

/* --- opening -------------------------------------------------------------------------------------- */

static void close_pattern(void *body)
{
	struct pattern *p = body;

	part_text_close(&p->text);
	heads_free(&p->heads);
	file_set_free(&p->set);
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

/* Reads the head of a file, and who may read it. */
static int survey_file(struct pattern *p, size_t i, struct shmpub_error *err)
{
	struct set_file *f = &p->set.files[i];
	struct part_request q = p->part;
	struct source_mark readable;
	int r;

	q.takes_growing = p->takes_growing && !f->mark.is_settled;
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
	int r = make_room(p, err);

	heads_init(&p->heads, p->request->csv);
	for (size_t i = 0; i < p->set.n && !r; i++)
		r = survey_file(p, i, err);
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
	if (q->seen != NULL && source_mark_equal(q->seen, mark))
		return SOURCE_UNCHANGED;
	return source_file_must_wait(mark, q) ? SOURCE_FRESH : SHMPUB_OK;
}

static int open_set(struct pattern *p, struct source_mark *mark, const struct source_request *q,
                    struct shmpub_error *err)
{
	uint64_t listed;
	int r = look(p, mark, q, err);

	if (r)
		return r;
	listed = mark->look_hash;
	r = survey(p, err);
	if (r)
		return r;
	*mark = file_set_mark(&p->set);
	p->takes_growing = mark->is_cut;
	p->parts.header_line = p->heads.header_line;
	return listed == mark->look_hash || mark->is_cut ? SHMPUB_OK : SOURCE_BUSY;
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
	p->takes_growing = q->takes_growing;
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

static int make_step(struct pattern *p, char *to, size_t size, size_t *n, struct shmpub_error *err)
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
	return begin_file(p, span_of(to, size), err);
}

static int read_pattern(void *body, uint64_t offset, char *to, size_t size, size_t *n,
                        struct shmpub_error *err)
{
	struct pattern *p = body;
	int r = SHMPUB_OK;

	*n = 0;
	if (offset == 0)
		begin_pass(p);
	while (!r && *n == 0 && p->step != STEP_END) {
		r = make_step(p, to, size, n, err);
		if (!r && *n > 0 && p->step == STEP_FILE)
			p->last = to[*n - 1];
	}
	p->at += r ? 0 : *n;
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

	if (p->takes_growing)
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

const struct source_kind source_kind_pattern = {
	.open = open_pattern,
	.read = read_pattern,
	.let_go = let_go_of_pattern,
	.check = check_pattern,
	.close = close_pattern,
	.parts = parts_of,
};
