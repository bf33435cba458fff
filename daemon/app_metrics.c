#include "app.h"

#include "base/error.h"
#include "metrics/metrics.h"

/*
 * The daemon's metrics, in a file and as a page. The daemon reads what everybody reads: its own catalog,
 * as a reader. So a scrape says what readers see, in the words of "shmpub metrics".
 *
 * The text is made once a second at most, however often the page is asked for.
 */

#define FILE_EVERY_MS 15000
#define TEXT_MS 1000

static int make_text(struct app_metrics *m, struct shmpub_error *err)
{
	m->text.size = 0;
	return metrics_append(&m->text, m->reader, m->app->config->daemon.instance, shm_now_ns(),
	                      err);
}

static int page_text(void *arg, struct span *out, struct shmpub_error *err)
{
	struct app_metrics *m = arg;
	uint64_t now = uv_now(&m->app->loop);
	int r = SHMPUB_OK;

	if (m->text.size == 0 || now - m->text_ms >= TEXT_MS) {
		r = make_text(m, err);
		m->text_ms = now;
	}
	if (r)
		m->text.size = 0;
	*out = buffer_span(&m->text);
	return r;
}

/* A failure is logged once while it lasts. */
static void on_written(struct metrics_file *f)
{
	struct app_metrics *m = f->arg;

	if (f->error.code != SHMPUB_OK && !m->is_file_lost)
		log_line(&m->app->log, LOG_LEVEL_WARNING, "%s", f->error.message);
	else if (f->error.code == SHMPUB_OK && m->is_file_lost)
		log_line(&m->app->log, LOG_LEVEL_INFO, "metrics_file: %s: written again", f->path);
	m->is_file_lost = f->error.code != SHMPUB_OK;
}

int app_metrics_open(struct app *app, struct shmpub_error *err)
{
	const struct config_daemon *d = &app->config->daemon;
	struct app_metrics *m = &app->metrics;
	struct shmpub_reader_options where = { .directory = d->directory, .instance = d->instance };
	int r;

	m->app = app;
	m->page.text = page_text;
	m->page.arg = m;
	m->file.written = on_written;
	m->file.arg = m;
	if (app->options.is_once || (d->metrics_file == NULL && d->metrics_listen == NULL))
		return SHMPUB_OK;
	m->file.path = d->metrics_file;
	r = shmpub_reader_open(&m->reader, &where, err);
	if (!r && d->metrics_listen != NULL)
		r = metrics_page_open(&m->page, &app->loop, d->metrics_listen, err);
	return r;
}

/* What is told at once, and not after 15 seconds: how many feeds fail, and a reload. */
static uint64_t news(const struct app *app)
{
	return app->host.n_news + ((uint64_t)app->is_reload_refused << 63);
}

void app_metrics_tick(struct app *app)
{
	struct app_metrics *m = &app->metrics;
	uint64_t now = uv_now(&app->loop), told;
	struct shmpub_error err;
	struct span text;

	metrics_page_tick(&m->page);
	if (m->file.path == NULL || m->file.is_busy || app->is_stopping || !app->is_ready)
		return;
	told = news(app);
	if (m->file_ms != 0 && told == m->told && now - m->file_ms < FILE_EVERY_MS)
		return;
	m->text.size = 0; /* one that was made a moment ago may be from before the news */
	if (page_text(m, &text, &err) != SHMPUB_OK)
		return;
	m->told = told;
	m->file_ms = now;
	metrics_file_write(&m->file, &app->pool, text);
}

void app_metrics_close(struct app *app)
{
	metrics_page_close(&app->metrics.page);
}

void app_metrics_deinit(struct app *app)
{
	struct app_metrics *m = &app->metrics;

	m->text.size = 0;
	if (m->file.path != NULL && m->file_ms != 0 &&
	    metrics_append_down(&m->text, app->config->daemon.instance, NULL) == SHMPUB_OK)
		metrics_file_write_now(&m->file, buffer_span(&m->text));
	shmpub_reader_close(m->reader);
	buffer_free(&m->text);
	if (!m->file.is_busy)
		metrics_file_deinit(&m->file);
}
