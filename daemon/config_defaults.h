/*
 * The section [defaults]: values for the keys that feeds do not set themselves. That of an included file
 * is for the feeds of the file, that of the main file for all feeds.
 *
 * Threads:  the loop thread.
 * Lifetime: CONFIG_DEFAULTS_NONE may be freed.
 * Errors:   SHMPUB_ERR_NOMEM. A value that does not go with a feed is a problem, told once, at its line.
 */
#ifndef SHMPUBD_CONFIG_DEFAULTS_H
#define SHMPUBD_CONFIG_DEFAULTS_H

#include "base/span.h"
#include "config.h"

struct config_default;

struct config_defaults {
	struct config_default *items;
	size_t n, capacity;
};
#define CONFIG_DEFAULTS_NONE ((struct config_defaults){ .items = NULL })

/* False: a key that each feed must set for itself, because no two feeds can have the same value. */
bool config_defaults_may_have(struct span name);
/* Adds a value that was checked by itself. `base`: as key_set() has it. */
int config_defaults_add(struct config_defaults *d, struct config_place at, struct span name,
                        struct span value, struct span base, struct shmpub_error *err);
/* Sets in each feed what it does not set itself, and forgets which keys that were. */
int config_defaults_apply(struct config_defaults *d, struct config *c, struct config_problems *p,
                          struct shmpub_error *err);
void config_defaults_free(struct config_defaults *d);

#endif
