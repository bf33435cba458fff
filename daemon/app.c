#include "app.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/error.h"
#include "memory.h"

/*
 * The loop thread owns everything in this file. The daemon starts in this order: configuration,
 * instance, feeds, signals. It stops in the reverse order. It reports itself ready when every
 * feed was tried once, or after READY_MS at the latest: a unit that is ordered after shmpubd
 * then finds its tables.
 */

#define TICK_MS 1000
#define READY_MS 10000
#define STOP_SOON_MS 3000 /* the whole wait of a PROCESS_STOP_SOON */
#define DESCRIPTORS_LEAST 32

/* --- readiness ------------------------------------------------------------------------------------ */

static void call_listener(struct app *app, void (*callback)(void *arg))
{
	if (callback != NULL)
		callback(app->options.listener.arg);
}

static void report_ready(struct app *app)
{
	if (app->is_ready || app->is_stopping)
		return;
	app->is_ready = true;
	uv_timer_stop(&app->ready);
	publisher_running(app->publisher);
	log_line(&app->log, LOG_LEVEL_INFO, "instance %s: %zu feed%s, %zu published",
	         app->config->daemon.instance, app->n_feeds, app->n_feeds == 1 ? "" : "s",
	         app->n_tried - app->n_unpublished);
	app_status_ready(app);
	call_listener(app, app->options.listener.ready);
}

static void on_ready_timer(uv_timer_t *timer)
{
	report_ready(timer->data);
}

static void check_ready(struct app *app)
{
	if (app->n_tried < app->n_feeds)
		return;
	report_ready(app);
	if (app->options.is_once) {
		if (!shm_names_persist())
			log_line(&app->log, LOG_LEVEL_WARNING,
			         "--once: the snapshots go with this program, as nothing on this "
			         "system keeps them");
		app->status = app->n_unpublished ? 1 : 0;
		app_stop(app);
	}
}

static void on_tried(void *arg, struct feed *feed, bool published)
{
	struct app *app = arg;

	(void)feed;
	app->n_tried++;
	app->n_unpublished += !published;
	check_ready(app);
}

/* --- feeds ---------------------------------------------------------------------------------------- */

static void on_ended(void *arg, struct feed *feed, const struct feed_end *end)
{
	struct app *app = arg;

	control_tell(&app->control, feed, end);
}

static void on_gone(void *arg, struct feed *feed)
{
	struct app *app = arg;
	struct feed **at = &app->feeds;

	control_forget(&app->control, feed);

	while (*at != feed)
		at = &(*at)->next;
	*at = feed->next;
	app->n_feeds--;
	app->n_tried -= feed->is_tried;
	if (!app->is_stopping)
		check_ready(app);
}

static void on_lost(void *arg, const struct shmpub_error *err)
{
	struct app *app = arg;

	if (app->is_stopping)
		return;
	log_line(&app->log, LOG_LEVEL_ERROR, "%s", err->message);
	app_stop(app);
	app->status = 1;
}

struct feed *app_find_feed(const struct app *app, const char *name)
{
	for (struct feed *f = app->feeds; f != NULL; f = f->next) {
		if (!feed_is_closed(f) && strcmp(f->config->name, name) == 0)
			return f;
	}
	return NULL;
}

int app_add_feed(struct app *app, struct feed *f, struct shmpub_error *err)
{
	f->next = app->feeds;
	app->feeds = f;
	app->n_feeds++;
	return feed_open(f, err);
}

/* --- timers and signals --------------------------------------------------------------------------- */

static void tick_feeds(struct app *app)
{
	uint64_t next = UINT64_MAX;

	if (uv_now(&app->loop) < app->host.tick_ms)
		return;
	for (struct feed *f = app->feeds; f != NULL; f = f->next) {
		uint64_t at;

		PREFETCH(f->next);
		at = feed_tick(f);
		next = at < next ? at : next;
	}
	app->host.tick_ms = next;
}

static void on_tick(uv_timer_t *timer);

/* At the full seconds of the loop's clock, to which the looks of many feeds are rounded: pace.c. */
static void start_tick(struct app *app)
{
	uv_timer_start(&app->tick, on_tick, TICK_MS - uv_now(&app->loop) % TICK_MS, 0);
}

