#include "refresh.h"

#include "base/alloc.h"
#include "base/error.h"
#include "part_head.h"
#include "wait_word.h"

/*
 * Where bytes become a table and a table becomes a segment. Everything here runs on a
 * worker over a struct refresh that is its own for the time; nothing is seen by
 * readers until the loop thread commits.
 */

/* --- a look, and opening --------------------------------------------------------------------------- */

static void begin_waiting(struct refresh *r)
{
	if (r->waiting != NULL)
		(void)wait_word_begin(r->waiting);
}

static void end_waiting(struct refresh *r)
{
	if (r->waiting != NULL)
		(void)wait_word_end(r->waiting);
}

void refresh_look(struct refresh *r)
{
	bool rests;

	begin_waiting(r);
	rests = !r->is_forced &&
	        source_rests(r->config->source, r->config->scheme == SCHEME_PATTERN, &r->seen);
	end_waiting(r);
	r->result = rests ? SOURCE_UNCHANGED : SHMPUB_OK;
}

/* How much text what is compressed may have. */
static struct expand_limit text_limit(const struct refresh *r)
{
	uint64_t own = r->config->max_source;

	if (own != 0 && own < r->max_bytes)
		return (struct expand_limit){ own, "max_source" };
	return (struct expand_limit){ r->max_bytes, "max_bytes" };
}

/* The files of a pattern are read by the feed's options, and their text by what is left of them. */
static const struct source_pattern *set_pattern(struct refresh *r)
{
	if (r->config->scheme != SCHEME_PATTERN)
		return NULL;
	r->pattern = (struct source_pattern){
		.csv = r->config->csv,
		.limit = text_limit(r),
		.requires_newline = r->config->require_newline,
		.column = r->config->filename_column,
	};
	r->text_csv = heads_options(r->config->csv);
	return &r->pattern;
}

const struct csv_options *refresh_options(const struct refresh *r)
{
	return r->config->scheme == SCHEME_PATTERN ? &r->text_csv : r->config->csv;
}

static int open_source(struct refresh *r)
{
	struct source_request q = {
		.path = r->fetched != NULL ? r->config->source_name : r->config->source,
		.fetched = r->fetched,
		.pattern = set_pattern(r),
		.seen = r->is_forced ? NULL : &r->seen,
		.waited = r->waited,
		.waited_ms = r->waited_ms,
		.settle_ms = r->settle_ms,
		.takes_growing = r->takes_growing,
		.insists = r->insists,
		.max_size = r->max_bytes,
		.spool_directory = r->spool_directory,
	};
	int result;

	begin_waiting(r);
	result = source_open(&r->source, &q, &r->error);
	end_waiting(r);
	return result;
}

static void begin_intake(struct refresh *r)
{
	intake_begin(&r->intake, &r->source, r->hash_seed);
	r->intake.read_ns = &r->read_ns;
	r->intake.waiting = r->waiting;
	/* Rewritten with the same content: the mark is new, the table is not. */
	r->intake.known_hash = r->is_forced ? 0 : r->seen_hash;
}

/* Content of another size is another content. */
static bool is_to_be_compared(const struct refresh *r)
{
	return !r->intake.is_complete && r->compares_first && r->intake.known_hash != 0 &&
	       r->mark.size == r->seen.size &&
	       (source_knows_size(&r->source) || r->source.parts != NULL);
}

/* What the source is now, of which only its marks and its hash are left after it is closed. */
static void note_source(struct refresh *r)
{
	if (r->source.body == NULL)
		return;
	r->mark = r->source.mark;
	r->n_files = r->source.parts != NULL ? r->source.parts->n : 0;
	r->hash = intake_hash(&r->intake);
	intake_free(&r->intake);
	source_close(&r->source);
}

void refresh_open(struct refresh *r)
{
	r->read_ns = 0;
	r->hash = 0;
	r->result = open_source(r);
	if (r->result == SHMPUB_OK || r->result == SOURCE_FRESH)
		r->mark = r->source.mark;
	if (r->result != SHMPUB_OK)
		return;
	begin_intake(r);
	r->result = refresh_begin_parts(r);
	if (r->result == SHMPUB_OK && r->follow == NULL) /* which reads what is new only */
		r->result = intake_read_ahead(&r->intake, &r->error);
	if (r->result == SHMPUB_OK && is_to_be_compared(r))
		r->result = intake_hash_only(&r->intake, &r->error);
	if (r->result == SHMPUB_OK)
		r->result = intake_recognise(&r->intake, text_limit(r), &r->error);
	if (r->result == SHMPUB_OK && r->follow != NULL && r->intake.is_compressed)
		r->result = error_set(&r->error, SHMPUB_ERR_INVALID,
		                      "%s: is compressed, and mode = append reads text only",
		                      r->config->source_name);
	if (r->result != SHMPUB_OK)
		note_source(r);
}

#define RECORD_MAX_LEAST CONFIG_ROW_LEAST

/* --- a table --------------------------------------------------------------------------------------- */

/* The error tells of the content, also when it is about a bound that a line exceeds. */
static bool is_of_content(int result, const struct shmpub_error *err)
{
	return result == SHMPUB_ERR_CSV || result == SHMPUB_ERR_INVALID ||
	       (result == SHMPUB_ERR_LIMIT && err->line != 0);
}

