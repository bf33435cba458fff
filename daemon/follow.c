#include "follow.h"

#include "base/error.h"
#include "content_hash.h"
#include "csv/tokenize.h"
#include "heap_block.h"
#include "refresh.h"

/*
 * Adding what is new. The new bytes are read first, and then the head and the block before them are compared with
 * what was read from them before: so they are the bytes that came after those, also if somebody cuts the file and
 * writes it anew meanwhile.
 */

#define FOLLOW_BLOCK 4096u
#define NEW_MOST ((uint64_t)64 << 20) /* more is better read anew, by several threads */

void follow_free(struct follow *f)
{
	buffer_free(&f->head);
	*f = FOLLOW_NONE;
}

/* --- the file ---------------------------------------------------------------------------------------- */

static bool is_same_file(const struct source_mark *a, const struct source_mark *b)
{
	return a->inode != 0 && a->inode == b->inode && a->device == b->device &&
	       a->born_ns == b->born_ns;
}

static bool looks_same(const struct source_mark *a, const struct source_mark *b)
{
	return is_same_file(a, b) && a->whole_size == b->whole_size && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns;
}

void follow_note_failure(struct follow *f, const struct source_mark *mark)
{
	f->failed = *mark;
}

bool follow_read(struct buffer *out, struct refresh *r, uint64_t at, uint64_t size)
{
	uint64_t end = at + size;
	size_t n = 1;

	if (size > SIZE_MAX / 2 || buffer_reserve(out, (size_t)size, NULL) != SHMPUB_OK)
		return false;
	while (at < end && n > 0) {
		if (source_peek(&r->source, at, out->data + out->size, (size_t)(end - at), &n,
		                NULL) != SHMPUB_OK)
			return false;
		out->size += n;
		at += n;
	}
	return at == end;
}

uint64_t follow_hash_before(struct refresh *r, uint64_t at)
{
	uint64_t size = at < FOLLOW_BLOCK ? at : FOLLOW_BLOCK, hash = 0;
	struct buffer block = BUFFER_NONE;

	if (follow_read(&block, r, at - size, size))
		hash = content_hash(buffer_span(&block), r->hash_seed);
	buffer_free(&block);
	return hash;
}

static bool is_as_before(struct refresh *r)
{
	const struct follow *f = r->follow;
	struct buffer head = BUFFER_NONE;
	bool is = f->place.last_hash != 0 &&
	          f->place.last_hash == follow_hash_before(r, f->place.taken) &&
	          follow_read(&head, r, 0, f->head.size) &&
	          span_eq(buffer_span(&head), buffer_span(&f->head));

	buffer_free(&head);
	return is;
}

/* --- whole records ----------------------------------------------------------------------------------- */

bool follow_has_lone_cr(struct span text)
{
	const char *at = text.data, *end = text.data + text.size;

	while (at < end && (at = memchr(at, '\r', (size_t)(end - at))) != NULL) {
		if (++at == end || *at != '\n')
			return true;
	}
	return false;
}

/* How much of `text`, whose last byte ends a line, is whole records: all but one within quotes at its end. */
static size_t whole_records(struct span text, const struct csv_options *options)
{
	struct csv_dialect dialect;
	struct csv_tokenizer t = { .dialect = &dialect, .text = text };
	enum csv_token_answer answer = CSV_RECORD;

	if (options->quote == 0 || memchr(text.data, options->quote, text.size) == NULL)
		return text.size;
	csv_dialect_init(&dialect, options);
	while (answer == CSV_RECORD) {
		uint32_t cut;
		struct csv_record record = { .base = t.at, .cuts = &cut };

		answer = csv_tokenize(&t, &record);
	}
	return answer == CSV_END ? text.size : t.at;
}

/* --- rows -------------------------------------------------------------------------------------------- */

static struct snapshot_stamp stamp_of(const struct refresh *r, const struct follow_place *to,
                                      const struct snapshot_view *v)
{
	return (struct snapshot_stamp){
		.source_mtime_ns = to->mark.mtime_ns,
		.read_ns = r->read_ns,
		.parse_ns = v->stamp.parse_ns,
		.source_size = to->taken,
		.skipped_rows = to->skipped_rows,
		.first_sequence = to->first_sequence,
	};
}

