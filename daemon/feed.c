#include "feed_parts.h"

#include "base/alloc.h"
#include "base/error.h"
#include "content_hash.h"
#include "feed_rejects.h"
#include "feed_rest.h"
#include "feed_watch.h"
#include "file_mode.h"
#include "pace.h"
#include "source_file.h"

/*
 * The life of an attempt on the loop thread:
 *
 *     timer -> attempt -> [open] -> was_opened -> [build] -> was_built -> timer
 *
 * where the steps in brackets run on a worker. The build reads the source. A source that is no
 * file is fetched before it is opened (feed_fetch.c), which takes no worker. While a file does
 * not change, an attempt is only
 *
 *     timer -> attempt -> [look] -> was_looked -> timer
 *
 * and one thread makes the looks of many feeds. A removal, a new configuration or the stop
 * may arrive while a worker has the job. It is only noted then, and acted on when the job is
 * back: what the job made under an old configuration is thrown away.
 *
 * A source that was read and found bad is not parsed again until it changes. Every
 * other failure may pass by itself: the feed tries again, after ever longer waits.
 */

#define BUSY_PATIENCE 3 /* times in a row that a source may make us give way to its writer */

bool feed_is_busy(const struct feed *f)
{
	return f->state != FEED_IDLE;
}

bool feed_is_closed(const struct feed *f)
{
	return f->is_closed;
}

/* --- the end of a feed --------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	struct feed *f = handle->data;
	f->host->gone(f->host->arg, f); /* the app takes f out of its list */
	feed_delete(f);
}

void feed_close_when_idle(struct feed *f)
{
	if (f->is_closed || feed_is_busy(f))
		return;
	f->is_closed = true;
	uv_close((uv_handle_t *)&f->timer, on_closed);
}

/* The feed's name and its place in the catalog are free at once, even if its job hangs. */
void feed_remove(struct feed *f)
{
	f->is_removed = true;
	feed_note_state(f);
	feed_unplan(f);
	feed_cancel_fetch(f, false);
	feed_watch_end(f);
	article_leave(&f->article, false);
	if (f->out != NULL)
		publisher_feed_remove(f->out);
	f->out = NULL;
	feed_rejects_remove(f);
	f->is_job_void = feed_is_busy(f);
	feed_close_when_idle(f);
}

void feed_stop(struct feed *f)
{
	f->is_stopped = true;
	feed_unplan(f);
	feed_cancel_fetch(f, false);
	feed_watch_end(f);
	feed_log_counts(f, true);
}

void feed_leave(struct feed *f, bool keep)
{
	article_leave(&f->article, keep);
	feed_close_when_idle(f);
}

/* --- jobs ---------------------------------------------------------------------------------------- */

void feed_end_job(struct feed *f)
{
	struct refresh *r = &f->refresh;

	publication_discard(r->publication);
	r->publication = NULL;
	feed_rejects_discard(f);
	schema_free(&r->schema);
	feed_kept_return(f);
	refresh_clear(r);
	fetch_clear(&f->fetch);
	config_feed_release(r->config);
	r->config = NULL;
	f->is_job_void = false;
	f->state = FEED_IDLE;
	f->hung_s = 0;
}

bool feed_drop_obsolete_job(struct feed *f, bool ran)
{
	if (f->is_removed || f->is_stopped || !ran) {
		feed_end_job(f);
		if (f->is_removed)
			feed_close_when_idle(f);
		return true;
	}
	/*
	 * The job began before the feed was removed and came back, or under another
	 * configuration, or before somebody asked for a refresh that reads in any case.
	 */
	if (f->is_job_void || !config_feed_equal(f->refresh.config, f->config) ||
	    (f->is_forced && !f->refresh.is_forced)) {
		feed_end_job(f);
		feed_attempt(f);
		return true;
	}
	return false;
}

/*
 * A plain segment that could not be placed is made again by another whole refresh, after ever
 * longer waits.
 */
static void place_plain_segments(struct feed *f)
{
	article_place(&f->article, &f->refresh.article);
	feed_note_warning(f);
	if (!article_is_wanting(&f->article)) {
		f->n_plain_failures = 0;
		return;
	}
	f->n_plain_failures++;
	f->plain_after_ms = feed_now_ms(f) +
	                    pace_back_off(f->config->interval_ms, f->n_plain_failures, uv_hrtime());
}

static void commit(struct feed *f)
{
	struct refresh *r = &f->refresh;
	struct shmpub_error err;
	int result = feed_rejects_commit(f, &err); /* first: whoever sees the table finds them */

	if (!result) {
		result = publication_commit(r->publication, &r->descriptor, &err);
		r->publication = NULL; /* publication_commit has consumed it, also on failure */
	}
	if (result) {
		feed_end_job(f);
		feed_failed_costly(f, &err);
		return;
	}
	place_plain_segments(f);
	feed_note_followed(f);
	schema_free(&f->schema);
	f->schema = r->schema;
	r->schema = SCHEMA_NONE;
	feed_kept_replace(f);
	f->seen = r->mark;
	f->seen_hash = r->hash;
	f->was_same = false;
	f->is_forced = false;
	f->published_ns = r->descriptor.published_ns;
	feed_log_published(f);
	feed_end_job(f);
	feed_succeeded(f, REFRESH_PUBLISHED);
}

