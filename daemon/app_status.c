#include "app.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/compiler.h"

/*
 * What the service manager is told of the daemon. The line STATUS= says how many feeds are well and
 * names some that are not: "18 of 20 fresh, 2 failing: quotes, trades". It is composed once a second, if
 * there is news, and sent when it differs from the last one. WATCHDOG=1 comes from a timer of the loop, so a loop
 * that stands still is noticed.
 */

#define NAMES_TOLD 5

/* Feeds in one state. The names are the last ones found: the app's list begins with its newest feed. */
struct group {
	const char *word;
	size_t n;
	const char *names[NAMES_TOLD];
};

enum group_index { FAILING, STALE, UNTRIED, GROUPS };

static struct group *group_of(struct group groups[GROUPS], const struct feed *f)
{
	if (f->is_failing)
		return &groups[FAILING];
	if (f->is_stale)
		return &groups[STALE];
	return f->is_tried ? NULL : &groups[UNTRIED];
}

struct text {
	char bytes[APP_STATUS_SIZE];
	size_t size;
};

/* What does not fit is left out. */
static void PRINTF_LIKE(2, 3) append(struct text *t, const char *format, ...)
{
	size_t left = sizeof(t->bytes) - t->size;
	va_list values;
	int n;

	va_start(values, format);
	n = vsnprintf(t->bytes + t->size, left, format, values);
	va_end(values);
	if (n > 0)
		t->size += (size_t)n < left ? (size_t)n : left - 1;
}

static void append_group(struct text *t, const struct group *g)
{
	size_t n_named = g->n < NAMES_TOLD ? g->n : NAMES_TOLD;

	if (g->n == 0)
		return;
	append(t, ", %zu %s: ", g->n, g->word);
	for (size_t i = n_named; i > 0; i--)
		append(t, "%s%s", g->names[(g->n - n_named + i - 1) % NAMES_TOLD],
		       i > 1 ? ", " : "");
	if (g->n > n_named)
		append(t, " and %zu more", g->n - n_named);
}

static void compose(struct text *t, const struct app *app)
{
	struct group groups[GROUPS] = { { .word = "failing" },
		                        { .word = "stale" },
		                        { .word = "not tried yet" } };
	size_t n = 0, n_fresh = 0;

	for (const struct feed *f = app->feeds; f != NULL; f = f->next) {
		struct group *g = group_of(groups, f);

		if (f->is_removed)
			continue;
		n++;
		if (g == NULL)
			n_fresh++;
		else
			g->names[g->n++ % NAMES_TOLD] = f->config->name;
	}
	append(t, "STATUS=%zu of %zu fresh", n_fresh, n);
	for (size_t i = 0; i < GROUPS; i++)
		append_group(t, &groups[i]);
	if (app->is_reload_refused)
		append(t, "; the last reload was refused, the configuration before it is in force");
}

void app_status_tick(struct app *app)
{
	uint64_t news = app->host.n_news + ((uint64_t)app->is_reload_refused << 63);
	struct text t = { .size = 0 };

	if (!app->is_ready || app->is_stopping || app->status_news == news)
		return;
	app->status_news = news;
	compose(&t, app);
	if (strcmp(t.bytes, app->status_told) == 0)
		return;
	memcpy(app->status_told, t.bytes, sizeof(t.bytes));
	notify_send(&app->notify, t.bytes);
}

static void on_watchdog(uv_timer_t *timer)
{
	const struct app *app = timer->data;

	notify_send(&app->notify, "WATCHDOG=1");
}

void app_status_open(struct app *app)
{
	notify_open(&app->notify);
	uv_timer_init(&app->loop, &app->watchdog);
	app->watchdog.data = app;
	if (app->notify.watchdog_ms)
		uv_timer_start(&app->watchdog, on_watchdog, 0, (app->notify.watchdog_ms + 1) / 2);
	notify_send(&app->notify, "STATUS=trying every feed once");
}

void app_status_ready(struct app *app)
{
	notify_send(&app->notify, "READY=1");
	app_status_tick(app);
}

void app_status_reloading(struct app *app)
{
	if (app->is_ready)
		notify_reloading(&app->notify);
}

/* The manager takes a reload for ended by READY=1, well or not; the status line says which. */
void app_status_reloaded(struct app *app, bool is_refused)
{
	app->is_reload_refused = is_refused;
	app_status_tick(app);
	if (app->is_ready)
		notify_send(&app->notify, "READY=1");
}

void app_status_stopping(struct app *app)
{
	notify_send(&app->notify, "STOPPING=1\nSTATUS=stopping");
}

void app_status_close(struct app *app)
{
	uv_close((uv_handle_t *)&app->watchdog, NULL);
}
