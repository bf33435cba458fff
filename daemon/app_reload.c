#include "app.h"

#include "base/error.h"

/*
 * A reload: mark and sweep. The new configuration is read and judged whole before
 * anything changes; then feeds that are gone from it are removed, the others go on.
 */

static void sweep_feeds(struct app *app, const struct config *next)
{
	struct feed *f, *after;

	for (f = app->feeds; f != NULL; f = after) {
		const struct config_feed *config = config_find(next, span_str(f->config->name));

		after = f->next;
		if (config != NULL) {
			feed_drop_segments(f, config);
		} else if (!f->is_removed) {
			log_line(&app->log, LOG_LEVEL_INFO, "feed %s: removed", f->config->name);
			feed_remove(f);
		}
	}
}

static void apply_feed(struct app *app, struct config_feed *config)
{
	struct feed *f = app_find_feed(app, config->name);
	struct shmpub_error err;

	if (f != NULL) {
		feed_configure(f, config);
	} else if (app_add_feed(app, config, &err)) {
		log_line(&app->log, LOG_LEVEL_ERROR, "feed %s: %s", config->name, err.message);
	} else {
		log_line(&app->log, LOG_LEVEL_INFO, "feed %s: added", config->name);
		feed_start(app->feeds);
	}
}

/* What is settled when the instance is taken cannot change under its readers. */
static void tell_fixed(const struct app *app, const struct config_daemon *now,
                       const struct config_daemon *next)
{
	const struct {
		const char *name;
		bool differs;
	} fixed[] = {
		{ "instance", strcmp(now->instance, next->instance) != 0 },
		{ "directory", strcmp(now->directory, next->directory) != 0 },
		{ "workers", now->workers != next->workers },
		{ "max_feeds", now->max_feeds != next->max_feeds },
		{ "max_bytes", now->max_bytes != next->max_bytes },
		{ "spare_bytes", now->spare_bytes != next->spare_bytes },
		{ "keep_on_exit", now->keep_on_exit != next->keep_on_exit },
	};

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		if (fixed[i].differs)
			log_line(&app->log, LOG_LEVEL_WARNING,
			         "%s: a change takes effect with the next start", fixed[i].name);
	}
}

static void log_problems(const struct app *app, struct config_problems *p)
{
	char *line = p->lines.data, *end = line ? line + p->lines.size : NULL, *stop;

	while (line < end) {
		stop = memchr(line, '\n', (size_t)(end - line));
		log_line(&app->log, LOG_LEVEL_ERROR, "%.*s", (int)(stop - line), line);
		line = stop + 1;
	}
}

/* These go on as they are; the strings stay where they were made, feeds point to them. */
static void keep_fixed(struct config_daemon *next, struct config_daemon *now)
{
	struct config_daemon swapped = *next;

	next->instance = now->instance;
	next->directory = now->directory;
	next->workers = now->workers;
	next->max_feeds = now->max_feeds;
	next->max_bytes = now->max_bytes;
	next->spare_bytes = now->spare_bytes;
	next->keep_on_exit = now->keep_on_exit;
	now->instance = swapped.instance;
	now->directory = swapped.directory;
}

static void apply(struct app *app, struct config *next)
{
	tell_fixed(app, &app->config->daemon, &next->daemon);
	keep_fixed(&next->daemon, &app->config->daemon);
	app->log.level = next->daemon.log_level;
	sweep_feeds(app, next);
	for (size_t i = 0; i < next->n_feeds; i++)
		apply_feed(app, next->feeds[i]);
	config_free(app->config);
	app->config = next;
	log_line(&app->log, LOG_LEVEL_INFO, "%s: reloaded", app->options.path);
}

void app_reload(struct app *app)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct shmpub_error err;
	struct config *next;

	if (app->is_stopping)
		return;
	notify_reloading(&app->notify);
	if (config_load(&next, app->options.path, &problems, &err) == SHMPUB_OK) {
		apply(app, next);
		publisher_config_loaded(app->publisher, true);
	} else {
		publisher_config_loaded(app->publisher, false);
		log_problems(app, &problems);
		log_line(&app->log, LOG_LEVEL_ERROR, "%s; the old configuration stays",
		         err.message);
	}
	config_problems_free(&problems);
	notify_send(&app->notify, "READY=1");
}
