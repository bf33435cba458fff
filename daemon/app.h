/*
 * shmpubd as a program that others can start: main.c does, a service wrapper may.
 *
 * Use:      app_init -> app_run -> app_deinit. app_run returns when the work is done
 *           (--once), or after app_stop.
 * Threads:  one; app_stop and app_reload may be called from callbacks of app->loop. Other
 *           threads have app_request_stop and app_request_reload. Signals do the same as
 *           these: process.h lists them.
 * Errors:   what ended it, in *err; problems of the configuration in *problems.
 */
#ifndef SHMPUBD_APP_H
#define SHMPUBD_APP_H

#include <uv.h>
#include "config.h"
#include "feed.h"
#include "log.h"
#include "notify.h"
#include "pool.h"
#include "process.h"
#include "spread.h"

/* What a service wrapper wants to hear, on the thread of app_run; each may be NULL. */
struct app_listener {
	/* Every feed was tried, or ten seconds are over. Never when it is stopped before. */
	void (*ready)(void *arg);
	/* Once a second from app_run until the end, while it begins and stops as well. */
	void (*tick)(void *arg);
	/* The stop has begun, whoever wanted it; it may take some seconds. */
	void (*stopping)(void *arg);
	void *arg;
};

struct app_options {
	const char *path;                /* of the configuration */
	bool is_once;                    /* refresh every feed once, leave the snapshots, end */
	const struct log_sink *log_sink; /* where a service's log goes; NULL: standard error */
	struct app_listener listener;
};

/* What other threads want done. */
struct app_requests {
	uv_async_t wake;
	uv_mutex_t mutex; /* over what follows */
	bool has_mutex;
	bool is_open; /* the loop listens */
	bool wants_reload;
	unsigned n_stops;
};

struct app {
	struct app_options options;
	uv_loop_t loop;
	struct log log;
	struct pool pool;
	struct notify notify;
	struct spread spread;
	struct runner runner;
	struct config *config;
	struct publisher *publisher;
	struct feed_host host;
	char *place; /* the path of the instance's directory */
	struct feed *feeds;
	size_t n_feeds, n_tried, n_unpublished;

	struct app_requests requests;
	uv_signal_t signals[PROCESS_SIGNALS];
	uv_timer_t tick, ready, stop;
	uint64_t stop_ms;     /* when the stop was asked for */
	uint64_t patience_ms; /* how long the stop may wait at most; 0: no such bound */
	bool is_ready, is_stopping, is_hasty, is_closing;
	bool is_short_told;   /* that there are fewer threads than wanted */
	int status;           /* what app_run returns */
	uint64_t watchdog_ms; /* when the manager was last told */
};

int app_init(struct app *app, const struct app_options *options, struct config_problems *problems,
             struct shmpub_error *err);
/* 0, or 1 when --once left a feed unpublished. */
int app_run(struct app *app);
void app_reload(struct app *app);
/* A second call does not wait for jobs any more. */
void app_stop(struct app *app);
/*
 * [any thread] The same, done soon on the thread of app_run. From app_init's success until
 * app_deinit is called; a request after app_run has returned does nothing.
 */
void app_request_reload(struct app *app);
void app_request_stop(struct app *app);
/* False when a job hangs still: its thread cannot be ended, so the process must not wait for it. */
bool app_deinit(struct app *app);

/* --- for app.c: app_request.c ---------------------------------------------------------------------- */

/* Before the loop is there: SHMPUB_ERR_SYS. */
int app_requests_init(struct app *app, struct shmpub_error *err);
/* The loop listens from here until app_requests_close, which takes the handle off it. */
int app_requests_open(struct app *app, struct shmpub_error *err);
void app_requests_close(struct app *app);
void app_requests_deinit(struct app *app);

/* --- for app_reload.c ----------------------------------------------------------------------------- */

/* The feed of that name, also one that waits for its job to be removed; NULL. */
struct feed *app_find_feed(const struct app *app, const char *name);
/* It belongs to the app from here on, also when it could not be opened. */
int app_add_feed(struct app *app, struct feed *f, struct shmpub_error *err);

#endif
