/*
 * What a configuration means, as a table for people: "shmpubd --check".
 *
 * Threads: the main thread, before there is a loop. It looks at files as --check does, and may hang.
 */
#ifndef SHMPUBD_CONFIG_SHOW_H
#define SHMPUBD_CONFIG_SHOW_H

#include "base/buffer.h"
#include "config.h"

/* Appends a line for each feed: its source, and what differs from the defaults. No secrets. */
int config_show(struct buffer *out, const struct config *c, struct shmpub_error *err);

#endif
