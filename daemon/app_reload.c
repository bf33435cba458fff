#include "app.h"

#include "base/error.h"

/*
 * A reload changes everything or nothing. The new configuration is first read and checked
 * whole, the catalog's free places are counted, and the memory for new feeds is taken. After
 * that nothing can fail: feeds that are gone are removed, which frees their places, the kept
 * feeds get their new configuration, and the new feeds start.
 */

static void remove_gone_feeds(struct app *app, const struct config *next)
{
	struct feed *f, *after;

	for (f = app->feeds; f != NULL; f = after) {
		const struct config_feed *config = config_find(next, span_str(f->config->name));

		after = f->next;
		if (config != NULL) {
			feed_drop_segments(f, config);
		} else if (!f->is_removed) {
			feed_log(f, LOG_LEVEL_INFO, NULL, "removed");
			control_forget(&app->control, f);
			feed_remove(f);
		}
	}
}

static struct feed *find_kept_feed(const struct app *app, const char *name)
{
	struct feed *f = app_find_feed(app, name);

	return f != NULL && f->out != NULL ? f : NULL;
}

static size_t feed_places(const struct feed *f)
{
	return (size_t)(f->out != NULL) + (f->rejects != NULL);
}

/* Checks that every new feed finds a place in the catalog. Removed feeds free theirs. */
static int count_places(const struct app *app, const struct config *next, struct shmpub_error *err)
{
	size_t n_added = 0, left = publisher_feeds_left(app->publisher);

	for (const struct feed *f = app->feeds; f != NULL; f = f->next)
		left += config_find(next, span_str(f->config->name)) == NULL ? feed_places(f) : 0;
	for (size_t i = 0; i < next->n_feeds; i++) {
		size_t wanted = config_feed_places(next->feeds[i]);
		const struct feed *kept = find_kept_feed(app, next->feeds[i]->name);
		size_t has = kept != NULL ? feed_places(kept) : 0;

		n_added += wanted > has ? wanted - has : 0;
		left += has > wanted ? has - wanted : 0;
	}
	if (n_added <= left)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_LIMIT,
	                 "%s: %zu %s new and there is room for %zu: max_feeds is %llu until "
	                 "the next start",
	                 app->options.path, n_added, n_added == 1 ? "feed is" : "feeds are", left,
	                 (unsigned long long)app->config->daemon.max_feeds);
}

static void free_feeds(struct feed *list)
{
	for (struct feed *f = list, *after; f != NULL; f = after) {
		after = f->next;
		feed_delete(f);
	}
}

/* Makes a list of the feeds that are new. On failure *out is NULL. */
static int make_feeds(struct feed **out, struct app *app, const struct config *next,
                      struct shmpub_error *err)
{
	struct feed *list = NULL, *f;
	int r = SHMPUB_OK;

	for (size_t i = next->n_feeds; i > 0 && !r; i--) {
		if (app_find_feed(app, next->feeds[i - 1]->name) != NULL)
			continue;
		r = feed_new(&f, &app->host, next->feeds[i - 1], err);
		if (r)
			continue;
		f->next = list;
		list = f;
	}
	if (r) {
		free_feeds(list);
		list = NULL;
	}
	*out = list;
	return r;
}

static void add_feeds(struct app *app, struct feed *list)
{
	struct shmpub_error err;

	for (struct feed *f = list, *after; f != NULL; f = after) {
		after = f->next;
		feed_log(f, LOG_LEVEL_INFO, NULL, "added");
		if (app_add_feed(app, f, &err) != SHMPUB_OK)
			feed_log(f, LOG_LEVEL_WARNING, &err, "%s", err.message);
		feed_start(f);
	}
}

/* Gives kept feeds their new configuration. A removed feed whose job is under way comes back. */
static void configure_feeds(struct app *app, const struct config *next)
{
	struct feed *f;

	for (size_t i = 0; i < next->n_feeds; i++) {
		f = app_find_feed(app, next->feeds[i]->name);
		if (f != NULL)
			feed_configure(f, next->feeds[i]);
	}
}

static bool are_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Some keys are read only when the instance is taken, and cannot change while readers use it. */
static void warn_of_fixed_keys(const struct app *app, const struct config_daemon *now,
                               const struct config_daemon *next)
{
	const struct {
		const char *name;
		bool differs;
	} fixed[] = {
		{ "instance", strcmp(now->instance, next->instance) != 0 },
		{ "directory", strcmp(now->directory, next->directory) != 0 },
		{ "log_format", now->log_format != next->log_format },
		{ "workers", now->workers != next->workers },
		{ "max_feeds", now->max_feeds != next->max_feeds },
		{ "max_bytes", now->max_bytes != next->max_bytes },
		{ "min_free", now->min_free != next->min_free },
		{ "spare_bytes", now->spare_bytes != next->spare_bytes },
		{ "keep_on_exit", now->keep_on_exit != next->keep_on_exit },
		{ "metrics_file", !are_equal(now->metrics_file, next->metrics_file) },
		{ "metrics_listen", !are_equal(now->metrics_listen, next->metrics_listen) },
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

/* Cannot fail. */
static void apply(struct app *app, struct config *next, struct feed *added)
{
	warn_of_fixed_keys(app, &app->config->daemon, &next->daemon);
	config_daemon_keep_fixed(&next->daemon, &app->config->daemon);
	app->log.level = next->daemon.log_level;
	remove_gone_feeds(app, next);
	configure_feeds(app, next);
	add_feeds(app, added);
	config_free(app->config);
	app->config = next;
	log_line(&app->log, LOG_LEVEL_INFO, "%s: reloaded", app->options.path);
}

static int prepare(struct config **out, struct feed **added, struct app *app,
                   struct config_problems *problems, struct shmpub_error *err)
{
	struct config *next;
	int r = config_load(&next, app->options.path, problems, err);

	if (r)
		return r;
	r = count_places(app, next, err);
	if (!r)
		r = make_feeds(added, app, next, err);
	if (r) {
		config_free(next);
		return r;
	}
	*out = next;
	return SHMPUB_OK;
}

void app_reload(struct app *app)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct shmpub_error err;
	struct config *next = NULL;
	struct feed *added;
	bool is_refused;

	if (app->is_stopping)
		return;
	app_status_reloading(app);
	is_refused = prepare(&next, &added, app, &problems, &err) != SHMPUB_OK;
	if (!is_refused) {
		apply(app, next, added);
	} else {
		log_problems(app, &problems);
		log_line(&app->log, LOG_LEVEL_ERROR, "%s; the old configuration stays",
		         err.message);
	}
	publisher_config_loaded(app->publisher, !is_refused);
	config_problems_free(&problems);
	app_status_reloaded(app, is_refused);
}
