#include "feed.h"

#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"
#include "content_hash.h"
#include "pace.h"

/*
 * The life of an attempt on the loop thread:
 *
 *     timer -> attempt -> [read] -> was_read -> [build] -> was_built -> timer
 *
 * where brackets run on a worker. Whatever arrives while a job is away (removal, a
 * new configuration, the stop) is only noted, and looked at when the job is back:
 * what it made under an old configuration is thrown away.
 *
 * A source that was read and found bad is not parsed again until it changes. Every
 * other failure may pass by itself and is retried, ever more slowly.
 */

#define LOG_AGAIN_MS 60000  /* a failure whose line keeps changing is logged this often */
#define BUSY_LEAST_MS 10000 /* being written for so long, and three intervals, is a failure */

static void attempt(struct feed *f);
static void on_timer(uv_timer_t *timer);

static uint64_t now_ms(const struct feed *f)
{
	return uv_now(f->host->loop);
}

bool feed_is_busy(const struct feed *f)
{
	return f->state != FEED_IDLE;
}

bool feed_is_closed(const struct feed *f)
{
	return f->is_closed;
}

/* --- the end of a feed --------------------------------------------------------------------------- */

static void closed(uv_handle_t *handle)
{
	struct feed *f = handle->data;
	struct feed_host *host = f->host;

	config_feed_release(f->config);
	schema_free(&f->schema);
	host->gone(host->arg, f); /* it leaves the list: the last use of f */
	mem_free(f);
}

static void close_when_idle(struct feed *f)
{
	if (f->is_closed || feed_is_busy(f))
		return;
	f->is_closed = true;
	if (f->is_removed) /* now, so that the name can be given to a new feed at once */
		publisher_feed_remove(f->out);
	uv_close((uv_handle_t *)&f->timer, closed);
}

void feed_remove(struct feed *f)
{
	f->is_removed = true;
	uv_timer_stop(&f->timer);
	article_remove(&f->article, NULL);
	close_when_idle(f);
}

void feed_stop(struct feed *f)
{
	f->is_stopped = true;
	uv_timer_stop(&f->timer);
}

void feed_leave(struct feed *f, bool keep)
{
	if (!keep)
		article_remove(&f->article, NULL);
	close_when_idle(f);
}

/* --- when to try again ---------------------------------------------------------------------------- */

static void plan(struct feed *f, uint64_t wait_ms)
{
	uv_timer_start(&f->timer, on_timer, wait_ms, 0);
}

static void plan_next(struct feed *f)
{
	uint64_t interval = f->config->interval_ms;

	if (interval == 0)
		return;
	plan(f, pace_next(now_ms(f), interval, content_hash(span_str(f->config->name), 0)));
}

/* --- how it ended --------------------------------------------------------------------------------- */

static void tried(struct feed *f)
{
	if (f->is_tried)
		return;
	f->is_tried = true;
	f->host->tried(f->host->arg, f, !f->is_failing);
}

static void log_failure(struct feed *f, const char *line)
{
	uint64_t now = now_ms(f);

	if (strcmp(line, f->logged) == 0)
		return;
	if (f->logged[0] && now - f->logged_ms < LOG_AGAIN_MS)
		return;
	log_line(f->host->log, LOG_LEVEL_WARNING, "feed %s: %s", f->config->name, line);
	snprintf(f->logged, sizeof(f->logged), "%s", line);
	f->logged_ms = now;
}

static void report_failure(struct feed *f, const struct shmpub_error *err)
{
	f->is_failing = true;
	f->is_stale = false;
	f->n_busy = 0;
	if (err->message != f->line)
		snprintf(f->line, sizeof(f->line), "%s", err->message);
	publisher_feed_report(f->out, REFRESH_FAILED, span_str(f->line));
	log_failure(f, f->line);
	tried(f);
}

/* It may pass by itself. */
static void failed(struct feed *f, const struct shmpub_error *err)
{
	f->seen = SOURCE_MARK_NONE;
	f->seen_hash = 0;
	f->n_failures++;
	report_failure(f, err);
	plan(f, pace_back_off(f->config->interval_ms, f->n_failures, uv_hrtime()));
}

/* It lasts as long as the source is what it is. */
static void failed_for_good(struct feed *f, const struct shmpub_error *err)
{
	f->seen = f->refresh.mark;
	f->seen_hash = f->refresh.hash;
	f->n_failures = 0;
	report_failure(f, err);
	plan_next(f);
}

