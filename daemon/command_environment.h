/*
 * The variables of a command: those of the daemon, without what its service manager has said to
 * the daemon alone, and with others in front of them.
 *
 * Threads: the loop thread, as long as nobody changes the daemon's own variables.
 * Errors:  SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_COMMAND_ENVIRONMENT_H
#define SHMPUBD_COMMAND_ENVIRONMENT_H

#include "shmpub/shmpub.h"

/*
 * *out gets "NAME=VALUE" strings and a NULL: one block, to be freed by mem_free. `own` comes
 * first, then `more` (each ends with a NULL, and may be NULL itself); of two equal names the
 * earlier counts.
 */
int command_environment(char ***out, char *const *own, char *const *more, struct shmpub_error *err);
/* The value of a variable, or NULL. */
const char *command_variable(char *const *environment, const char *name);

#endif
