#include "service_words.h"

#include <windows.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "event_log.h"
#include "log.h"
#include "scm.h"
#include "service_line.h"
#include "service_place.h"
#include "wide.h"

/*
 * Everything is checked before the manager is asked for anything, and an incomplete service is
 * deleted again: a service is installed as a whole or not at all.
 *
 * The account is LocalService. It may read what is open to "Everyone", to itself or to "NT
 * SERVICE\NAME", its own identity. It may create objects in Global\. It has only the two
 * privileges below, and no network.
 */

#define ACCOUNT L"NT AUTHORITY\\LocalService"
#define DESCRIPTION                                                                                \
	L"Publishes CSV sources as tables in shared memory for the programs of this computer."
#define PRIVILEGES L"SeChangeNotifyPrivilege\0SeCreateGlobalPrivilege\0"
#define PRESHUTDOWN_MS 30000 /* a stop waits up to 15 s for builds of snapshots */
#define RESET_S 86400        /* a day without a failure resets the count of failures */

/* --- settings of the service that was created ------------------------------------------------------ */

/*
 * Changes one setting. Wine does not know every setting: a missing one is a warning, for it may
 * matter.
 */
static int set_config(const struct scm *scm, DWORD what, void *info, const char *name,
                      struct shmpub_error *err)
{
	struct shmpub_error missing;

	if (ChangeServiceConfig2W(scm->service, what, info))
		return SHMPUB_OK;
	if (GetLastError() != ERROR_INVALID_LEVEL)
		return scm_refused(err, GetLastError(), "configuring", scm->name);
	error_set(&missing, SHMPUB_ERR_SYS, "this system has no setting for %s of a service", name);
	log_print(LOG_LEVEL_WARNING, "shmpubd: warning: ", span_str(missing.message));
	return SHMPUB_OK;
}

static int set_restarts(const struct scm *scm, struct shmpub_error *err)
{
	SC_ACTION actions[] = { { SC_ACTION_RESTART, 1000 },
		                { SC_ACTION_RESTART, 5000 },
		                { SC_ACTION_RESTART, 30000 } }; /* the last one repeats */
	SERVICE_FAILURE_ACTIONSW failure = { .dwResetPeriod = RESET_S,
		                             .cActions = ARRAY_LEN(actions),
		                             .lpsaActions = actions };
	/* A stop with an error counts like a crash. */
	SERVICE_FAILURE_ACTIONS_FLAG flag = { .fFailureActionsOnNonCrashFailures = TRUE };
	int r = set_config(scm, SERVICE_CONFIG_FAILURE_ACTIONS, &failure, "restarts", err);

	if (!r)
		r = set_config(scm, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag,
		               "restarts after an error", err);
	return r;
}

static int configure(const struct scm *scm, const struct service_request *request,
                     struct shmpub_error *err)
{
	SERVICE_DESCRIPTIONW description = { .lpDescription = DESCRIPTION };
	SERVICE_SID_INFO sid = { .dwServiceSidType = SERVICE_SID_TYPE_UNRESTRICTED };
	SERVICE_REQUIRED_PRIVILEGES_INFOW privileges = { .pmszRequiredPrivileges = PRIVILEGES };
	SERVICE_PRESHUTDOWN_INFO preshutdown = { .dwPreshutdownTimeout = PRESHUTDOWN_MS };
	const struct {
		DWORD what;
		void *info;
		const char *name;
	} settings[] = {
		{ SERVICE_CONFIG_DESCRIPTION, &description, "the description" },
		{ SERVICE_CONFIG_SERVICE_SID_INFO, &sid, "the identity" },
		{ SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, &privileges, "the privileges" },
		{ SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown, "the time to shut down" },
	};
	int r = SHMPUB_OK;

	for (size_t i = 0; i < ARRAY_LEN(settings) && !r; i++)
		r = set_config(scm, settings[i].what, settings[i].info, settings[i].name, err);
	if (!r && request->is_auto_restart)
		r = set_restarts(scm, err);
	return r;
}

/* --- install --------------------------------------------------------------------------------------- */

static int check_place(const char *program, const char *config, struct shmpub_error *err)
{
	int r = service_check_program(program, err);

	if (!r)
		r = service_check_drive(program, err);
	if (!r)
		r = service_check_drive(config, err);
	return r ? r : service_check_owner(config, err);
}

static int create(struct scm *scm, const wchar_t *line, struct shmpub_error *err)
{
	const DWORD access = SERVICE_CHANGE_CONFIG | SERVICE_START | DELETE;
	wchar_t *name;
	int r = wide_from_utf8(&name, span_str(scm->name), err);

	if (r)
		return r;
	scm->service = CreateServiceW(scm->manager, name, name, access, SERVICE_WIN32_OWN_PROCESS,
	                              SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, line, NULL, NULL,
	                              NULL, ACCOUNT, NULL);
	if (scm->service == NULL)
		r = scm_refused(err, GetLastError(), "installing", scm->name);
	mem_free(name);
	return r;
}

static int install(const struct service_request *request, const char *program, const char *config,
                   struct scm *scm, struct shmpub_error *err)
{
	wchar_t *line;
	int r = service_line_make(&line, program, request->name, config, err);

	if (!r)
		r = create(scm, line, err);
	if (!r)
		r = configure(scm, request, err);
	if (!r)
		r = event_log_register(request->name, program, err);
	if (r && scm->service != NULL)
		DeleteService(scm->service);
	mem_free(line);
	return r;
}

int service_install(const struct service_request *request, struct shmpub_error *err)
{
	struct scm scm = SCM_NONE;
	char *program = NULL, *config = NULL;
	int r = service_absolute(&config, request->config, err);

	if (!r)
		r = scm_open_manager(&scm, request->name,
		                     SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE, "installing",
		                     err);
	if (!r)
		r = service_program(&program, err);
	if (!r && !request->is_anyway)
		r = check_place(program, config, err);
	if (!r)
		r = service_check_config(config, err);
	if (!r)
		r = install(request, program, config, &scm, err);
	scm_close(&scm);
	mem_free(program);
	mem_free(config);
	return r;
}

/* --- uninstall ------------------------------------------------------------------------------------- */

static int stop_before(const struct scm *scm, struct shmpub_error *err)
{
	SERVICE_STATUS_PROCESS status;
	SERVICE_STATUS answer;
	int r = scm_wait(&status, scm, SERVICE_START_PENDING,
	                 err); /* before that it takes no control */

	if (r || status.dwCurrentState == SERVICE_STOPPED)
		return r;
	if (!ControlService(scm->service, SERVICE_CONTROL_STOP, &answer) &&
	    GetLastError() != ERROR_SERVICE_NOT_ACTIVE &&
	    GetLastError() != ERROR_SERVICE_CANNOT_ACCEPT_CTRL)
		return scm_refused(err, GetLastError(), "stopping", scm->name);
	return scm_wait(&status, scm, SERVICE_STOP_PENDING, err);
}

int service_uninstall(const struct service_request *request, struct shmpub_error *err)
{
	struct scm scm;
	int r = scm_open(&scm, request->name, SERVICE_QUERY_STATUS | SERVICE_STOP | DELETE,
	                 "uninstalling", err);

	if (r)
		return r;
	r = stop_before(&scm, err);
	if (!r && !DeleteService(scm.service))
		r = scm_refused(err, GetLastError(), "uninstalling", scm.name);
	if (!r)
		r = event_log_unregister(scm.name, err);
	scm_close(&scm);
	return r;
}
