#include "intake.h"

#include <uv.h>
#include "base/alloc.h"
#include "base/error.h"
#include "wait_word.h"

/*
 * The engine may begin again before the end (it looked at the header only) or after it (a type
 * turned out to be another). Every byte is hashed and copied when it comes by for the first
 * time, so both are complete with the first read that meets the end, however many were needed.
 *
 * What is compressed is hashed before it is expanded: so the same content is found at the cost of
 * reading it.
 */

#define HASH_AT_ONCE ((size_t)256 * 1024)
#define AHEAD_MAX ((size_t)256 * 1024)

void intake_begin(struct intake *in, struct source *source, uint64_t hash_seed)
{
	*in = (struct intake){ .source = source, .hash_seed = hash_seed };
	content_hash_begin(&in->hash, hash_seed);
}

int intake_begin_parts(struct intake *in, const struct part_sum *known, struct shmpub_error *err)
{
	parts_hash_free(&in->parts);
	in->n_hashed = in->n_copied = in->text_at = 0;
	in->is_complete = in->is_failed = in->is_told = false;
	in->tail[0] = in->tail[1] = '\0';
	(void)source_rewind(in->source, NULL); /* which cannot fail */
	return parts_hash_begin(&in->parts, in->source->parts, known, err);
}

bool intake_ends_line(const struct intake *in)
{
	char last = in->tail[1] != '\0' ? in->tail[1] : in->tail[0];

	return in->n_hashed == 0 || last == '\n' || last == '\r';
}

uint64_t intake_hash(const struct intake *in)
{
	if (!in->is_complete)
		return 0;
	return in->source->parts != NULL ? in->whole_hash : content_hash_end(&in->hash);
}

/*
 * `bytes` end where the next read begins. Gives back those that come after the first
 * *n_known ones, and counts them.
 */
static struct span take_new(uint64_t *n_known, struct span bytes, uint64_t end)
{
	size_t n = end > *n_known ? (size_t)(end - *n_known) : 0;

	*n_known += n;
	return span_of(bytes.data + (bytes.size - n), n);
}

static int meet_end(struct intake *in)
{
	if (!in->is_complete && in->source->parts != NULL)
		in->whole_hash = parts_hash_end(&in->parts, in->hash_seed);
	in->is_complete = true;
	return in->known_hash != 0 && intake_hash(in) == in->known_hash ? SOURCE_UNCHANGED
	                                                                : SHMPUB_OK;
}

/* --- the source as it is, as a struct byte_source ------------------------------------ */

/* One call that may hang. */
enum call { CALL_READ, CALL_PEEK, CALL_CHECK };

struct piece {
	uint64_t offset; /* of CALL_PEEK */
	char *to;
	size_t size, n;
};

static int ask(struct intake *in, enum call call, struct piece *p, struct shmpub_error *err)
{
	switch (call) {
	case CALL_READ:
		return source_read(in->source, p->to, p->size, &p->n, err);
	case CALL_PEEK:
		return source_peek(in->source, p->offset, p->to, p->size, &p->n, err);
	default:
		return source_check(in->source, err);
	}
}

static int ask_and_wait(struct intake *in, enum call call, struct piece *p,
                        struct shmpub_error *err)
{
	uint64_t start = uv_hrtime();
	bool goes_on = in->waiting == NULL || wait_word_begin(in->waiting);
	int r = goes_on ? ask(in, call, p, err) : SHMPUB_OK;

	if (in->waiting != NULL)
		goes_on &= wait_word_end(in->waiting);
	if (!goes_on)
		r = error_set(err, SHMPUB_ERR_SYS, "%s: given up while it was read",
		              in->source->path);
	*in->read_ns += uv_hrtime() - start;
	if (r == SHMPUB_ERR_INVALID && in->source->parts != NULL)
		in->is_told = true;
	else
		in->is_failed |= r < 0;
	return r;
}

static void add_hashed(struct intake *in, struct span bytes)
{
	if (in->source->parts != NULL)
		parts_hash_add(&in->parts, bytes);
	else
		content_hash_add(&in->hash, bytes);
}

static int read_on(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	struct intake *in = self;
	struct piece p = { .to = to, .size = size };
	int r = ask_and_wait(in, CALL_READ, &p, err);

	*n = p.n;
	if (r)
		return r;
	if (p.n == 0)
		return meet_end(in);
	add_hashed(in, take_new(&in->n_hashed, span_of(to, p.n), in->source->at));
	return SHMPUB_OK;
}

static int peek(void *self, uint64_t offset, char *to, size_t size, size_t *n,
                struct shmpub_error *err)
{
	struct piece p = { .offset = offset, .to = to, .size = size };
	int r = ask_and_wait(self, CALL_PEEK, &p, err);

	*n = p.n;
	return r;
}

static int rewind_source(void *self, struct shmpub_error *err)
{
	struct intake *in = self;
	int r = source_rewind(in->source, err);

	in->is_failed |= r < 0;
	return r;
}

static struct byte_source raw_bytes(struct intake *in)
{
	return (struct byte_source){
		.self = in,
		.read = read_on,
		.rewind = rewind_source,
		.peek = in->source->parts == NULL ? peek : NULL,
		.size = in->source->parts == NULL ? in->source->mark.size : in->source->text_size,
		.parts = in->source->parts,
		.whole = buffer_span(&in->ahead),
	};
}

/* --- text ----------------------------------------------------------------------------------------- */

static int copy_text(struct intake *in, struct span text, struct shmpub_error *err)
{
	in->text_at += text.size;
	if (in->article == NULL)
		return SHMPUB_OK;
	return article_add_text(in->article, take_new(&in->n_copied, text, in->text_at), err);
}

