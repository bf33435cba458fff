#include "pattern.h"

#include <uv.h>
#include "base/alloc.h"
#include "base/error.h"
#include "content_hash.h"

/* Each file is copied as soon as it can be read as a whole; one that was replaced meanwhile, anew. */

#define CAPTURE_TRIES 5
#define CAPTURE_PAUSE_MS 13 /* longer than a tick of the clock */
#define CAPTURE_AT_ONCE ((size_t)256 * 1024)

/* Gives the text of one file to the spool, if `is_kept`, and to the hash. */
static int copy_file(struct pattern *p, size_t i, bool is_kept, uint64_t *hash, char *room,
                     struct shmpub_error *err)
{
	struct content_hash h;
	int r = SHMPUB_OK;
	size_t n;

	content_hash_begin(&h, 0);
	p->k = i;
	p->step = STEP_NEXT;
	while (!r && (p->k == i || p->pending.size > 0)) {
		n = 0;
		r = pattern_step(p, room, CAPTURE_AT_ONCE, &n, err);
		if (r || n == 0)
			continue;
		pattern_note(p, room, n);
		content_hash_add(&h, span_of(room, n));
		if (is_kept)
			r = spool_write(&p->spool, p->spool_directory, span_of(room, n), err);
	}
	*hash = content_hash_end(&h);
	return r;
}

/*
 * A file that grows has other times at each look: that nobody cut it and wrote it anew while it was
 * copied shows when it is read again.
 */
static int capture_text(struct pattern *p, size_t i, char *room, struct shmpub_error *err)
{
	uint64_t hash, again, at = p->at, n_expanded = p->n_expanded;
	int r = copy_file(p, i, true, &hash, room, err);

	if (r || !p->set.files[i].mark.is_cut)
		return r;
	p->at = at;
	p->n_expanded = n_expanded;
	r = copy_file(p, i, false, &again, room, err);
	return r || again == hash ? r : SOURCE_BUSY;
}

/* Its path stays: the head of the first file may be told by it. */
static void drop_file(struct pattern *p, size_t i)
{
	struct set_file gone = p->set.files[i];
	size_t after = p->set.n - i - 1;

	memmove(&p->set.files[i], &p->set.files[i + 1], after * sizeof(gone));
	memmove(&p->names[i], &p->names[i + 1], after * sizeof(*p->names));
	p->set.files[--p->set.n] = gone;
	p->n_gone++;
	p->parts.n = p->set.n;
}

static int capture_once(struct pattern *p, size_t i, char *room, struct shmpub_error *err)
{
	uint64_t before = p->spool.size, n_expanded = p->n_expanded;
	int r = pattern_survey_file(p, i, err);

	p->pending = SPAN_NONE;
	p->parts.n_begun = i;
	if (!r && i == 0)
		r = spool_write(&p->spool, p->spool_directory, buffer_span(&p->heads.header), err);
	p->at = p->spool.size;
	if (!r)
		r = capture_text(p, i, room, err);
	part_text_close(&p->text);
	if (r) {
		spool_cut(&p->spool, before);
		p->n_expanded = n_expanded;
	}
	return r;
}

/* *is_gone: the file is not there any more. */
static int capture_file(struct pattern *p, size_t i, bool *is_gone, char *room,
                        struct shmpub_error *err)
{
	int r = capture_once(p, i, room, err);

	for (int t = 1; t < CAPTURE_TRIES && r == SOURCE_BUSY; t++) {
		*is_gone = file_set_is_gone(p->set.files[i].path);
		if (*is_gone)
			break;
		uv_sleep(CAPTURE_PAUSE_MS);
		r = capture_once(p, i, room, err);
	}
	return r;
}

int pattern_capture(struct pattern *p, struct shmpub_error *err)
{
	char *room = mem_alloc(CAPTURE_AT_ONCE);
	int r = room != NULL ? SHMPUB_OK : error_nomem(err, CAPTURE_AT_ONCE);
	bool is_gone = false;

	for (size_t i = 0; i < p->set.n && !r; i += !is_gone) {
		is_gone = false;
		r = capture_file(p, i, &is_gone, room, err);
		if (!is_gone)
			continue;
		drop_file(p, i);
		r = p->set.n > 0 ? SHMPUB_OK : SOURCE_BUSY;
	}
	mem_free(room);
	return r;
}
