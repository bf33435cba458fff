/*
 * The words of "shmpubd service": the request that each gets, and its answer.
 *
 * Use:     service_command.c reads the command line into a request and calls one word.
 * Threads: the main thread; during service_run() it is the thread of the manager's controls.
 * Errors:  SHMPUB_ERR_* with a line; the exit code is 1 then. A positive answer is the exit code.
 */
#ifndef SHMPUBD_SERVICE_WORDS_H
#define SHMPUBD_SERVICE_WORDS_H

#include <stdbool.h>
#include "shmpub/shmpub.h"

#define SERVICE_NAME "shmpubd" /* when --name is not given */
#define SERVICE_NAME_MAX 256   /* UTF-16 units: the manager's limit */

enum service_answer {
	SERVICE_TOLD = 1,    /* it failed, and has printed why */
	SERVICE_MISUSED = 2, /* the command line is wrong; *err says how */
	SERVICE_STANDS = 3,  /* status: installed but not running, as it has printed */
	SERVICE_ABSENT = 4,  /* status: not installed; *err says so */
};

struct service_request {
	const char *name;   /* UTF-8, checked by service_command.c */
	const char *config; /* UTF-8; the default if none is given */
	bool is_auto_restart, is_anyway;
};

int service_install(const struct service_request *request, struct shmpub_error *err);
int service_uninstall(const struct service_request *request, struct shmpub_error *err);
int service_start(const struct service_request *request, struct shmpub_error *err);
int service_stop(const struct service_request *request, struct shmpub_error *err);
int service_reload(const struct service_request *request, struct shmpub_error *err);
int service_status(const struct service_request *request, struct shmpub_error *err);
/* Runs the service, when the manager starts it. SERVICE_MISUSED: somebody else has started it. */
int service_run(const struct service_request *request, struct shmpub_error *err);

/*
 * Checks the configuration as --check does, in the folder where the service will read it.
 * Problems and warnings are printed; SERVICE_TOLD when there are problems.
 */
int service_check_config(const char *config, struct shmpub_error *err);

#endif