/* Before the table: whoever sees it finds the number. Only what was read tells it. */
static void note_files(struct feed *f)
{
	bool is_read = f->refresh.n_files != 0 || f->refresh.result == SHMPUB_OK;

	if (is_read && f->out != NULL)
		publisher_feed_set_files(f->out, f->refresh.n_files);
}

static void was_built(struct pool_job *job, bool ran)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, build));

	if (feed_drop_obsolete_job(f, ran))
		return;
	feed_note_validators(f);
	note_files(f);
	if (f->refresh.result == SHMPUB_OK) {
		commit(f);
		return;
	}
	if (f->refresh.result < 0)
		feed_rejects_commit_alone(f);
	feed_note_followed(f);
	feed_end_job(f);
	if (f->refresh.result > 0)
		feed_answered(f);
	else
		feed_build_failed(f);
}

static void build(struct pool_job *job)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, build));

	refresh_build(&f->refresh);
}

static void start_build(struct feed *f)
{
	struct refresh *r = &f->refresh;
	struct shmpub_error err;
	int result = publication_begin(&r->publication, f->out, &err);

	if (!result)
		result = feed_rejects_begin(f, &err);
	if (!result)
		result = schema_copy(&r->schema, &f->schema, &err);
	if (!result && f->config->frozen_schema)
		result = feed_load_frozen(f, &err);
	if (result) {
		feed_end_job(f);
		feed_failed_costly(f, &err);
		return;
	}
	feed_kept_map(f);
	f->state = FEED_BUILDING;
	f->build.work = build;
	f->build.done = was_built;
	r->waiting = &f->build.waiting;
	pool_submit(f->host->pool, &f->build, true);
}

/* Decides who may read the table. The file that was really opened decides it, at each read. */
static void set_access_by_source(struct feed *f)
{
	bool is_open = f->refresh.mark.inode != 0;
	bool is_shut = f->refresh.result < 0 && source_file_is_shut(&f->refresh.error);

	if (is_open)
		f->access = file_mode_table(f->config, &f->refresh.mark);
	else if (is_shut) /* not even the daemon may read it */
		f->access = file_mode_unjudged(f->config);
	f->is_judged |= is_open || is_shut;
	feed_set_access(f, &f->access);
	f->refresh.article.access = file_mode_segment(f->config, &f->access);
}

static void was_opened(struct pool_job *job, bool ran)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, look));
	int result = f->refresh.result;

	feed_watch_resolved(f, ran);
	if (feed_drop_obsolete_job(f, ran))
		return;
	set_access_by_source(f);
	feed_note_validators(f);
	f->is_quiet = result == SOURCE_UNCHANGED;
	if (result != SHMPUB_OK)
		note_files(f);
	if (result != SOURCE_FRESH)
		f->waited = SOURCE_MARK_NONE;
	if (result == SHMPUB_OK) {
		feed_watch_surprise(f);
		start_build(f);
		return;
	}
	feed_end_job(f);
	if (result > 0)
		feed_answered(f);
	else
		feed_failed(f, &f->refresh.error);
}

static void open_source(struct pool_job *job)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, look));

	feed_watch_resolve(f); /* first, so that no change comes between the two */
	refresh_open(&f->refresh);
}

void feed_start_open(struct feed *f)
{
	f->look.work = open_source;
	f->look.done = was_opened;
	feed_watch_begin(f);
	f->look.is_short = false;
	pool_submit(f->host->pool, &f->look, false);
}

static void was_looked(struct pool_job *job, bool ran)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, look));

	if (feed_drop_obsolete_job(f, ran))
		return;
	if (f->refresh.result != SOURCE_UNCHANGED) {
		feed_start_open(f);
		return;
	}
	feed_end_job(f);
	if (f->is_waiting)
		feed_wait_on(f);
	else
		feed_unchanged(f);
}

static void look_at_source(struct pool_job *job)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, look));

	refresh_look(&f->refresh);
}

static void start_look(struct feed *f)
{
	f->look.work = look_at_source;
	f->look.done = was_looked;
	f->look.is_short = true;
	f->look.ahead = f->refresh.config->source;
	pool_submit(f->host->pool, &f->look, false);
}

