/*
 * Looks at sources that rest. A thousand feeds whose files do not change are what a daemon does most of
 * the time, so this way of an attempt costs two stats and little else: no struct refresh is set up,
 * and the instance's directory is looked at once for all feeds whose time comes together.
 *
 * Threads: the loop thread; the look itself is a short job of the pool.
 */
#ifndef SHMPUBD_FEED_REST_H
#define SHMPUBD_FEED_REST_H

#include "feed.h"

/* False: this attempt needs the long way. True: the look is under way. */
bool feed_rest_begin(struct feed *f);

#endif
