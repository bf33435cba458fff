/*
 * The checks that need the whole configuration.
 *
 * Threads: the loop thread.
 * Errors:  SHMPUB_ERR_NOMEM only. Problems and warnings go into *problems.
 */
#ifndef SHMPUBD_CONFIG_CHECK_H
#define SHMPUBD_CONFIG_CHECK_H

#include "config.h"

/* Sorts the feeds by name, gives them what they inherit from [daemon], and checks all. */
int config_check(struct config *c, struct config_problems *problems, struct shmpub_error *err);
/*
 * Warns when the file system of `directory` does not allow segments to be filled again. To find
 * out it writes a file there and removes it.
 */
int config_check_directory(const struct config *c, const char *path,
                           struct config_problems *problems, struct shmpub_error *err);
/* Warns when keep_on_exit is set on a system where no snapshot outlives its users. */
int config_check_keep(const struct config *c, const char *path, struct config_problems *problems,
                      struct shmpub_error *err);
/* Warns of each source that cannot be opened now. Opening may hang, as on a dead server. */
int config_check_sources(const struct config *c, struct config_problems *problems,
                         struct shmpub_error *err);

#endif
