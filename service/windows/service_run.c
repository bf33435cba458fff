#include "service_words.h"

#include <stdio.h>
#include <stdlib.h>
#include "app.h" /* first: libuv brings winsock2.h, which windows.h must not precede */
#include <windows.h>
#include "base/alloc.h"
#include "base/error.h"
#include "event_log.h"
#include "service_place.h"
#include "service_run.h"
#include "wide.h"

/*
 * The service itself: the same app functions as the console's, with the manager's controls
 * instead of signals, and the event log instead of standard error.
 *
 * Two threads: the main one waits in the dispatcher and gets the controls; the manager's other one
 * runs serve_manager(), and in it the app's loop. What both touch is the status, under a lock. A
 * control only asks the app for something, so that the manager never waits.
 *
 * Check points are made by the loop's own ticks: a loop that hangs makes none, and the manager sees
 * that. Controls are accepted while RUNNING only; one that was on its way when that ended does
 * nothing.
 */

#define WAIT_HINT_MS 5000 /* a check point comes each second */
#define QUIET_HINT_MS                                                                              \
	30000 /* reading the configuration, and taking everything down: no ticks then */
#define ACCEPTED                                                                                   \
	(SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PRESHUTDOWN |              \
	 SERVICE_ACCEPT_PARAMCHANGE)

struct service {
	const struct service_request *request;
	struct event_log log;
	struct log_sink sink;
	struct app app;

	SERVICE_STATUS_HANDLE handle;
	SRWLOCK lock; /* over what follows */
	SERVICE_STATUS status;
	bool is_served; /* the app takes requests */
};

/* The manager calls serve_manager() with no argument of ours, so this one has a place in the file. */
static struct service *started;

/* --- telling the manager --------------------------------------------------------------------------- */

/* Under the lock: a new state, or another check point of a pending one. */
static void note_state(struct service *s, DWORD state, DWORD wait_hint_ms)
{
	bool is_pending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;

	s->status.dwCurrentState = state;
	s->status.dwControlsAccepted = state == SERVICE_RUNNING ? ACCEPTED : 0;
	s->status.dwCheckPoint = is_pending ? s->status.dwCheckPoint + 1 : 0;
	s->status.dwWaitHint = is_pending ? wait_hint_ms : 0;
}

static void set_state(struct service *s, DWORD state, DWORD wait_hint_ms)
{
	note_state(s, state, wait_hint_ms);
	SetServiceStatus(s->handle, &s->status);
}

static void report(struct service *s, DWORD state, DWORD wait_hint_ms)
{
	AcquireSRWLockExclusive(&s->lock);
	set_state(s, state, wait_hint_ms);
	ReleaseSRWLockExclusive(&s->lock);
}

static DWORD state_of(struct service *s)
{
	DWORD state;

	AcquireSRWLockShared(&s->lock);
	state = s->status.dwCurrentState;
	ReleaseSRWLockShared(&s->lock);
	return state;
}

/*
 * Once the manager knows of the end, the main thread comes back from the dispatcher and takes
 * everything away. So it is told last, and *s, its lock included, is not touched after that.
 */
static void report_end(struct service *s, enum service_exit failure)
{
	SERVICE_STATUS status;
	SERVICE_STATUS_HANDLE handle = s->handle;

	AcquireSRWLockExclusive(&s->lock);
	s->status.dwWin32ExitCode = failure ? ERROR_SERVICE_SPECIFIC_ERROR : NO_ERROR;
	s->status.dwServiceSpecificExitCode = failure;
	note_state(s, SERVICE_STOPPED, 0);
	status = s->status;
	ReleaseSRWLockExclusive(&s->lock);
	SetServiceStatus(handle, &status);
}

/* Whether the app takes requests from here on; the state goes with that. */
static void report_served(struct service *s, bool is_served, DWORD state)
{
	AcquireSRWLockExclusive(&s->lock);
	s->is_served = is_served;
	set_state(s, state, QUIET_HINT_MS);
	ReleaseSRWLockExclusive(&s->lock);
}

/* --- what the app tells, on its loop's thread ------------------------------------------------------ */

static void on_ready(void *arg)
{
	report(arg, SERVICE_RUNNING, 0);
}

static void on_tick(void *arg)
{
	DWORD state = state_of(arg);

	if (state != SERVICE_RUNNING)
		report(arg, state, WAIT_HINT_MS);
}

static void on_stopping(void *arg)
{
	report(arg, SERVICE_STOP_PENDING, WAIT_HINT_MS);
}

/* --- what the manager wants, on the main thread ---------------------------------------------------- */

static void ask_stop(struct service *s)
{
	AcquireSRWLockExclusive(&s->lock);
	if (s->is_served && s->status.dwCurrentState == SERVICE_RUNNING) {
		set_state(s, SERVICE_STOP_PENDING, WAIT_HINT_MS);
		app_request_stop(&s->app);
	}
	ReleaseSRWLockExclusive(&s->lock);
}