static int read_text(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	struct intake *in = self;
	int r = in->is_compressed ? in->expansion.source.read(&in->expansion, to, size, n, err)
	                          : read_on(in, to, size, n, err);

	for (size_t i = *n > 2 ? *n - 2 : 0; !r && i < *n; i++) {
		in->tail[0] = in->tail[1];
		in->tail[1] = to[i];
	}
	return r ? r : copy_text(in, span_of(to, *n), err);
}

static int rewind_text(void *self, struct shmpub_error *err)
{
	struct intake *in = self;

	in->text_at = 0;
	return in->is_compressed ? in->expansion.source.rewind(&in->expansion, err)
	                         : rewind_source(in, err);
}

struct byte_source intake_bytes(struct intake *in)
{
	struct byte_source bytes = in->is_compressed ? in->expansion.source : raw_bytes(in);

	bytes.self = in;
	bytes.read = read_text;
	bytes.rewind = rewind_text;
	return bytes;
}

static int read_head(struct span *head, char *room, struct intake *in, struct shmpub_error *err)
{
	size_t n = 0;
	int r = SHMPUB_OK;

	if (in->ahead.data != NULL) {
		*head = buffer_span(&in->ahead);
		return r;
	}
	r = peek(in, 0, room, EXPAND_HEAD_SIZE, &n, err);
	*head = span_of(room, r ? 0 : n);
	return r;
}

int intake_recognise(struct intake *in, struct expand_limit limit, struct shmpub_error *err)
{
	const struct expand_format *format;
	char room[EXPAND_HEAD_SIZE];
	struct span head;
	int r;

	if (in->source->parts != NULL)
		return SHMPUB_OK;
	r = read_head(&head, room, in, err);
	if (r)
		return r;
	format = expand_format_of(head);
	if (format == NULL)
		return SHMPUB_OK;
	in->is_compressed = true;
	in->raw = raw_bytes(in);
	expansion_init(&in->expansion, &in->raw, format, limit);
	return SHMPUB_OK;
}

/* --- the end ------------------------------------------------------------------------------------- */

static int hash_again(struct intake *again, struct intake *in, char *room, struct shmpub_error *err)
{
	struct piece p = { .to = room, .size = HASH_AT_ONCE, .n = 1 };
	int r = rewind_source(in, err);

	while (!r && p.n > 0) {
		r = ask_and_wait(in, CALL_READ, &p, err);
		if (!r)
			add_hashed(again, span_of(room, p.n));
	}
	return r ? r : meet_end(again);
}

/*
 * A file that grows has other times at each look, so they cannot tell that somebody cut it and
 * wrote it anew while it was read. Its bytes tell: they are still those that were hashed.
 */
static int compare_again(struct intake *in, struct shmpub_error *err)
{
	char *room = mem_alloc(HASH_AT_ONCE);
	struct intake again;
	int r = SHMPUB_OK;

	if (room == NULL)
		return error_nomem(err, HASH_AT_ONCE);
	intake_begin(&again, in->source, in->hash_seed);
	if (in->source->parts != NULL)
		r = intake_begin_parts(&again, in->parts.known, err);
	if (!r)
		r = hash_again(&again, in, room, err);
	mem_free(room);
	if (!r)
		r = intake_hash(&again) == intake_hash(in) ? SHMPUB_OK : SOURCE_BUSY;
	intake_free(&again);
	return r;
}

int intake_end(struct intake *in, int result, struct shmpub_error *err)
{
	struct shmpub_error why;
	int r;

	if (result > 0 || in->is_failed)
		return result;
	r = ask_and_wait(in, CALL_CHECK, NULL, &why);
	if (r == SHMPUB_OK && in->source->mark.is_cut)
		r = compare_again(in, &why);
	if (r == SHMPUB_OK || (r < 0 && result < 0)) /* of two failures the first is told */
		return result;
	if (r < 0 && err != NULL)
		*err = why;
	return r;
}

int intake_hash_only(struct intake *in, struct shmpub_error *err)
{
	char *piece = mem_alloc(HASH_AT_ONCE);
	size_t n = 1;
	int r = piece != NULL ? SHMPUB_OK : error_nomem(err, HASH_AT_ONCE);

	while (!r && n > 0)
		r = read_on(in, piece, HASH_AT_ONCE, &n, err);
	mem_free(piece);
	return r ? r : rewind_source(in, err);
}

/* --- reading ahead ------------------------------------------------------------------------------- */

int intake_read_ahead(struct intake *in, struct shmpub_error *err)
{
	uint64_t size = in->source->mark.size;
	size_t n = 1;
	int r;

	if (!source_knows_size(in->source) || size > AHEAD_MAX)
		return SHMPUB_OK;
	r = buffer_reserve(&in->ahead, (size_t)size + 1, err); /* one more, to meet the end */
	while (!r && n > 0) {
		r = read_on(in, in->ahead.data + in->ahead.size,
		            in->ahead.capacity - in->ahead.size, &n, err);
		in->ahead.size += n;
	}
	for (size_t at = in->ahead.size > 2 ? in->ahead.size - 2 : 0; at < in->ahead.size; at++) {
		in->tail[0] = in->tail[1];
		in->tail[1] = in->ahead.data[at];
	}
	return r;
}

int intake_copy_ahead(struct intake *in, struct shmpub_error *err)
{
	if (in->ahead.data == NULL || in->is_compressed)
		return SHMPUB_OK;
	return article_add_text(in->article, buffer_span(&in->ahead), err);
}

void intake_free(struct intake *in)
{
	expansion_free(&in->expansion);
	buffer_free(&in->ahead);
	parts_hash_free(&in->parts);
}
