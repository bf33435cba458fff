/*
 * Taking turns: each thread has a number, and the threads do something in the order of their
 * numbers.
 *
 * A waiting thread spins first, since a turn takes some microseconds; after that it calls the
 * runner's pause.
 *
 * Threads: any.
 */
#ifndef SHMPUB_FILL_TURNS_H
#define SHMPUB_FILL_TURNS_H

#include "base/atomic.h"
#include "base/runner.h"

#define TURN_SPINS 4000

/* Returns when it is the turn of `turn`. What earlier turns have written is visible then. */
static inline void turn_wait(const uint64_t *now, uint64_t turn, const struct runner *runner)
{
	for (unsigned n = 0; load_acquire_u64(now) != turn; n++) {
		if (n < TURN_SPINS || runner == NULL || runner->pause == NULL)
			atomic_relax();
		else
			runner->pause(runner->self);
	}
}

/* Ends the turn of `turn`: the next one begins. */
static inline void turn_end(uint64_t *now, uint64_t turn)
{
	store_release_u64(now, turn + 1);
}

#endif
