/*
 * What can be judged only when the whole configuration is known.
 *
 * Threads: the loop thread. Errors: SHMPUB_ERR_NOMEM; problems go into *problems.
 */
#ifndef SHMPUBD_CONFIG_CHECK_H
#define SHMPUBD_CONFIG_CHECK_H

#include "config.h"

/* Sorts the feeds, fills in what they inherit from [daemon], judges. `path`: the main file. */
int config_check(struct config *c, const char *path, struct config_problems *problems,
                 struct shmpub_error *err);
/* One more problem: "file:line: message". */
int config_problem(struct config_problems *p, const char *file, unsigned line, const char *message,
                   struct shmpub_error *err);

#endif
