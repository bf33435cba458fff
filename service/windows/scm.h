/*
 * The service control manager: a service opened by its name, and its refusals in words.
 *
 * Threads: one thread per struct scm. Lifetime: scm_close() ends it; SCM_NONE may be closed.
 * Errors:  SHMPUB_ERR_SYS with a line that says what to do; err->sys is the system's code.
 */
#ifndef SHMPUBD_SERVICE_SCM_H
#define SHMPUBD_SERVICE_SCM_H

#include <stdint.h>
#include <windows.h>
#include "shmpub/shmpub.h"

struct scm {
	SC_HANDLE manager, service;
	const char *name; /* UTF-8; the caller's */
};
#define SCM_NONE ((struct scm){ .manager = NULL })

/* "WHAT: the system's words for the code (error CODE)". */
int scm_failed(struct shmpub_error *err, DWORD code, const char *what);
/* What the manager refused for the service `name`, in words. `verb`: "installing". */
int scm_refused(struct shmpub_error *err, DWORD code, const char *verb, const char *name);

/* The manager alone, with SC_MANAGER_ rights. */
int scm_open_manager(struct scm *out, const char *name, DWORD access, const char *verb,
                     struct shmpub_error *err);
/* A service of ours, with SERVICE_ rights: one that starts another program is refused. */
int scm_open(struct scm *out, const char *name, DWORD access, const char *verb,
             struct shmpub_error *err);
void scm_close(struct scm *scm);

int scm_query(SERVICE_STATUS_PROCESS *out, const struct scm *scm, struct shmpub_error *err);
/*
 * Wait while the state is `pending`, for as long as the check points go on. *out is the
 * state after that. SHMPUB_ERR_SYS with ERROR_SERVICE_REQUEST_TIMEOUT: it got stuck.
 */
int scm_wait(SERVICE_STATUS_PROCESS *out, const struct scm *scm, DWORD pending,
             struct shmpub_error *err);
/* The service's configuration; mem_free() gives it back. */
int scm_config(QUERY_SERVICE_CONFIGW **out, const struct scm *scm, struct shmpub_error *err);

#endif
