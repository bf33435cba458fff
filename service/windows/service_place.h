/*
 * Where the program and its configuration lie, and whether a service may be made of them.
 *
 * Threads: any; service_enter() concerns the whole process. Lifetime: mem_free() gives a path
 * back. Errors: SHMPUB_ERR_INVALID with the reason, SHMPUB_ERR_SYS, SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_SERVICE_PLACE_H
#define SHMPUBD_SERVICE_PLACE_H

#include "shmpub/shmpub.h"

/* The path of this program, without links, as the manager is to start it. */
int service_program(char **out, struct shmpub_error *err);
/*
 * Refuse a program that a service should not run: below a user's profile or in a virtual
 * environment, where a running program blocks its upgrade and others may replace it.
 */
int service_judge_program(const char *program, struct shmpub_error *err);
/* Refuse a place that a service does not see, since it has no session: a share or its drive. */
int service_judge_drive(const char *path, struct shmpub_error *err);
/*
 * Refuse a configuration that another user may write, as its owner or as that of its folder: every
 * user can make folders in C:\ProgramData, the usual one of ours too.
 */
int service_judge_owner(const char *config, struct shmpub_error *err);
/* An absolute path, with backslashes and without dots. SERVICE_MISUSED: it is relative. */
int service_absolute(char **out, const char *path, struct shmpub_error *err);
/* Make the folder of the configuration the working directory: relative sources begin there. */
int service_enter(const char *config, struct shmpub_error *err);

#endif
