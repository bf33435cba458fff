/* The rule for names of feeds and instances. */
#ifndef SHMPUB_API_NAME_H
#define SHMPUB_API_NAME_H

#include <stdbool.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

/* *out: the feed's name. SHMPUB_ERR_INVALID when there is none or it is outside the rule. */
int name_feed(struct span *out, const char *name, struct shmpub_error *err);
/* The same without dots; NULL and "" are the default and fine. */
int name_instance(const char *name, struct shmpub_error *err);

#endif
