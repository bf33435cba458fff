#include "refresh.h"

#include <uv.h>
#include "base/error.h"
#include "content_hash.h"

/*
 * Where bytes become a table and a table becomes a segment. Everything here runs on a
 * worker over a struct refresh that is its own for the time; nothing is seen by
 * readers until the loop thread commits.
 */

void refresh_look(struct refresh *r)
{
	bool rests = !r->is_forced && source_file_rests(r->config->source, &r->seen);

	r->result = rests ? SOURCE_UNCHANGED : SHMPUB_OK;
}

void refresh_read(struct refresh *r)
{
	struct source_request q = {
		.path = r->config->source,
		.seen = r->is_forced ? NULL : &r->seen,
		.waited = r->waited,
		.max_size = r->max_bytes,
	};
	uint64_t start = uv_hrtime();

	r->text.size = 0;
	r->result = source_file_read(&r->text, &r->mark, &q, &r->error);
	if (r->result == SHMPUB_OK) {
		r->read_ns = uv_hrtime() - start;
		r->hash = content_hash(buffer_span(&r->text), r->hash_seed);
		/* Rewritten with the same content: the mark is new, the table is not. */
		if (!r->is_forced && r->hash == r->seen_hash)
			r->result = SOURCE_UNCHANGED;
	}
	if (r->result != SHMPUB_OK)
		buffer_free(&r->text);
}

static bool wants_article(const struct article_draft *d)
{
	return d->is_wanted[ARTICLE_CSV] || d->is_wanted[ARTICLE_ARRAY];
}

static int build_article(struct refresh *r)
{
	struct snapshot_view view = SNAPSHOT_VIEW_NONE;
	int result = snapshot_view_init(&view, publication_bytes(r->publication),
	                                SNAPSHOT_CHECK_BOUNDS, &r->error);

	if (result)
		return result;
	result = article_prepare(&r->article, r->config, r->instance, buffer_span(&r->text),
	                         &view.table, &r->error);
	snapshot_view_free(&view);
	if (result == SHMPUB_ERR_CSV)
		error_put_path(&r->error, r->config->source);
	return result;
}

/* Of the source, and not of the memory for its table: bounds that a line exceeds as well. */
static bool is_of_source(int result, const struct shmpub_error *err)
{
	return result == SHMPUB_ERR_CSV || result == SHMPUB_ERR_INVALID ||
	       (result == SHMPUB_ERR_LIMIT && err->line != 0);
}

static struct prepare_source source_of(const struct refresh *r)
{
	return (struct prepare_source){
		.bytes = byte_source_of(buffer_span(&r->text)),
		.origin = { .feed = span_str(r->config->name),
		            .source = span_str(r->config->source) },
		.mtime_ns = r->mark.mtime_ns,
		.read_ns = r->read_ns,
	};
}

void refresh_try(struct refresh *r, const struct snapshot_memory *memory, uint64_t *size)
{
	struct prepare_source source = source_of(r);

	r->result = prepare_csv_memory(memory, size, &source, r->config->csv, r->runner, &r->error);
	if (is_of_source(r->result, &r->error))
		error_put_path(&r->error, r->config->source);
}

void refresh_build(struct refresh *r)
{
	struct prepare_source source = source_of(r);

	r->result = prepare_csv(r->publication, &r->descriptor, &source, r->config->csv, &r->schema,
	                        r->runner, &r->error);
	if (is_of_source(r->result, &r->error))
		error_put_path(&r->error, r->config->source);
	if (r->result == SHMPUB_OK && wants_article(&r->article))
		r->result = build_article(r);
	buffer_free(&r->text);
}

void refresh_clear(struct refresh *r)
{
	buffer_free(&r->text);
	article_discard(&r->article);
}
