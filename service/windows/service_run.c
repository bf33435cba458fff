#include "service_words.h"

#include <stdio.h>
#include <stdlib.h>
#include "app.h" /* first: it includes winsock2.h, which must come before windows.h */
#include <windows.h>
#include "base/alloc.h"
#include "base/error.h"
#include "event_log.h"
#include "service_place.h"
#include "service_run.h"
#include "wide.h"

/*
 * The service itself. It calls the same app functions as the program on a console, gets the
 * manager's controls instead of signals, and writes to the event log instead of standard error.
 *
 * There are two threads. The main thread waits in the manager's dispatcher and gets the
 * controls. The manager starts another one that runs serve_manager(), and in it the app's loop.
 * Both use the status, under a lock. A control only makes a request to the app, so the manager
 * never waits.
 *
 * Check points are made by the ticks of the loop: a loop that hangs makes none, and the manager
 * sees that. Controls are accepted only while RUNNING. One that arrives just after that does
 * nothing.
 */

#define WAIT_HINT_MS 5000   /* there is a check point each second */
#define QUIET_HINT_MS 30000 /* reading the configuration, and the end, have no ticks */
#define ACCEPTED                                                                                   \
	(SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PRESHUTDOWN |              \
	 SERVICE_ACCEPT_PARAMCHANGE)

struct service {
	const struct service_request *request;
	struct event_log log;
	struct log_sink sink;
	struct app app;

	SERVICE_STATUS_HANDLE handle;
	SRWLOCK lock; /* protects the fields below */
	SERVICE_STATUS status;
	bool takes_requests; /* of the app: app_request_stop and app_request_reload may be called */
};

/* A variable of the file, because the manager calls serve_manager() without an argument of ours. */
static struct service *started;

/* --- telling the manager --------------------------------------------------------------------------- */

/* Called with the lock held. Notes a new state, or another check point of a pending one. */
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

static DWORD get_state(struct service *s)
{
	DWORD state;

	AcquireSRWLockShared(&s->lock);
	state = s->status.dwCurrentState;
	ReleaseSRWLockShared(&s->lock);
	return state;
}

/*
 * Tells the manager that the service has ended. After that the main thread returns from the
 * dispatcher and frees everything. So this is the last step, and *s, its lock included, is not
 * touched after it.
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

/* Sets the state, and whether the app takes requests from now on. */
static void report_takes_requests(struct service *s, bool takes_requests, DWORD state)
{
	AcquireSRWLockExclusive(&s->lock);
	s->takes_requests = takes_requests;
	set_state(s, state, QUIET_HINT_MS);
	ReleaseSRWLockExclusive(&s->lock);
}

/* --- callbacks of the app, on its loop's thread ---------------------------------------------------- */

static void on_ready(void *arg)
{
	report(arg, SERVICE_RUNNING, 0);
}

static void on_tick(void *arg)
{
	DWORD state = get_state(arg);

	if (state != SERVICE_RUNNING)
		report(arg, state, WAIT_HINT_MS);
}

static void on_stopping(void *arg)
{
	report(arg, SERVICE_STOP_PENDING, WAIT_HINT_MS);
}

/* --- controls of the manager, on the main thread --------------------------------------------------- */

static void ask_stop(struct service *s)
{
	AcquireSRWLockExclusive(&s->lock);
	if (s->takes_requests && s->status.dwCurrentState == SERVICE_RUNNING) {
		set_state(s, SERVICE_STOP_PENDING, WAIT_HINT_MS);
		app_request_stop(&s->app);
	}
	ReleaseSRWLockExclusive(&s->lock);
}

static void ask_reload(struct service *s)
{
	AcquireSRWLockExclusive(&s->lock);
	if (s->takes_requests)
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
	case SERVICE_CONTROL_INTERROGATE: /* the manager knows the status */
		return NO_ERROR;
	default:
		return ERROR_CALL_NOT_IMPLEMENTED;
	}
}

/* --- the service's thread -------------------------------------------------------------------------- */

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
	report_takes_requests(s, true, SERVICE_START_PENDING);
	status = app_run(&s->app);
	report_takes_requests(s, false, SERVICE_STOP_PENDING);
	if (!app_deinit(&s->app)) {
		event_log_line(&s->log, LOG_LEVEL_WARNING, "stopped while a job hangs");
		report_end(s, status ? SERVICE_NO_GO : 0);
		_Exit(status); /* exit() could wait for the thread that hangs */
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

static int explain_refusal(const struct service_request *request, DWORD code,
                           struct shmpub_error *err)
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
			r = explain_refusal(request, GetLastError(), err);
		event_log_close(&s->log);
	}
	mem_free(name);
	mem_free(s);
	return r;
}