/* A record has to be in memory as a whole, beside the snapshots that max_bytes bounds. */
static void bound_records(struct byte_source *bytes, const struct refresh *r)
{
	uint64_t most = r->max_bytes / 4, own = r->config->max_row_bytes;

	bytes->record_max = most > RECORD_MAX_LEAST ? most : RECORD_MAX_LEAST;
	bytes->record_max_name = "a quarter of max_bytes";
	if (own != 0 && own <= bytes->record_max) {
		bytes->record_max = own;
		bytes->record_max_name = "which is max_row_bytes";
	}
}

#define USUAL_RATIO 4 /* about what CSV has; too small a guess costs another pass */

/* How much text a compressed source has, as its size and the last refresh let one guess. */
static uint64_t guess_text_size(const struct refresh *r)
{
	double last = (double)r->schema.source_size, most = (double)text_limit(r).most;
	double ratio = last > 0 && r->seen.size != 0 ? last / (double)r->seen.size : USUAL_RATIO;
	double text = ratio * (double)r->mark.size;

	return text < most ? (uint64_t)text : text_limit(r).most;
}

struct prepare_source refresh_source(struct refresh *r)
{
	struct byte_source bytes = intake_bytes(&r->intake);

	r->intake.waiting = r->waiting; /* another job than the one that opened the source */
	bound_records(&bytes, r);
	if (r->intake.is_compressed)
		bytes.size = guess_text_size(r);
	return (struct prepare_source){
		.bytes = bytes,
		.origin = { .feed = span_str(r->config->name),
		            .source = span_str(r->config->source_name) },
		.mtime_ns = r->mark.mtime_ns,
		.first_sequence = r->first_sequence,
		.read_ns = &r->read_ns,
		.part_rows = r->part_rows,
	};
}

static int put_path(struct refresh *r)
{
	int result = SHMPUB_OK;

	if (r->source.parts == NULL) {
		error_put_path(&r->error, r->config->source_name);
		return result;
	}
	begin_waiting(r);
	result = source_put_path(&r->source, &r->error);
	end_waiting(r);
	return result;
}

/* The source may have changed under the engine, which is then no better than what it read. */
static void end_reading(struct refresh *r, int result)
{
	int told = SHMPUB_OK;

	r->result = intake_end(&r->intake, result, &r->error);
	r->is_source_failure = r->intake.is_failed;
	if (!r->is_source_failure && !r->intake.is_told && is_of_content(r->result, &r->error))
		told = put_path(r);
	if (told > 0)
		r->result = told;
	if (r->result == SHMPUB_OK)
		refresh_note_parts(r);
	note_source(r);
}

void refresh_try(struct refresh *r, const struct snapshot_memory *memory, uint64_t *size)
{
	struct prepare_source source = refresh_source(r);

	end_reading(r, prepare_csv_memory(memory, size, &source, refresh_options(r), r->runner,
	                                  &r->error));
}

static int build_article(struct refresh *r)
{
	struct snapshot_view view = SNAPSHOT_VIEW_NONE;
	int result = snapshot_view_init(&view, publication_bytes(r->publication),
	                                SNAPSHOT_CHECK_BOUNDS, &r->error);

	if (result)
		return result;
	result = article_prepare(&r->article, r->config, r->instance, &view.table, &r->error);
	snapshot_view_free(&view);
	if (result == SHMPUB_ERR_CSV)
		error_put_path(&r->error, r->config->source_name);
	return result;
}

static bool wants_article(const struct article_draft *d)
{
	return d->is_wanted[ARTICLE_CSV] || d->is_wanted[ARTICLE_ARRAY];
}

static bool is_text_larger(const struct refresh *r)
{
	return r->intake.is_compressed || r->source.parts != NULL;
}

static int begin_text(struct refresh *r)
{
	int result = article_begin_text(&r->article, r->config, r->instance,
	                                is_text_larger(r) ? 0 : r->mark.size, r->max_bytes,
	                                &r->error);

	r->intake.article = &r->article;
	return result ? result : intake_copy_ahead(&r->intake, &r->error);
}

/* What is new of a file that grows. False: there is more to do than to add rows. */
static bool append(struct refresh *r)
{
	bool is_done = r->follow != NULL && follow_append(r);

	if (is_done) {
		note_source(r);
		r->hash = 0;
	}
	return is_done;
}

void refresh_build(struct refresh *r)
{
	int result;

	if (append(r))
		return;
	result = begin_text(r);
	if (r->follow != NULL) {
		r->is_anew = true;
		r->first_sequence = follow_first_sequence(r);
		publication_set_room(r->publication, r->config->append_room);
	}
	publication_set_max_bytes(r->publication, r->config->max_bytes);
	if (!result)
		result = refresh_make_table(r);
	if (!result)
		result = refresh_expect(r, &r->schema, r->descriptor.rows);
	if (!result && r->follow != NULL)
		follow_begin(r);
	end_reading(r, result);
	if (r->result == SHMPUB_OK && wants_article(&r->article))
		r->result = build_article(r);
	if (r->result != SHMPUB_OK)
		article_discard(&r->article);
}

void refresh_clear(struct refresh *r)
{
	intake_free(&r->intake);
	source_close(&r->source);
	article_discard(&r->article);
	if (r->before.addr != NULL)
		shm_discard(&r->before);
	kept_choice_free(&r->choice);
	kept_files_free(&r->kept_next);
	mem_free(r->part_rows);
	r->part_rows = NULL;
	follow_free(&r->followed);
	schema_free(&r->frozen);
	r->frozen = SCHEMA_NONE;
}
