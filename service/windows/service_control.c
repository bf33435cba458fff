#include "service_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include "base/alloc.h"
#include "base/error.h"
#include "config.h"
#include "log.h"
#include "scm.h"
#include "service_line.h"
#include "service_place.h"
#include "service_run.h"

/*
 * The words for a service that is installed. Like `net start`, starting and stopping wait until
 * they are done, so that a script can use the tables, or replace the program, at once.
 */

/* --- its configuration ----------------------------------------------------------------------------- */

int service_check_config(const char *config, struct shmpub_error *err)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct config *judged = NULL;
	int r = service_enter(config, err);

	if (r)
		return r;
	r = config_judge(&judged, config, &problems, err);
	config_free(judged);
	if (problems.lines.size)
		log_print(problems.n ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "",
		          buffer_span(&problems.lines));
	if (r && problems.n)
		r = SERVICE_TOLD;
	config_problems_free(&problems);
	return r;
}

/* Gets the path of the configuration from the service's command line. */
static int get_config_path(char **out, const struct scm *scm, struct shmpub_error *err)
{
	QUERY_SERVICE_CONFIGW *config;
	int r = scm_config(&config, scm, err);

	*out = NULL;
	if (!r)
		r = service_line_config(out, config->lpBinaryPathName, err);
	mem_free(config);
	return r;
}

static int check_config(const struct scm *scm, struct shmpub_error *err)
{
	char *config;
	int r = get_config_path(&config, scm, err);

	if (!r)
		r = service_check_config(config, err);
	mem_free(config);
	return r;
}

/* --- start, stop, reload --------------------------------------------------------------------------- */

/* Puts an enum service_exit into words. */
static const char *exit_text(DWORD code)
{
	switch (code) {
	case SERVICE_BAD_CONFIG:
		return "its configuration is bad";
	case SERVICE_NO_START:
		return "it could not start";
	case SERVICE_NO_GO:
		return "it could not go on";
	default:
		return "it does not say why";
	}
}

/* Tells why a service has stopped during its start. */
static int explain_failure(const struct scm *scm, const SERVICE_STATUS_PROCESS *status,
                           struct shmpub_error *err)
{
	if (status->dwWin32ExitCode == NO_ERROR)
		return error_set(err, SHMPUB_ERR_SYS,
		                 "starting service '%s': somebody stopped it meanwhile", scm->name);
	if (status->dwWin32ExitCode != ERROR_SERVICE_SPECIFIC_ERROR)
		return scm_refused(err, status->dwWin32ExitCode, "starting", scm->name);
	return error_set(err, SHMPUB_ERR_SYS,
	                 "starting service '%s': %s (code %lu of the service): the event log has "
	                 "the reason, under Windows Logs, Application, source %s",
	                 scm->name, exit_text(status->dwServiceSpecificExitCode),
	                 status->dwServiceSpecificExitCode, scm->name);
}

int service_start(const struct service_request *request, struct shmpub_error *err)
{
	SERVICE_STATUS_PROCESS status;
	struct scm scm;
	int r = scm_open(&scm, request->name, SERVICE_START | SERVICE_QUERY_STATUS, "starting",
	                 err);

	if (r)
		return r;
	r = check_config(&scm, err);
	if (!r && !StartServiceW(scm.service, 0, NULL))
		r = scm_refused(err, GetLastError(), "starting", scm.name);
	if (!r)
		r = scm_wait(&status, &scm, SERVICE_START_PENDING, err);
	if (!r)
		r = scm_wait(&status, &scm, SERVICE_STOP_PENDING, err);
	if (!r && status.dwCurrentState != SERVICE_RUNNING)
		r = explain_failure(&scm, &status, err);
	scm_close(&scm);
	return r;
}

int service_stop(const struct service_request *request, struct shmpub_error *err)
{
	SERVICE_STATUS_PROCESS status;
	SERVICE_STATUS answer;
	struct scm scm;
	int r = scm_open(&scm, request->name, SERVICE_STOP | SERVICE_QUERY_STATUS, "stopping", err);

	if (r)
		return r;
	if (!ControlService(scm.service, SERVICE_CONTROL_STOP, &answer))
		r = scm_refused(err, GetLastError(), "stopping", scm.name);
	if (!r)
		r = scm_wait(&status, &scm, SERVICE_STOP_PENDING, err);
	scm_close(&scm);
	return r;
}

