#include "refresh.h"

#include "base/alloc.h"
#include "base/error.h"

/*
 * The files of a pattern that look as they did when the snapshot was made have their rows there.
 * These rows are copied, and only the other files are read (prepare_join()). Where the types of the whole
 * do not show so, or anything fails, the refresh begins again and reads all files: what is told and what
 * is published is always what all of them make.
 */

int refresh_begin_parts(struct refresh *r)
{
	bool wants_text = r->article.is_wanted[ARTICLE_CSV];
	int result = SHMPUB_OK;

	if (r->source.parts == NULL)
		return SHMPUB_OK;
	if (!r->is_forced && !wants_text)
		result = kept_files_choose(&r->choice, &r->kept, &r->source, &r->error);
	if (r->choice.skips != NULL)
		source_skip_parts(&r->source, r->choice.skips);
	if (!result)
		result = intake_begin_parts(&r->intake, r->choice.known, &r->error);
	if (!result)
		r->part_rows = mem_zalloc(r->source.parts->n, sizeof(*r->part_rows));
	if (!result && r->part_rows == NULL)
		result = error_nomem(&r->error, r->source.parts->n * sizeof(*r->part_rows));
	return result;
}

static int read_all(struct refresh *r)
{
	kept_choice_free(&r->choice);
	source_skip_parts(&r->source, NULL);
	return intake_begin_parts(&r->intake, NULL, &r->error);
}

static bool is_to_be_read_whole(const struct refresh *r, int result)
{
	return result == INGEST_APART ||
	       (!r->intake.is_failed && !r->rejects.is_ready &&
	        (result == SHMPUB_ERR_CSV || result == SHMPUB_ERR_INVALID ||
	         result == SHMPUB_ERR_LIMIT));
}

static int join(struct refresh *r)
{
	const struct prepare_before before = {
		.bytes = span_of(r->before.addr, r->before.size),
		.sequence = r->kept.sequence,
		.published_ns = r->kept.published_ns,
		.source_size = r->choice.size,
		.has_same_first = r->choice.has_same_first,
		.parts = r->choice.parts,
	};
	struct prepare_source source = refresh_source(r);

	if (r->before.addr == NULL)
		return INGEST_APART;
	return prepare_join(r->publication, &r->descriptor, &source, &before, refresh_options(r),
	                    &r->schema, &r->rejects, r->runner, &r->error);
}

int refresh_make_table(struct refresh *r)
{
	int result = r->choice.skips != NULL ? join(r) : INGEST_APART;
	struct prepare_source source;

	if (r->before.addr != NULL) /* here, because unmapping a large table would keep the loop */
		shm_discard(&r->before);
	if (r->choice.skips != NULL && is_to_be_read_whole(r, result)) {
		result = read_all(r);
		if (result)
			return result;
		result = INGEST_APART;
	}
	if (result != INGEST_APART)
		return result;
	source = refresh_source(r);
	return prepare_csv(r->publication, &r->descriptor, &source, refresh_options(r), &r->schema,
	                   &r->rejects, r->runner, &r->error);
}

void refresh_note_parts(struct refresh *r)
{
	if (r->source.parts != NULL && r->part_rows != NULL)
		kept_files_note(&r->kept_next, &r->source, r->intake.parts.sums, &r->choice,
		                r->part_rows, &r->schema, &r->descriptor);
}