static void ask_reload(struct service *s)
{
	AcquireSRWLockExclusive(&s->lock);
	if (s->is_served)
		app_request_reload(&s->app);
	ReleaseSRWLockExclusive(&s->lock);
}

static DWORD WINAPI on_control(DWORD control, DWORD event, void *data, void *arg)
{
	struct service *s = arg;

	(void)event;
	(void)data;
	switch (control) {
	case SERVICE_CONTROL_STOP:
	case SERVICE_CONTROL_SHUTDOWN:
	case SERVICE_CONTROL_PRESHUTDOWN:
		ask_stop(s);
		return NO_ERROR;
	case SERVICE_CONTROL_PARAMCHANGE:
		ask_reload(s);
		return NO_ERROR;
	case SERVICE_CONTROL_INTERROGATE: /* the manager has the status */
		return NO_ERROR;
	default:
		return ERROR_CALL_NOT_IMPLEMENTED;
	}
}

/* --- its life -------------------------------------------------------------------------------------- */

static enum service_exit begin(struct service *s)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	const char *config = s->request->config;
	struct shmpub_error err;
	struct app_options options = {
		.path = config,
		.log_sink = &s->sink,
		.listener = { .ready = on_ready,
		              .tick = on_tick,
		              .stopping = on_stopping,
		              .arg = s },
	};
	enum service_exit failure = SERVICE_NO_START;
	int r = service_enter(config, &err);

	if (!r)
		r = app_init(&s->app, &options, &problems, &err);
	event_log_lines(&s->log, problems.n ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
	                buffer_span(&problems.lines));
	if (problems.n)
		failure = SERVICE_BAD_CONFIG;
	if (r)
		event_log_line(&s->log, LOG_LEVEL_ERROR, "%s: not started: %s", config,
		               problems.n ? "the configuration is bad" : err.message);
	config_problems_free(&problems);
	return r ? failure : 0;
}

static void serve(struct service *s)
{
	int status;

	event_log_line(&s->log, LOG_LEVEL_INFO, "shmpubd %s starts with %s", SHMPUB_VERSION_STRING,
	               s->request->config);
	report_served(s, true, SERVICE_START_PENDING);
	status = app_run(&s->app);
	report_served(s, false, SERVICE_STOP_PENDING);
	if (!app_deinit(&s->app)) {
		event_log_line(&s->log, LOG_LEVEL_WARNING, "stopped while a job hangs");
		report_end(s, status ? SERVICE_NO_GO : 0);
		_Exit(status); /* exit() could wait for what hangs */
	}
	event_log_line(&s->log, LOG_LEVEL_INFO, "stopped");
	report_end(s, status ? SERVICE_NO_GO : 0);
}

static void WINAPI serve_manager(DWORD argc, wchar_t **argv)
{
	struct service *s = started;
	enum service_exit failure;

	s->handle = RegisterServiceCtrlHandlerExW(argc ? argv[0] : L"", on_control, s);
	if (s->handle == NULL) {
		event_log_line(&s->log, LOG_LEVEL_ERROR, "no control handler: error %lu",
		               GetLastError());
		return;
	}
	report(s, SERVICE_START_PENDING, QUIET_HINT_MS);
	failure = begin(s);
	if (failure)
		report_end(s, failure);
	else
		serve(s);
}

/* --- the word "run" -------------------------------------------------------------------------------- */

static int refused(const struct service_request *request, DWORD code, struct shmpub_error *err)
{
	if (code != ERROR_FAILED_SERVICE_CONTROLLER_CONNECT)
		return error_set(err, SHMPUB_ERR_SYS, "the service manager is not there: error %lu",
		                 code);
	return error_set(err, SERVICE_MISUSED,
	                 "'service run' is for the service manager alone (error %lu). To start the "
	                 "service: shmpubd service start --name %s; to run in the foreground: "
	                 "shmpubd -c %s",
	                 code, request->name, request->config);
}

int service_run(const struct service_request *request, struct shmpub_error *err)
{
	struct service *s = mem_zalloc(1, sizeof(*s));
	SERVICE_TABLE_ENTRYW table[] = { { NULL, serve_manager }, { NULL, NULL } };
	wchar_t *name = NULL;
	int r;

	if (s == NULL)
		return error_nomem(err, sizeof(*s));
	r = wide_from_utf8(&name, span_str(request->name), err);
	if (!r) {
		s->request = request;
		s->sink = (struct log_sink){ .name = "the event log",
			                     .write = event_log_write,
			                     .arg = &s->log };
		s->status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
		InitializeSRWLock(&s->lock);
		event_log_open(&s->log, request->name);
		table[0].lpServiceName = name;
		started = s;
		if (!StartServiceCtrlDispatcherW(table))
			r = refused(request, GetLastError(), err);
		event_log_close(&s->log);
	}
	mem_free(name);
	mem_free(s);
	return r;
}
