#include "scm.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "base/error.h"
#include "service_line.h"
#include "wide.h"

/*
 * The service manager answers with error numbers. For those that "shmpubd service" can meet
 * there is a line here that says what to do.
 */

#define POLL_MS 100
#define CHECK_POINT_MS 20000 /* longest wait for a check point; a stop waits for sources */

static const struct {
	DWORD code;
	const char *text; /* printed after "VERB service 'NAME': " */
} advices[] = {
	{ ERROR_ACCESS_DENIED,
	  "it takes an administrator: run it in a terminal that was opened by \"Run as administrator\"" },
	{ ERROR_SERVICE_DOES_NOT_EXIST,
	  "it is not installed: \"shmpubd service install\" does that" },
	{ ERROR_SERVICE_EXISTS,
	  "it is installed already: \"shmpubd service uninstall\" first, or another --name" },
	{ ERROR_DUPLICATE_SERVICE_NAME,
	  "another service has that display name: choose another --name" },
	{ ERROR_SERVICE_MARKED_FOR_DELETE,
	  "it is marked for deletion and goes when nobody holds it open any more: close "
	  "services.msc and Task Manager, else restart Windows" },
	{ ERROR_SERVICE_ALREADY_RUNNING, "it runs already" },
	{ ERROR_SERVICE_NOT_ACTIVE, "it does not run" },
	{ ERROR_SERVICE_CANNOT_ACCEPT_CTRL,
	  "it is about to start or to stop: try again when that is over" },
	{ ERROR_INVALID_SERVICE_CONTROL, "it does not take that control in its present state" },
	{ ERROR_SERVICE_DISABLED, "it is disabled: \"sc config NAME start= auto\" enables it" },
	{ ERROR_SERVICE_REQUEST_TIMEOUT, "it did not answer in time: see the event log" },
	{ ERROR_FILE_NOT_FOUND,
	  "its program is not there any more: uninstall and install it again" },
	{ ERROR_PATH_NOT_FOUND,
	  "its program is not there any more: uninstall and install it again" },
	{ ERROR_INVALID_NAME, "that is no name for a service" },
	{ ERROR_DEPENDENT_SERVICES_RUNNING, "services that depend on it run: stop those first" },
	{ ERROR_SHUTDOWN_IN_PROGRESS, "Windows is shutting down" },
	{ ERROR_SERVICE_DATABASE_LOCKED, "the service manager is busy: try again" },
	{ ERROR_SERVICE_LOGON_FAILED, "its account cannot log on: see services.msc, Log On" },
};

/*
 * Gets the system's words for an error, in English if it has them, without line end and full
 * stop.
 */
static void get_system_words(char *out, size_t size, DWORD code)
{
	const DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
	const DWORD english = MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US);
	wchar_t text[256];
	DWORD n = FormatMessageW(flags, NULL, code, english, text, ARRAY_LEN(text), NULL);
	int length;

	if (n == 0)
		n = FormatMessageW(flags, NULL, code, 0, text, ARRAY_LEN(text), NULL);
	while (n > 0 && (text[n - 1] <= L' ' || text[n - 1] == L'.'))
		n--;
	length = WideCharToMultiByte(CP_UTF8, 0, text, (int)n, out, (int)size - 1, NULL, NULL);
	out[length] = '\0';
}

int scm_failed(struct shmpub_error *err, DWORD code, const char *what)
{
	char text[512];

	get_system_words(text, sizeof(text), code);
	error_set(err, SHMPUB_ERR_SYS, "%s: %s%serror %lu", what, text, text[0] ? ", " : "", code);
	if (err != NULL)
		err->sys = (int)code;
	return SHMPUB_ERR_SYS;
}

int scm_refused(struct shmpub_error *err, DWORD code, const char *verb, const char *name)
{
	char what[SHMPUB_ERROR_SIZE / 2];

	snprintf(what, sizeof(what), "%s service '%s'", verb, name);
	for (size_t i = 0; i < ARRAY_LEN(advices); i++) {
		if (advices[i].code != code)
			continue;
		error_set(err, SHMPUB_ERR_SYS, "%s: %s (error %lu)", what, advices[i].text, code);
		if (err != NULL)
			err->sys = (int)code;
		return SHMPUB_ERR_SYS;
	}
	return scm_failed(err, code, what);
}

