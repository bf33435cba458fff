/*
 * What can be judged only when the whole configuration is known.
 *
 * Threads: the loop thread. Errors: SHMPUB_ERR_NOMEM; problems go into *problems.
 */
#ifndef SHMPUBD_CONFIG_CHECK_H
#define SHMPUBD_CONFIG_CHECK_H

#include "config.h"

/* Sorts the feeds, fills in what they inherit from [daemon], judges. */
int config_check(struct config *c, struct config_problems *problems, struct shmpub_error *err);
/* A warning when the file system of `directory` is not fit for recycling. Writes a file there, and removes it. */
int config_check_directory(const struct config *c, const char *path,
                           struct config_problems *problems, struct shmpub_error *err);
/* A warning when snapshots are to stay, and cannot on this system. */
int config_check_keep(const struct config *c, const char *path, struct config_problems *problems,
                      struct shmpub_error *err);
/* A warning for each source that cannot be opened now. Looks at the sources: it can hang where they do. */
int config_check_sources(const struct config *c, struct config_problems *problems,
                         struct shmpub_error *err);

#endif
