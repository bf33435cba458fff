#include "app.h"

#include "base/error.h"

/*
 * A request of another thread is noted under a mutex, and then the loop is woken. The mutex
 * also protects against waking a handle that is closed already, which libuv forbids.
 */

static void on_wake(uv_async_t *async)
{
	struct app *app = async->data;
	struct app_requests *q = &app->requests;
	bool wants_reload;
	unsigned n_stops;

	uv_mutex_lock(&q->mutex);
	wants_reload = q->wants_reload;
	n_stops = q->n_stops;
	q->wants_reload = false;
	q->n_stops = 0;
	uv_mutex_unlock(&q->mutex);
	if (n_stops)
		log_line(&app->log, LOG_LEVEL_INFO, "asked to stop: stopping");
	else if (wants_reload)
		app_reload(app);
	while (n_stops--)
		app_stop(app);
}

void app_request_reload(struct app *app)
{
	struct app_requests *q = &app->requests;

	uv_mutex_lock(&q->mutex);
	q->wants_reload = true;
	if (q->is_open)
		uv_async_send(&q->wake);
	uv_mutex_unlock(&q->mutex);
}

void app_request_stop(struct app *app)
{
	struct app_requests *q = &app->requests;

	uv_mutex_lock(&q->mutex);
	q->n_stops++;
	if (q->is_open)
		uv_async_send(&q->wake);
	uv_mutex_unlock(&q->mutex);
}

int app_requests_init(struct app *app, struct shmpub_error *err)
{
	app->requests.has_mutex = uv_mutex_init(&app->requests.mutex) == 0;
	return app->requests.has_mutex ? SHMPUB_OK
	                               : error_set(err, SHMPUB_ERR_SYS, "no lock can be had");
}

int app_requests_open(struct app *app, struct shmpub_error *err)
{
	struct app_requests *q = &app->requests;

	if (uv_async_init(&app->loop, &q->wake, on_wake) != 0)
		return error_set(err, SHMPUB_ERR_SYS, "no descriptor for requests can be had");
	q->wake.data = app;
	q->is_open = true;
	return SHMPUB_OK;
}

void app_requests_close(struct app *app)
{
	struct app_requests *q = &app->requests;

	uv_mutex_lock(&q->mutex);
	q->is_open = false;
	uv_mutex_unlock(&q->mutex);
	uv_close((uv_handle_t *)&q->wake, NULL);
}

void app_requests_deinit(struct app *app)
{
	if (app->requests.has_mutex)
		uv_mutex_destroy(&app->requests.mutex);
	app->requests.has_mutex = false;
}
