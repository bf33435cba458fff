#include "app.h"

/*
 * The stop. No more attempts begin; jobs under way are waited for, within bounds, and then all handles
 * are closed, which ends the loop.
 */

#define STOP_MS 5000        /* how long a stop waits for workers that read sources */
#define STOP_BUILD_MS 15000 /* and for those that build a snapshot: a build always ends */
#define STOP_HUNG_MS 2000   /* a build that waits for its source for so long hangs */
#define STOP_LOOK_MS 10

static bool is_fetching(const struct app *app)
{
	for (const struct feed *f = app->feeds; f != NULL; f = f->next) {
		if (f->state == FEED_FETCHING)
			return true;
	}
	return false;
}

/* Closing a feed's timer frees the feed, unless a worker still has its job. */
void app_close_feeds(struct app *app)
{
	struct feed *f, *after;

	for (f = app->feeds; f != NULL; f = after) {
		after = f->next;
		feed_cancel_fetch(f, true);
		feed_leave(f, app->config->daemon.keep_on_exit);
	}
}

void app_close_all(struct app *app)
{
	app->is_closing = true;
	app_close_feeds(app);
	for (size_t i = 0; i < process_n_signals; i++)
		uv_close((uv_handle_t *)&app->signals[i], NULL);
	control_close(&app->control);
	app_metrics_close(app);
	app_requests_close(app);
	app_lifeline_close(app);
	app_status_close(app);
	feed_host_close(&app->host);
	uv_close((uv_handle_t *)&app->tick, NULL);
	uv_close((uv_handle_t *)&app->ready, NULL);
	uv_close((uv_handle_t *)&app->stop, NULL);
	pool_close(&app->pool);
	if (app->pool.n_running)
		uv_stop(&app->loop); /* uv_run() would wait for the job */
}

/* Builds that have waited for their source for a while may never come to an end. */
static bool has_builds(const struct app *app)
{
	uint64_t now = uv_now(&app->loop);

	for (const struct feed *f = app->feeds; f != NULL; f = f->next) {
		uint64_t since = feed_waits_since_ms(f);

		if (f->state == FEED_BUILDING && (since == 0 || now < since + STOP_HUNG_MS))
			return true;
	}
	return false;
}

bool app_give_up_builds(struct app *app)
{
	bool are_over = true;

	for (struct feed *f = app->feeds; f != NULL; f = f->next)
		are_over &= feed_give_up_build(f);
	return are_over;
}

static void on_stop_timer(uv_timer_t *timer)
{
	struct app *app = timer->data;
	uint64_t now = uv_now(&app->loop);
	uint64_t limit_ms = has_builds(app) ? STOP_BUILD_MS : STOP_MS;

	if (app->is_closing)
		return;
	if (app->stop_limit_ms && app->stop_limit_ms < limit_ms)
		limit_ms = app->stop_limit_ms;
	if ((app->pool.n_running == 0 && !is_fetching(app)) || app->is_stop_forced ||
	    now - app->stop_began_ms >= limit_ms)
		app_close_all(app);
}

void app_stop(struct app *app)
{
	if (app->is_closing)
		return;
	if (app->is_stopping) {
		app->is_stop_forced = true;
		return;
	}
	app->is_stopping = true;
	app->stop_began_ms = uv_now(&app->loop);
	app_status_stopping(app);
	if (app->options.listener.stopping != NULL)
		app->options.listener.stopping(app->options.listener.arg);
	for (struct feed *f = app->feeds; f != NULL; f = f->next)
		feed_stop(f);
	pool_stop(&app->pool);
	uv_timer_start(&app->stop, on_stop_timer, 0, STOP_LOOK_MS);
}
