/*
 * shmpubd --test FEED: shows what a refresh would make of a feed's source. Nothing is published
 * and no instance is taken, so it can run beside a daemon that serves the feed.
 *
 * Threads: one; parsing starts helpers and ends them.
 * Errors:  problems of the configuration, as from config_load; the failure of the refresh.
 */
#ifndef SHMPUBD_FEED_TEST_H
#define SHMPUBD_FEED_TEST_H

#include "config.h"

/* Appends to *out a report about the feed `name` of the configuration at `path`. */
int feed_test(struct buffer *out, const char *path, const char *name,
              struct config_problems *problems, struct shmpub_error *err);

#endif
