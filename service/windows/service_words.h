/*
 * The words of "shmpubd service": what each is asked to do, and how it answers.
 *
 * Use:     service_command.c reads the command line into a request and calls one word.
 * Threads: the main thread, which for service_run() is the thread of the manager's controls.
 * Errors:  SHMPUB_ERR_* with a line, exit code 1. A positive answer is the exit code itself.
 */
#ifndef SHMPUBD_SERVICE_WORDS_H
#define SHMPUBD_SERVICE_WORDS_H

#include <stdbool.h>
#include "shmpub/shmpub.h"

#define SERVICE_NAME "shmpubd" /* without --name */
#define SERVICE_NAME_MAX 256   /* UTF-16 units: the manager's own bound */

enum service_answer {
	SERVICE_TOLD = 1,    /* it failed, and has told why */
	SERVICE_MISUSED = 2, /* the command line is wrong, *err says how */
	SERVICE_STANDS = 3,  /* status: installed, not running; it was told */
	SERVICE_ABSENT = 4,  /* status: not installed, *err says it */
};

struct service_request {
	const char *name;   /* UTF-8, checked by service_command.c */
	const char *config; /* UTF-8; the usual one where none is named */
	bool is_auto_restart, is_anyway;
};

int service_install(const struct service_request *request, struct shmpub_error *err);
int service_uninstall(const struct service_request *request, struct shmpub_error *err);
int service_start(const struct service_request *request, struct shmpub_error *err);
int service_stop(const struct service_request *request, struct shmpub_error *err);
int service_reload(const struct service_request *request, struct shmpub_error *err);
int service_status(const struct service_request *request, struct shmpub_error *err);
/* What the manager starts; SERVICE_MISUSED when somebody else does. */
int service_run(const struct service_request *request, struct shmpub_error *err);

/*
 * A judgement of the configuration as --check makes it, from the folder in which the service
 * will read it. Problems and warnings are told; SERVICE_TOLD when there are problems.
 */
int service_judge(const char *config, struct shmpub_error *err);

#endif