static void on_tick(uv_timer_t *timer)
{
	struct app *app = timer->data;

	start_tick(app);

	pool_tick(&app->pool);
	if (app->pool.is_short && !app->is_lack_logged) {
		log_line(&app->log, LOG_LEVEL_WARNING,
		         "no more than %zu threads can be made: %zu workers are wanted",
		         app->pool.n_made, app->pool.workers);
		app->is_lack_logged = true;
	}
	publisher_heartbeat(app->publisher, shm_now_ns());
	tick_feeds(app);
	app_status_tick(app);
	app_control_tick(app);
	app_metrics_tick(app);
	call_listener(app, app->options.listener.tick);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct app *app = handle->data;
	enum process_wish wish = process_signals[handle - app->signals].wish;

	if (wish == PROCESS_RELOAD) {
		app_reload(app);
		return;
	}
	log_line(&app->log, LOG_LEVEL_INFO, "signal %d: stopping", number);
	if (wish == PROCESS_STOP_KEEP) {
		app->config->daemon.keep_on_exit = true;
		publisher_keep(app->publisher);
	}
	if (wish == PROCESS_STOP_SOON)
		app->stop_limit_ms = STOP_SOON_MS;
	app_stop(app);
}

/* --- start ---------------------------------------------------------------------------------------- */

static uint64_t memory_bound(uint64_t configured)
{
	return configured ? configured : memory_allowed("") / 2;
}

static int open_publisher(struct app *app, struct shmpub_error *err)
{
	struct config_daemon *d = &app->config->daemon;
	struct publisher_options options = {
		.directory = d->directory,
		.instance = d->instance,
		.max_feeds = (uint32_t)d->max_feeds,
		.max_bytes = memory_bound(d->max_bytes),
		.min_free = d->min_free,
		.spare_bytes = d->spare_bytes,
		.access = d->access,
		.heartbeat_interval_ms = TICK_MS,
	};
	int r;

	/* of the catalog, which has no source to take it from */
	if (options.access.mode == FILE_MODE_AUTO)
		options.access.mode = 0644;
	d->keep_on_exit = d->keep_on_exit || app->options.is_once;
	options.keep_on_exit = d->keep_on_exit;
	options.is_temporary = app->options.is_until_eof;
	app->host.max_bytes = options.max_bytes;
	r = publisher_open(&app->publisher, &options, err);
	if (r == SHMPUB_OK)
		publisher_config_loaded(app->publisher, true);
	return r;
}

static bool is_segment_wanted(void *arg, const char *name)
{
	const struct config *c = arg;

	for (size_t i = 0; i < c->n_feeds; i++) {
		const struct config_feed *f = c->feeds[i];

		if ((f->csv_segment != NULL && strcmp(f->csv_segment, name) == 0) ||
		    (f->array_segment != NULL && strcmp(f->array_segment, name) == 0))
			return true;
	}
	return false;
}

/*
 * Removes the plain segments that a killed daemon of this instance left outside the instance's
 * directory. This process has taken the instance, so nobody else serves them.
 */
static int sweep_segments(struct app *app, struct shmpub_error *err)
{
	const struct config_daemon *d = &app->config->daemon;

	app->instance_path = process_real_path(d->directory, d->instance);
	if (app->instance_path == NULL)
		return error_nomem(err, 0);
	app->host.instance_path = app->instance_path;
	segment_sweep(app->instance_path, d->instance, is_segment_wanted, app->config);
	return SHMPUB_OK;
}

static void init_handles(struct app *app)
{
	feed_host_open(&app->host, &app->loop);
	uv_timer_init(&app->loop, &app->tick);
	uv_timer_init(&app->loop, &app->ready);
	uv_timer_init(&app->loop, &app->stop);
	app->tick.data = app->ready.data = app->stop.data = app;
	for (size_t i = 0; i < process_n_signals; i++) {
		uv_signal_init(&app->loop, &app->signals[i]);
		app->signals[i].data = app;
		uv_signal_start(&app->signals[i], on_signal, process_signals[i].number);
	}
	process_release_reload();
}

static void init_host(struct app *app)
{
	app->runner = spread_runner(&app->spread, spread_threads(app->config->daemon.workers));
	app->host.loop = &app->loop;
	app->host.log = &app->log;
	app->host.pool = &app->pool;
	app->host.publisher = app->publisher;
	app->host.instance = app->config->daemon.instance;
	app->host.runner = &app->runner;
	app->host.hash_seed = shm_random();
	app->host.tried = on_tried;
	app->host.ended = on_ended;
	app->host.gone = on_gone;
	app->host.lost = on_lost;
	app->host.arg = app;
}

static bool is_configured(void *config, struct span name)
{
	return config_has_place(config, name);
}