/* --- handles -------------------------------------------------------------------------------------- */

int scm_open_manager(struct scm *out, const char *name, DWORD access, const char *verb,
                     struct shmpub_error *err)
{
	*out = SCM_NONE;
	out->name = name;
	out->manager = OpenSCManagerW(NULL, NULL, access);
	return out->manager != NULL ? SHMPUB_OK : scm_refused(err, GetLastError(), verb, name);
}

static int check_is_ours(const struct scm *scm, const char *verb, struct shmpub_error *err)
{
	QUERY_SERVICE_CONFIGW *config;
	int r = scm_config(&config, scm, err);

	if (!r && !service_line_is_ours(config->lpBinaryPathName))
		r = error_set(err, SHMPUB_ERR_INVALID,
		              "%s service '%s': it is not a service of shmpubd's", verb, scm->name);
	mem_free(config);
	return r;
}

int scm_open(struct scm *out, const char *name, DWORD access, const char *verb,
             struct shmpub_error *err)
{
	wchar_t *wide = NULL;
	int r = scm_open_manager(out, name, SC_MANAGER_CONNECT, verb, err);

	if (!r)
		r = wide_from_utf8(&wide, span_str(name), err);
	if (!r) {
		out->service = OpenServiceW(out->manager, wide, access | SERVICE_QUERY_CONFIG);
		r = out->service != NULL ? check_is_ours(out, verb, err)
		                         : scm_refused(err, GetLastError(), verb, name);
	}
	mem_free(wide);
	if (r)
		scm_close(out);
	return r;
}

void scm_close(struct scm *scm)
{
	if (scm->service != NULL)
		CloseServiceHandle(scm->service);
	if (scm->manager != NULL)
		CloseServiceHandle(scm->manager);
	*scm = SCM_NONE;
}

/* --- what the manager knows ----------------------------------------------------------------------- */

int scm_query(SERVICE_STATUS_PROCESS *out, const struct scm *scm, struct shmpub_error *err)
{
	DWORD n;

	if (QueryServiceStatusEx(scm->service, SC_STATUS_PROCESS_INFO, (BYTE *)out, sizeof(*out),
	                         &n))
		return SHMPUB_OK;
	return scm_refused(err, GetLastError(), "asking", scm->name);
}

int scm_wait(SERVICE_STATUS_PROCESS *out, const struct scm *scm, DWORD pending,
             struct shmpub_error *err)
{
	ULONGLONG end = GetTickCount64() + CHECK_POINT_MS;
	DWORD seen = 0;
	int r;

	while ((r = scm_query(out, scm, err)) == SHMPUB_OK && out->dwCurrentState == pending) {
		if (out->dwCheckPoint != seen)
			end = GetTickCount64() + CHECK_POINT_MS;
		seen = out->dwCheckPoint;
		if (GetTickCount64() >= end)
			return scm_refused(err, ERROR_SERVICE_REQUEST_TIMEOUT, "waiting for",
			                   scm->name);
		Sleep(POLL_MS);
	}
	return r;
}

int scm_config(QUERY_SERVICE_CONFIGW **out, const struct scm *scm, struct shmpub_error *err)
{
	DWORD n = 0;

	*out = NULL;
	QueryServiceConfigW(scm->service, NULL, 0, &n);
	if (GetLastError() != ERROR_INSUFFICIENT_BUFFER)
		return scm_refused(err, GetLastError(), "asking", scm->name);
	*out = mem_zalloc(1, n);
	if (*out == NULL)
		return error_nomem(err, n);
	if (QueryServiceConfigW(scm->service, *out, n, &n))
		return SHMPUB_OK;
	scm_refused(err, GetLastError(), "asking", scm->name);
	mem_free(*out);
	*out = NULL;
	return SHMPUB_ERR_SYS;
}
