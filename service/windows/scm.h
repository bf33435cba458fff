/*
 * The service control manager: opens a service by its name, and puts refusals into words.
 *
 * Threads:  one thread per struct scm.
 * Lifetime: from opening to scm_close(); SCM_NONE may be closed.
 * Errors:   SHMPUB_ERR_SYS with a line that says what to do; err->sys is the system's code.
 */
#ifndef SHMPUBD_SERVICE_SCM_H
#define SHMPUBD_SERVICE_SCM_H

#include <stdint.h>
#include <windows.h>
#include "shmpub/shmpub.h"

struct scm {
	SC_HANDLE manager, service;
	const char *name; /* UTF-8; belongs to the caller */
};
#define SCM_NONE ((struct scm){ .manager = NULL })

/* Returns SHMPUB_ERR_SYS with "WHAT: the system's words for the code, error CODE". */
int scm_failed(struct shmpub_error *err, DWORD code, const char *what);
/*
 * The same for a call that the manager refused for the service `name`, with advice if there is
 * some. `verb`: such as "installing".
 */
int scm_refused(struct shmpub_error *err, DWORD code, const char *verb, const char *name);

/* Opens the manager only. `access`: SC_MANAGER_ rights. */
int scm_open_manager(struct scm *out, const char *name, DWORD access, const char *verb,
                     struct shmpub_error *err);
/*
 * Opens a service of shmpubd. `access`: SERVICE_ rights. A service that starts another program
 * is refused (SHMPUB_ERR_INVALID).
 */
int scm_open(struct scm *out, const char *name, DWORD access, const char *verb,
             struct shmpub_error *err);
void scm_close(struct scm *scm);

/* Reads the state of the service. */
int scm_query(SERVICE_STATUS_PROCESS *out, const struct scm *scm, struct shmpub_error *err);
/*
 * Waits while the state is `pending` and check points go on. *out is the state after that.
 * SHMPUB_ERR_SYS with ERROR_SERVICE_REQUEST_TIMEOUT: no check point came for 20 seconds.
 */
int scm_wait(SERVICE_STATUS_PROCESS *out, const struct scm *scm, DWORD pending,
             struct shmpub_error *err);
/* Reads the service's configuration. *out is to be freed by mem_free(); NULL on failure. */
int scm_config(QUERY_SERVICE_CONFIGW **out, const struct scm *scm, struct shmpub_error *err);

#endif
