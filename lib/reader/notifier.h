/*
 * A descriptor that becomes readable when there is a new snapshot. These functions implement
 * shmpub_notifier_*(), whose contracts are in the public header.
 */
#ifndef SHMPUB_READER_NOTIFIER_H
#define SHMPUB_READER_NOTIFIER_H

#include "base/span.h"
#include "shmpub/shmpub.h"

/* `feed`: empty for any change in the instance. */
int notifier_open(struct shmpub_notifier **out, const struct shmpub_reader_options *options,
                  struct span feed, struct shmpub_error *err);
int notifier_descriptor(const struct shmpub_notifier *n);
void notifier_clear(struct shmpub_notifier *n);
void notifier_close(struct shmpub_notifier *n);

#endif