void feed_attempt(struct feed *f)
{
	bool again, may_rest, is_fetched = source_scheme_is_fetched(f->config->scheme);
	struct refresh *r = &f->refresh;
	struct shmpub_error err;
	int result;

	if (feed_is_busy(f) || f->is_stopped || f->is_removed)
		return;
	feed_unplan(f);
	/* who asked is told how the attempt ends, which feed_rest.c does not */
	may_rest = !f->is_asked;
	f->is_asked = false;
	f->n_attempts++;
	feed_watch_attempt(f);
	if (may_rest && feed_rest_begin(f))
		return;
	result = feed_open_place(f, &err);
	if (!result)
		result = feed_put_back_names(&again, f, &err);
	if (result == SHMPUB_ERR_BUSY) {
		f->host->lost(f->host->arg, &err);
		return;
	}
	if (result) {
		feed_failed(f, &err);
		return;
	}
	f->is_waiting = !is_fetched && f->retry_ms > feed_now_ms(f) && !f->is_forced;
	*r = (struct refresh){
		.config = config_feed_acquire(f->config),
		.instance = f->host->instance,
		.spool_directory = f->host->instance_path,
		.runner = f->host->runner,
		.seen = f->is_waiting ? f->failed : f->seen,
		.seen_hash = f->seen_hash,
		.hash_seed = f->host->hash_seed,
		.waited = f->waited,
		.settle_ms = f->config->settle_ms,
		.waited_ms = feed_now_ms(f) - f->waited_since_ms,
		.takes_growing = f->config->appends || feed_takes_growing(f),
		.follow = f->config->appends ? &f->follow : NULL,
		.is_forced = f->is_forced || again,
		.insists = f->n_busy >= BUSY_PATIENCE,
		/* a mark that is not settled makes us read again what is probably the same */
		.compares_first = !f->config->appends && (f->was_same || !f->seen.is_settled),
		.max_bytes = f->host->max_bytes,
		.waiting = &f->look.waiting,
		.kept = f->kept,
		.source = SOURCE_NONE,
		.schema = SCHEMA_NONE,
	};
	f->kept = KEPT_FILES_NONE; /* until the attempt ends */
	article_ask(&r->article, &f->article);
	f->state = FEED_OPENING;
	if (is_fetched)
		feed_start_fetch(f);
	else if (!r->is_forced && (f->is_waiting || (f->is_quiet && !feed_watch_wants(f))))
		start_look(f);
	else
		feed_start_open(f);
}

/* --- start --------------------------------------------------------------------------------------- */

int feed_new(struct feed **out, struct feed_host *host, struct config_feed *config,
             struct shmpub_error *err)
{
	struct shm_access access = file_mode_unjudged(config);
	struct feed *f = mem_zalloc(1, sizeof(*f));

	if (f == NULL)
		return error_nomem(err, sizeof(*f));
	f->host = host;
	f->config = config_feed_acquire(config);
	f->access = access;
	f->shown.mode = 0644;
	f->shown.gid = -1;
	f->schema = SCHEMA_NONE;
	f->fetch = FETCH_NONE;
	f->seen = SOURCE_MARK_NONE;
	f->success_ms = uv_now(host->loop);
	*out = f;
	return SHMPUB_OK;
}

void feed_delete(struct feed *f)
{
	config_feed_release(f->config);
	schema_free(&f->schema);
	kept_files_free(&f->kept);
	follow_free(&f->follow);
	mem_free(f);
}

int feed_open(struct feed *f, struct shmpub_error *err)
{
	uv_timer_init(f->host->loop, &f->timer);
	f->timer.data = f;
	f->resting.due = feed_on_wheel;
	f->resting.soon = feed_on_wheel_soon;
	feed_watch_init(f);
	feed_note_state(f);
	f->phase = content_hash(span_str(f->config->name), 0);
	return feed_open_place(f, err);
}

void feed_start(struct feed *f)
{
	feed_attempt(f);
}

void feed_drop_segments(struct feed *f, const struct config_feed *next)
{
	article_drop(&f->article, next);
}

void feed_configure(struct feed *f, struct config_feed *config)
{
	bool is_same = config_feed_equal(f->config, config);
	bool is_back = f->is_removed;

	config_feed_acquire(config);
	config_feed_release(f->config);
	f->config = config;
	f->host->tick_ms = 0;
	feed_watch_configure(f, is_same && !is_back);
	f->is_removed = false;
	feed_note_state(f);
	if (config->access.mode != FILE_MODE_AUTO)
		f->access = config->access;
	if (feed_open_place(f, NULL) == SHMPUB_OK) { /* on failure the next attempt opens it */
		publisher_feed_set_interval(f->out, config->interval_ms);
		feed_set_access(f, &f->access);
	}
	if (is_same && !is_back) {
		/* without a timer only this reload makes it look */
		f->is_asked = config->interval_ms == 0;
		if (!feed_is_busy(f)) /* the end of a job plans the next attempt anyway */
			feed_plan_next(f);
		return;
	}
	feed_cancel_fetch(f, false); /* of the old configuration */
	f->is_forced = true;
	f->seen = SOURCE_MARK_NONE;
	f->seen_hash = 0;
	schema_free(&f->schema);
	kept_files_free(&f->kept);
	f->n_failures = 0;
	feed_attempt(f);
}