static int add_feeds(struct app *app, struct shmpub_error *err)
{
	struct feed *f;
	int r = SHMPUB_OK;

	for (size_t i = 0; i < app->config->n_feeds && !r; i++) {
		r = feed_new(&f, &app->host, app->config->feeds[i], err);
		if (!r)
			r = app_add_feed(app, f, err);
	}
	return r;
}

/*
 * libuv aborts the process when it cannot open the descriptors of a loop, so they are counted
 * first.
 */
static int check_descriptors(struct shmpub_error *err)
{
	uint64_t n = process_raise_descriptors();

	if (n >= DESCRIPTORS_LEAST)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_SYS,
	                 "%llu descriptors are allowed, %d are needed: see ulimit -n",
	                 (unsigned long long)n, DESCRIPTORS_LEAST);
}

static int open_loop(struct app *app, struct shmpub_error *err)
{
	int r;

	if (uv_loop_init(&app->loop) != 0)
		return error_set(err, SHMPUB_ERR_SYS, "no event loop can be had");
	r = app_requests_open(app, err);
	if (r) {
		uv_loop_close(&app->loop);
		return r;
	}
	r = pool_init(&app->pool, &app->loop, app->config->daemon.workers, err);
	if (r) {
		app_requests_close(app);
		uv_run(&app->loop, UV_RUN_DEFAULT);
		uv_loop_close(&app->loop);
	}
	return r;
}

static int open_log(struct app *app, struct shmpub_error *err)
{
	const struct config_daemon *d = &app->config->daemon;

	return log_open(&app->log, d->log_level, (enum log_format)d->log_format,
	                app->options.log_sink, err);
}

int app_init(struct app *app, const struct app_options *options, struct config_problems *problems,
             struct shmpub_error *err)
{
	int r;

	*app = (struct app){ .options = *options, .notify = NOTIFY_NONE };
	app->status = options->is_once; /* --once: 1 until every feed was tried */
	r = config_load(&app->config, options->path, problems, err);
	if (r)
		return r;
	process_ignore_signals();
	r = check_descriptors(err);
	if (!r)
		r = open_log(app, err);
	if (!r)
		r = app_requests_init(app, err);
	if (!r)
		r = open_publisher(app, err);
	if (!r)
		r = sweep_segments(app, err);
	if (!r)
		r = open_loop(app, err);
	if (r)
		goto failed;
	init_handles(app);
	init_host(app);
	app_status_open(app);
	app_control_open(app);
	/* frees the slots of feeds that are gone from the ini */
	publisher_sweep(app->publisher, is_configured, app->config);
	r = app_metrics_open(app, err);
	if (!r)
		r = app_lifeline_open(app, err);
	if (!r)
		r = add_feeds(app, err);
	if (r) {
		app->is_stopping = true;
		app_close_all(app);
		app_deinit(app);
	}
	return r;
failed:
	app_requests_deinit(app);
	publisher_close(app->publisher);
	(void)log_close(&app->log);
	mem_free(app->instance_path);
	config_free(app->config);
	return r;
}

int app_run(struct app *app)
{
	start_tick(app);
	if (!app->options.is_once) /* --once is ready only when every feed was tried */
		uv_timer_start(&app->ready, on_ready_timer, READY_MS, 0);
	publisher_heartbeat(app->publisher, shm_now_ns());
	for (struct feed *f = app->feeds; f != NULL; f = f->next)
		feed_start(f);
	check_ready(app);
	uv_run(&app->loop, UV_RUN_DEFAULT);
	return app->status;
}

/*
 * A worker may still write into a segment. Then the publisher must stay open, and everything is
 * left as a crash would leave it, for the next daemon to take over.
 */
bool app_deinit(struct app *app)
{
	bool is_clean;

	pool_drain(&app->pool); /* jobs that ended in the loop's last turn */
	is_clean = app->pool.n_running == 0;
	if (is_clean) {
		app_close_feeds(app);
		/* runs the callbacks that end the closed handles */
		uv_run(&app->loop, UV_RUN_DEFAULT);
	}
	if (is_clean || app_give_up_builds(app))
		publisher_close(app->publisher);
	else
		log_line(&app->log, LOG_LEVEL_WARNING,
		         "a snapshot is being made: nothing is removed");
	notify_close(&app->notify);
	is_clean = log_close(&app->log) && is_clean;
	if (!is_clean)
		return false;
	app_metrics_deinit(app);
	watch_deinit(&app->host.watch);
	mem_free(app->instance_path);
	config_free(app->config);
	uv_loop_close(&app->loop);
	app_requests_deinit(app);
	pool_deinit(&app->pool);
	return true;
}
