#include "app.h"

#include "base/error.h"
#include "base/nearest.h"

/*
 * The control in the daemon. It is a convenience: where it cannot be had, that is a warning, and
 * feeds are served all the same.
 */

static struct feed *find(void *arg, struct span name, struct shmpub_error *why)
{
	const struct app *app = arg;
	struct nearest best = nearest_to(name);

	for (struct feed *f = app->feeds; f != NULL; f = f->next) {
		if (f->is_removed)
			continue;
		if (span_is(name, f->config->name))
			return f;
		nearest_offer(&best, f->config->name);
	}
	error_set(why, SHMPUB_NO_FEED, "no such feed%s%s%s", best.name ? ", did you mean " : "",
	          best.name ? best.name : "", best.name ? "?" : "");
	return NULL;
}

static void stop(void *arg)
{
	struct app *app = arg;

	if (app->is_stopping) /* a second request must not make the first one hurry */
		return;
	log_line(&app->log, LOG_LEVEL_INFO, "asked to stop: stopping");
	app_stop(app);
}

/* A failure is logged once while it lasts. */
static void note_result(struct app *app, int result, const struct shmpub_error *err)
{
	if (result && !app->is_control_lost)
		log_line(&app->log, LOG_LEVEL_WARNING, "%s: shmpub refresh will not work",
		         err->message);
	app->is_control_lost = result != 0;
}

void app_control_open(struct app *app)
{
	struct shmpub_error err;

	if (app->options.is_once)
		return;
	app->control_host = (struct control_host){ .loop = &app->loop,
		                                   .instance_path = app->instance_path,
		                                   .find = find,
		                                   .stop = stop,
		                                   .arg = app };
	note_result(app, control_open(&app->control, &app->control_host, &err), &err);
}

void app_control_tick(struct app *app)
{
	struct shmpub_error err;

	if (!app->is_stopping)
		note_result(app, control_tick(&app->control, &err), &err);
}
