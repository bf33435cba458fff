/*
 * shmpubd --test FEED: what a refresh would make of a feed's source. Nothing is
 * published and no instance taken, so it runs beside a daemon that serves the feed.
 *
 * Threads: one; parsing starts helpers for as long as it lasts.
 * Errors:  problems of the configuration as config_load tells them; the line that the
 *          refresh would fail with.
 */
#ifndef SHMPUBD_FEED_TEST_H
#define SHMPUBD_FEED_TEST_H

#include "config.h"

/* Append to *out what there is to tell of the feed `name` of the configuration at `path`. */
int feed_test(struct buffer *out, const char *path, const char *name,
              struct config_problems *problems, struct shmpub_error *err);

#endif