static void succeeded(struct feed *f, enum refresh_result result)
{
	if (f->logged[0])
		log_line(f->host->log, LOG_LEVEL_INFO, "feed %s: well again", f->config->name);
	f->logged[0] = '\0';
	f->is_failing = false;
	f->is_stale = false;
	f->n_failures = 0;
	f->n_busy = 0;
	f->success_ms = now_ms(f);
	publisher_feed_report(f->out, result, SPAN_NONE);
	tried(f);
	plan_next(f);
}

static void unchanged(struct feed *f)
{
	struct shmpub_error same;

	/* When the content was compared the times are new: remember these. */
	if (f->refresh.hash && f->refresh.mark.is_settled)
		f->seen = f->refresh.mark;
	if (!f->is_failing) {
		succeeded(f, REFRESH_UNCHANGED);
		return;
	}
	error_set(&same, SHMPUB_ERR_CSV, "%s", f->line);
	report_failure(f, &same);
	plan_next(f);
}

/* Somebody is at it right now, or was a moment ago. */
static void busy(struct feed *f, bool is_fresh)
{
	uint64_t now = now_ms(f), patience = 3 * f->config->interval_ms;
	struct shmpub_error err;

	f->waited = is_fresh ? f->refresh.mark : SOURCE_MARK_NONE;
	if (f->n_busy++ == 0)
		f->busy_since_ms = now;
	if (patience < BUSY_LEAST_MS)
		patience = BUSY_LEAST_MS;
	if (now - f->busy_since_ms > patience) {
		error_set(&err, SHMPUB_ERR_INVALID, "%s: written to without a pause for %llu s",
		          f->config->source, (unsigned long long)(now - f->busy_since_ms) / 1000);
		failed(f, &err);
		return;
	}
	plan(f, pace_busy(f->n_busy));
}

/* --- jobs ------------------------------------------------------------------------------------------ */

static void give_back(struct feed *f)
{
	struct refresh *r = &f->refresh;

	publication_discard(r->publication);
	r->publication = NULL;
	schema_free(&r->schema);
	refresh_clear(r);
	config_feed_release(r->config);
	r->config = NULL;
	f->state = FEED_IDLE;
}

/* True when the job's result is of no use any more, and all is set for what comes instead. */
static bool was_overtaken(struct feed *f, bool ran)
{
	if (f->is_removed || f->is_stopped || !ran) {
		give_back(f);
		if (f->is_removed)
			close_when_idle(f);
		return true;
	}
	if (!config_feed_equal(f->refresh.config, f->config)) {
		give_back(f);
		attempt(f);
		return true;
	}
	return false;
}

static void commit(struct feed *f)
{
	struct refresh *r = &f->refresh;
	struct shmpub_error err;
	int result = publication_commit(r->publication, &r->descriptor, &err);

	r->publication = NULL; /* committed, or discarded by the failure */
	if (!result)
		result = article_place(&f->article, &r->article, &err);
	if (result) {
		give_back(f);
		failed(f, &err);
		return;
	}
	article_remove(&f->article, f->config); /* names that an older configuration asked for */
	schema_free(&f->schema);
	f->schema = r->schema;
	r->schema = SCHEMA_NONE;
	f->seen = r->mark;
	f->seen_hash = r->hash;
	f->is_forced = false;
	log_line(f->host->log, LOG_LEVEL_DEBUG, "feed %s: %llu rows, sequence %llu",
	         f->config->name, (unsigned long long)r->descriptor.rows,
	         (unsigned long long)r->descriptor.sequence);
	give_back(f);
	succeeded(f, REFRESH_PUBLISHED);
}

static void was_built(struct pool_job *job, bool ran)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, job));
	struct shmpub_error err = f->refresh.error;
	int result = f->refresh.result;

	if (was_overtaken(f, ran))
		return;
	if (result == SHMPUB_OK) {
		commit(f);
		return;
	}
	give_back(f);
	if (result == SHMPUB_ERR_CSV || result == SHMPUB_ERR_INVALID) {
		f->is_forced = false;
		failed_for_good(f, &err);
	} else {
		failed(f, &err);
	}
}

static void build(struct pool_job *job)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, job));

	refresh_build(&f->refresh);
}

static void start_build(struct feed *f)
{
	struct refresh *r = &f->refresh;
	struct shmpub_error err;
	int result = publication_begin(&r->publication, f->out, &err);

	if (!result)
		result = schema_copy(&r->schema, &f->schema, &err);
	if (result) {
		give_back(f);
		failed(f, &err);
		return;
	}
	f->state = FEED_BUILDING;
	f->job.work = build;
	f->job.done = was_built;
	f->job.may_hang = false;
	pool_submit(f->host->pool, &f->job, true);
}

