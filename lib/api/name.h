/* The rule for names of feeds and instances. */
#ifndef SHMPUB_API_NAME_H
#define SHMPUB_API_NAME_H

#include <stdbool.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

/* Sets *out to the feed's name. SHMPUB_ERR_INVALID when `name` is NULL or breaks the rule. */
int name_feed(struct span *out, const char *name, struct shmpub_error *err);
/* The rule for instances allows no dots. NULL and "" mean the default name and are accepted. */
int name_instance(const char *name, struct shmpub_error *err);

#endif
