/*
 * When to try next. Pure functions over milliseconds of a monotonic clock.
 */
#ifndef SHMPUBD_PACE_H
#define SHMPUBD_PACE_H

#include <stdint.h>

/*
 * The wait until the next point of a grid of `interval_ms`, shifted by `phase`, and up to
 * a 64th of the interval more. At least 1.
 */
uint64_t pace_next(uint64_t now_ms, uint64_t interval_ms, uint64_t phase);
/*
 * The wait after `n` failures in a row (n >= 1) that cost a whole refresh: twice as long
 * each time, from the interval up to 32 of them but no more than half a minute (or the
 * interval, when that is longer); `random` moves it by up to a quarter either way.
 */
uint64_t pace_back_off(uint64_t interval_ms, unsigned n, uint64_t random);
/*
 * The same after a source could not be read, or until the next look at one whose refresh
 * waits: so that a source that comes back is seen within two intervals, or two seconds.
 */
uint64_t pace_look_again(uint64_t interval_ms, unsigned n, uint64_t random);
/* The wait after a source was found being written for the n-th time in a row. */
uint64_t pace_busy(unsigned n);
/*
 * The same after one that had changed a moment ago, and may be read when it rests. Every
 * second wait is short, so that there are two looks close to each other however often it is written.
 */
uint64_t pace_fresh(unsigned n);

#endif