static void was_read(struct pool_job *job, bool ran)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, job));
	struct shmpub_error err = f->refresh.error;
	int result = f->refresh.result;

	if (was_overtaken(f, ran))
		return;
	if (result != SOURCE_FRESH)
		f->waited = SOURCE_MARK_NONE;
	if (result == SHMPUB_OK) {
		start_build(f);
		return;
	}
	give_back(f);
	if (result == SOURCE_UNCHANGED)
		unchanged(f);
	else if (result == SOURCE_BUSY || result == SOURCE_FRESH)
		busy(f, result == SOURCE_FRESH);
	else
		failed(f, &err);
}

static void read_source(struct pool_job *job)
{
	struct feed *f = (struct feed *)((char *)job - offsetof(struct feed, job));

	refresh_read(&f->refresh);
}

/*
 * Names that somebody took away are put back; *again: only by going the whole way. A bad
 * source cannot be gone through again, so a failing feed does without.
 */
static int put_back(bool *again, struct feed *f, struct shmpub_error *err)
{
	int r = publisher_put_back(f->out, err);

	*again = !f->is_failing && (r == SHM_ABSENT || !article_stands(&f->article, f->config));
	return r == SHM_ABSENT ? SHMPUB_OK : r;
}

static void attempt(struct feed *f)
{
	struct refresh *r = &f->refresh;
	struct shmpub_error err;
	bool again;
	int result;

	if (feed_is_busy(f) || f->is_stopped || f->is_removed)
		return;
	uv_timer_stop(&f->timer);
	result = put_back(&again, f, &err);
	if (result == SHMPUB_ERR_BUSY) {
		f->host->lost(f->host->arg, &err);
		return;
	}
	if (result) {
		failed(f, &err);
		return;
	}
	*r = (struct refresh){
		.config = config_feed_acquire(f->config),
		.instance = f->host->instance,
		.runner = f->host->runner,
		.seen = f->seen,
		.seen_hash = f->seen_hash,
		.hash_seed = f->host->hash_seed,
		.waited = f->waited,
		.is_forced = f->is_forced || again,
		.max_bytes = f->host->max_bytes,
		.text = BUFFER_NONE,
		.schema = SCHEMA_NONE,
		.article = ARTICLE_DRAFT_NONE,
	};
	f->state = FEED_READING;
	f->job.work = read_source;
	f->job.done = was_read;
	f->job.may_hang = true;
	pool_submit(f->host->pool, &f->job, false);
}

static void on_timer(uv_timer_t *timer)
{
	attempt(timer->data);
}

/* --- the beginning --------------------------------------------------------------------------------- */

int feed_new(struct feed **out, struct feed_host *host, struct config_feed *config,
             struct shmpub_error *err)
{
	struct feed *f = mem_zalloc(1, sizeof(*f));
	int r;

	if (f == NULL)
		return error_nomem(err, sizeof(*f));
	r = publisher_feed_open(&f->out, host->publisher, span_str(config->name),
	                        config->interval_ms, &config->access, err);
	if (r) {
		mem_free(f);
		return r;
	}
	f->host = host;
	f->config = config_feed_acquire(config);
	f->schema = SCHEMA_NONE;
	f->seen = SOURCE_MARK_NONE;
	f->success_ms = uv_now(host->loop);
	uv_timer_init(host->loop, &f->timer);
	f->timer.data = f;
	*out = f;
	return SHMPUB_OK;
}

void feed_start(struct feed *f)
{
	attempt(f);
}

void feed_configure(struct feed *f, struct config_feed *config)
{
	bool is_same = config_feed_equal(f->config, config);
	bool is_back = f->is_removed;

	config_feed_acquire(config);
	config_feed_release(f->config);
	f->config = config;
	f->is_removed = false;
	publisher_feed_set_interval(f->out, config->interval_ms);
	publisher_feed_set_access(f->out, &config->access);
	if (is_same && !is_back) {
		if (!feed_is_busy(f)) /* else the job's end plans by the new interval */
			plan_next(f);
		return;
	}
	f->is_forced = true;
	f->seen = SOURCE_MARK_NONE;
	f->seen_hash = 0;
	schema_free(&f->schema);
	f->n_failures = 0;
	attempt(f);
}

void feed_tick(struct feed *f)
{
	uint64_t interval = f->config->interval_ms;

	if (interval == 0 || f->is_failing || f->is_stale || f->is_removed)
		return;
	if (now_ms(f) - f->success_ms > 3 * interval + 1000) {
		f->is_stale = true;
		publisher_feed_set_stale(f->out);
	}
}
