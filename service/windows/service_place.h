/*
 * Checks whether a service may be made of a program and a configuration at their places.
 *
 * Threads:  any; service_enter() changes the whole process.
 * Lifetime: paths that are returned are to be freed by mem_free().
 * Errors:   SHMPUB_ERR_INVALID with the reason, SHMPUB_ERR_SYS, SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_SERVICE_PLACE_H
#define SHMPUBD_SERVICE_PLACE_H

#include "shmpub/shmpub.h"

/* The path of this program after all links, as the manager is to start it. */
int service_program(char **out, struct shmpub_error *err);
/*
 * Refuses a program that a service should not run: one below a user's profile or in a virtual
 * environment. There the running program blocks its upgrade, and others may replace it.
 */
int service_check_program(const char *program, struct shmpub_error *err);
/* Refuses a path on a share or a network drive: a service has no session and does not see it. */
int service_check_drive(const char *path, struct shmpub_error *err);
/*
 * Refuses a configuration that another user may write, as the owner of the file or of its
 * folder. Every user can make folders in C:\ProgramData, also the one that we use by default.
 */
int service_check_owner(const char *config, struct shmpub_error *err);
/*
 * Turns an absolute path into one with backslashes and without dots. SERVICE_MISUSED: it is
 * relative.
 */
int service_absolute(char **out, const char *path, struct shmpub_error *err);
/* Makes the folder of the configuration the working directory: relative sources begin there. */
int service_enter(const char *config, struct shmpub_error *err);

#endif
