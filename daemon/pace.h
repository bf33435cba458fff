/*
 * How long a feed waits before its next attempt.
 *
 * Threads: no state; pure functions. All times are milliseconds of a monotonic clock.
 */
#ifndef SHMPUBD_PACE_H
#define SHMPUBD_PACE_H

#include <stdint.h>

/*
 * Returns the wait until the next point of a grid of `interval_ms` (at least 1), 1 to `interval_ms`.
 * `phase`, any number, shifts the grid, by a multiple of half the interval or of half a second.
 */
uint64_t pace_next(uint64_t now_ms, uint64_t interval_ms, uint64_t phase);
/*
 * Returns the wait after `n` failures in a row (n >= 1) that each cost a whole refresh. It
 * begins at the interval and doubles each time, up to 32 intervals, but no more than half a
 * minute (or the interval, if that is longer). `random` moves it by up to a quarter either way.
 */
uint64_t pace_back_off(uint64_t interval_ms, unsigned n, uint64_t random);
/*
 * The same with a bound of about a second: after a source that could not be read, and for looks
 * at a source whose next refresh waits. So a source that comes back is seen within two
 * intervals or two seconds.
 */
uint64_t pace_look_again(uint64_t interval_ms, unsigned n, uint64_t random);
/* Returns the wait after a source was found being written for the n-th time in a row. */
uint64_t pace_busy(unsigned n);
/*
 * The same for a source that changed a moment ago, and may be read when it rests. Every second
 * wait is short, so that two looks are close to each other however often the source is written.
 */
uint64_t pace_fresh(unsigned n);

#endif