/* Adds the rows of the table after those of the head. Not 0: the file is to be read anew. */
static int add_rows(struct refresh *r, struct follow_place *to, const struct snapshot_view *v)
{
	const struct follow *f = r->follow;
	struct snapshot_stamp stamp = stamp_of(r, to, v);
	int result;

	if (v->table.n_rows < f->head_rows || v->stamp.skipped_rows != f->head_skipped)
		return SNAPSHOT_DIFFERS;
	to->n_rows += v->table.n_rows - f->head_rows;
	result = refresh_expect(r, &r->schema, to->n_rows);
	if (result == SHMPUB_OK)
		result = prepare_append(r->publication, &r->descriptor, &v->table, f->head_rows,
		                        &r->schema, &stamp, &r->error);
	return result;
}

static int parse(struct refresh *r, struct follow_place *to, struct span text)
{
	struct prepare_source source = refresh_source(r);
	struct heap_block block = HEAP_BLOCK_NONE;
	struct snapshot_memory memory = { .reserve = heap_block_reserve, .arg = &block };
	struct snapshot_view view = SNAPSHOT_VIEW_NONE;
	uint64_t size;
	int result;

	source.bytes.self = NULL;
	source.bytes.read = NULL;
	source.bytes.rewind = NULL;
	source.bytes.peek = NULL;
	source.bytes.parts = NULL;
	source.bytes.size = text.size;
	source.bytes.whole = text;
	result = prepare_csv_memory(&memory, &size, &source, r->config->csv, NULL, &r->error);
	if (result == SHMPUB_OK)
		result = snapshot_view_init(&view, span_of(block.at, (size_t)size),
		                            SNAPSHOT_CHECK_BOUNDS, &r->error);
	if (result == SHMPUB_OK)
		result = add_rows(r, to, &view);
	snapshot_view_free(&view);
	heap_block_free(&block);
	return result;
}

/* `text`: the head, and what is new behind it. */
static bool take(struct refresh *r, struct buffer *text)
{
	const struct follow *f = r->follow;
	struct follow_place *to = &r->followed.place;
	struct span fresh = span_of(text->data + f->head.size, text->size - f->head.size);
	size_t n;

	if (!is_as_before(r) || follow_has_lone_cr(fresh))
		return false;
	n = whole_records(fresh, r->config->csv);
	to->taken += n;
	if (n == 0) { /* but a record that is not whole */
		r->result = SOURCE_UNCHANGED;
		return true;
	}
	to->last_hash = follow_hash_before(r, to->taken);
	r->result = parse(r, to, span_of(text->data, f->head.size + n));
	return r->result == SHMPUB_OK;
}

static bool read_and_take(struct refresh *r)
{
	const struct follow *f = r->follow;
	struct buffer text = BUFFER_NONE;
	bool is_taken = buffer_append(&text, buffer_span(&f->head), NULL) == SHMPUB_OK &&
	                follow_read(&text, r, f->place.taken, r->mark.size - f->place.taken) &&
	                take(r, &text);

	buffer_free(&text);
	return is_taken;
}

/*
 * A file that has become shorter, or was written without becoming longer, was not appended to. One that is replaced by
 * another file is that other one.
 */
static bool was_only_appended_to(const struct follow_place *was, const struct source_mark *now)
{
	if (!is_same_file(&was->mark, now) || now->size < was->taken ||
	    now->whole_size < was->mark.whole_size)
		return false;
	return now->whole_size > was->mark.whole_size || now->mtime_ns == was->mark.mtime_ns;
}

uint64_t follow_first_sequence(struct refresh *r)
{
	const struct follow *f = r->follow;

	return !r->is_forced && was_only_appended_to(&f->place, &r->mark) && is_as_before(r)
	               ? f->place.first_sequence
	               : PREPARE_FIRST;
}

bool follow_append(struct refresh *r)
{
	const struct follow *f = r->follow;
	uint64_t n_rows;

	r->followed.place = f->place;
	r->followed.place.mark = r->mark;
	if (r->is_forced)
		return false;
	if (looks_same(&f->place.mark, &r->mark) || looks_same(&f->failed, &r->mark)) {
		r->followed.place = f->place;
		r->result = SOURCE_UNCHANGED;
		return true;
	}
	return f->is_able && publication_grows(r->publication, &n_rows) &&
	       n_rows == f->place.n_rows && was_only_appended_to(&f->place, &r->mark) &&
	       r->mark.size - f->place.taken <= NEW_MOST && read_and_take(r);
}
