/*
 * The whole daemon as one object. main.c runs it, and so does the Windows service.
 *
 * Use:      app_init -> app_run -> app_deinit. app_run returns after app_stop, or with --once
 *           when every feed was tried.
 * Threads:  one thread calls these three, and so do callbacks of app->loop that call app_stop
 *           and app_reload. Other threads call app_request_stop and app_request_reload. The
 *           signals in process.h do the same.
 * Errors:   app_init puts the reason into *err, and what is wrong in the configuration into
 *           *problems.
 */
#ifndef SHMPUBD_APP_H
#define SHMPUBD_APP_H

#include <uv.h>
#include "config.h"
#include "control.h"
#include "feed.h"
#include "log.h"
#include "metrics_file.h"
#include "metrics_page.h"
#include "notify.h"
#include "pool.h"
#include "process.h"
#include "spread.h"

/* Callbacks for a service wrapper, on the thread of app_run. Each may be NULL. */
struct app_listener {
	/* Every feed was tried, or ten seconds are over. It is not called after a stop began. */
	void (*ready)(void *arg);
	/* Once a second from app_run until the end, also during the stop. */
	void (*tick)(void *arg);
	/* The stop has begun, for whatever reason. It may take some seconds. */
	void (*stopping)(void *arg);
	void *arg;
};

#define APP_STATUS_SIZE 512

struct app_options {
	const char *path; /* of the configuration file */
	/* --once: refresh every feed once, leave the snapshots, return */
	bool is_once;
	/* --until-eof: stop at the end of standard input, and leave nothing of the instance */
	bool is_until_eof;
	const struct log_sink *log_sink; /* where log lines go; NULL: standard error */
	struct app_listener listener;
};

/* What other threads have asked for and the loop has not done yet. */
struct app_requests {
	uv_async_t wake;
	uv_mutex_t mutex; /* protects the fields below */
	bool has_mutex;
	bool is_open; /* the loop takes requests: `wake` may be signalled */
	bool wants_reload;
	unsigned n_stops;
};

/* Standard input, whose end ends the daemon. */
struct app_lifeline {
	uv_pipe_t pipe;
	bool is_open;
	char input[64]; /* nobody reads it */
};

/* The daemon's metrics, as a file and as a page. */
struct app_metrics {
	struct app *app;
	struct shmpub_reader *reader; /* of the daemon's own catalog; NULL: no metrics are wanted */
	struct buffer text;
	uint64_t text_ms; /* when it was made */
	struct metrics_page page;
	struct metrics_file file;
	uint64_t file_ms, told; /* when the file was written last, and what was news then */
	bool is_file_lost;      /* the log already says so */
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
	char *instance_path; /* the path of the instance's directory */
	struct feed *feeds;
	size_t n_feeds, n_tried, n_unpublished;

	struct app_requests requests;
	struct app_lifeline lifeline;
	uv_signal_t signals[PROCESS_SIGNALS];
	uv_timer_t tick, ready, stop;
	uint64_t stop_began_ms; /* when the stop began */
	uint64_t stop_limit_ms; /* the longest wait of this stop; 0: the usual one */
	bool is_ready, is_stopping, is_stop_forced, is_closing;
	bool is_lack_logged; /* the log already says that threads are lacking */
	struct control control;
	struct control_host control_host;
	bool is_control_lost; /* the log already says so */
	struct app_metrics metrics;
	int status; /* what app_run returns */
	uv_timer_t watchdog;
	bool is_reload_refused;            /* the last reload changed nothing */
	uint64_t status_news;              /* what was news when the status was composed last */
	char status_told[APP_STATUS_SIZE]; /* what the service manager was told last */
};

/*
 * Loads the configuration, takes the instance and adds the feeds. SHMPUB_ERR_INVALID: the
 * configuration has the problems that *problems lists. On failure only *problems must be freed.
 */
int app_init(struct app *app, const struct app_options *options, struct config_problems *problems,
             struct shmpub_error *err);
/*
 * Runs the loop until the daemon has stopped. Returns the exit status: 0, or 1 when --once left
 * a feed unpublished or another process took the instance.
 */
int app_run(struct app *app);
/*
 * Reads the configuration again. If it is bad or does not fit, that is logged, and the old one
 * stays in force.
 */
void app_reload(struct app *app);
/* Starts the stop and returns at once. A second call makes the stop wait for no job any more. */
void app_stop(struct app *app);
/*
 * The same for any thread: the loop does it soon. They may be called from app_init's success
 * until app_deinit is called; after app_run has returned they do nothing.
 */
void app_request_reload(struct app *app);
void app_request_stop(struct app *app);
/*
 * Frees everything and returns true. Returns false when a job still hangs: its thread cannot be
 * ended, so the process must end by _Exit() and not wait for the thread.
 */
bool app_deinit(struct app *app);

/* --- for app.c: app_request.c ---------------------------------------------------------------------- */

/* Called before there is a loop. Fails with SHMPUB_ERR_SYS. */
int app_requests_init(struct app *app, struct shmpub_error *err);
/* The loop takes requests until app_requests_close(), which closes the handle. */
int app_requests_open(struct app *app, struct shmpub_error *err);
void app_requests_close(struct app *app);
void app_requests_deinit(struct app *app);

/* --- for app.c and app_reload.c: app_status.c tells the service manager ----------------------------- */

/* Finds the manager and begins to answer its watchdog. app_status_close() ends that. */
void app_status_open(struct app *app);
void app_status_close(struct app *app);
void app_status_ready(struct app *app);
/* To be called once a second. */
void app_status_tick(struct app *app);
void app_status_reloading(struct app *app);
void app_status_reloaded(struct app *app, bool is_refused);
void app_status_stopping(struct app *app);

/* --- for app.c: app_control.c ---------------------------------------------------------------------- */

void app_control_open(struct app *app);
/* To be called once a second. */
void app_control_tick(struct app *app);

/* --- for app.c: app_metrics.c ---------------------------------------------------------------------- */

/* SHMPUB_ERR_SYS: the address cannot be listened at. On failure it must be closed as well. */
int app_metrics_open(struct app *app, struct shmpub_error *err);
/* To be called once a second. */
void app_metrics_tick(struct app *app);
void app_metrics_close(struct app *app);
/* When the loop has ended: says in the file that nothing runs, and frees the memory. */
void app_metrics_deinit(struct app *app);

/* --- for app.c: app_lifeline.c --------------------------------------------------------------------- */

/*
 * With --until-eof begins to wait for the end of standard input. SHMPUB_ERR_INVALID: it is no pipe
 * and no socket. The loop must run once more after app_lifeline_close(), also after a failure.
 */
int app_lifeline_open(struct app *app, struct shmpub_error *err);
void app_lifeline_close(struct app *app);

/* --- for app.c: app_stop.c ------------------------------------------------------------------------- */

/* Ends the feeds; each frees itself when its job is back. */
void app_close_feeds(struct app *app);
/* Ends the feeds and closes every handle of the loop. */
void app_close_all(struct app *app);
/* False: a worker makes a snapshot right now. */
bool app_give_up_builds(struct app *app);

/* --- for app_reload.c ------------------------------------------------------------------------------ */

/* The feed of that name, or NULL. A removed feed counts as long as its job is under way. */
struct feed *app_find_feed(const struct app *app, const char *name);
/* Puts the feed into the app's list, where it stays even if opening it fails. */
int app_add_feed(struct app *app, struct feed *f, struct shmpub_error *err);

#endif