int service_reload(const struct service_request *request, struct shmpub_error *err)
{
	SERVICE_STATUS answer;
	struct scm scm;
	int r = scm_open(&scm, request->name, SERVICE_PAUSE_CONTINUE, "reloading", err);

	if (r)
		return r;
	r = check_config(&scm, err);
	if (!r && !ControlService(scm.service, SERVICE_CONTROL_PARAMCHANGE, &answer))
		r = scm_refused(err, GetLastError(), "reloading", scm.name);
	scm_close(&scm);
	return r;
}

/* --- status ---------------------------------------------------------------------------------------- */

static const char *state_name(DWORD state)
{
	static const char *const names[] = {
		[SERVICE_STOPPED] = "stopped",
		[SERVICE_START_PENDING] = "starting",
		[SERVICE_STOP_PENDING] = "stopping",
		[SERVICE_RUNNING] = "running",
		[SERVICE_CONTINUE_PENDING] = "continuing",
		[SERVICE_PAUSE_PENDING] = "pausing",
		[SERVICE_PAUSED] = "paused",
	};

	return state < ARRAY_LEN(names) && names[state] != NULL ? names[state] : "unknown";
}

static const char *start_name(DWORD type)
{
	switch (type) {
	case SERVICE_AUTO_START:
		return "automatic";
	case SERVICE_DEMAND_START:
		return "manual";
	case SERVICE_DISABLED:
		return "disabled";
	default:
		return "unknown";
	}
}

/* Prints after which times the manager starts the service again: "1 s, 5 s, 30 s". */
static void print_restarts(const struct scm *scm)
{
	union {
		SERVICE_FAILURE_ACTIONSW actions;
		BYTE room[4096];
	} failure;
	DWORD n;
	const char *before = "  restarts  after ";

	if (!QueryServiceConfig2W(scm->service, SERVICE_CONFIG_FAILURE_ACTIONS, failure.room,
	                          sizeof(failure), &n))
		return;
	for (DWORD i = 0; i < failure.actions.cActions; i++) {
		if (failure.actions.lpsaActions[i].Type != SC_ACTION_RESTART)
			continue;
		printf("%s%g s", before, failure.actions.lpsaActions[i].Delay / 1000.0);
		before = ", ";
	}
	puts(before[0] == ',' ? "" : "  restarts  never");
}

static void print_exit(const SERVICE_STATUS_PROCESS *status)
{
	if (status->dwWin32ExitCode == ERROR_SERVICE_NEVER_STARTED) {
		puts("  last end  never started since Windows was");
	} else if (status->dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR) {
		printf("  last end  %s (code %lu of the service)\n",
		       exit_text(status->dwServiceSpecificExitCode),
		       status->dwServiceSpecificExitCode);
	} else {
		printf("  last end  code %lu\n", status->dwWin32ExitCode);
	}
}

static int print_status(const struct scm *scm, const SERVICE_STATUS_PROCESS *status,
                        struct shmpub_error *err)
{
	QUERY_SERVICE_CONFIGW *config;
	char *path = NULL;
	int r = scm_config(&config, scm, err);

	if (!r)
		r = service_line_config(&path, config->lpBinaryPathName, err);
	if (!r) {
		printf("%s: %s", scm->name, state_name(status->dwCurrentState));
		if (status->dwProcessId)
			printf(", pid %lu", status->dwProcessId);
		printf("\n  config    %s\n  start     %s\n", path, start_name(config->dwStartType));
		print_restarts(scm);
		if (status->dwCurrentState == SERVICE_STOPPED)
			print_exit(status);
	}
	mem_free(path);
	mem_free(config);
	return r;
}

int service_status(const struct service_request *request, struct shmpub_error *err)
{
	SERVICE_STATUS_PROCESS status;
	struct scm scm;
	int r = scm_open(&scm, request->name, SERVICE_QUERY_STATUS, "asking for", err);

	if (r)
		return err->sys == ERROR_SERVICE_DOES_NOT_EXIST ? SERVICE_ABSENT : r;
	r = scm_query(&status, &scm, err);
	if (!r)
		r = print_status(&scm, &status, err);
	if (!r && status.dwCurrentState != SERVICE_RUNNING)
		r = SERVICE_STANDS;
	scm_close(&scm);
	return r;
}
