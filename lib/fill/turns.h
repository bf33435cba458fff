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

#include <limits.h>
#include <stdbool.h>
#include "base/atomic.h"
#include "base/runner.h"

#define TURN_SPINS 4000

static inline bool turn_is_now(const uint64_t *now, uint64_t turn)
{
	return load_acquire_u64(now) == turn;
}

/* Returns when it is the turn of `turn`. What earlier turns have written is visible then. */
static inline void turn_wait(const uint64_t *now, uint64_t turn, const struct runner *runner)
{
	for (unsigned n = 0; !turn_is_now(now, turn); n += n < UINT_MAX) {
		if (n < TURN_SPINS || runner == NULL || runner->pause == NULL)
			atomic_relax();
		else
			runner->pause(runner->self, n - TURN_SPINS);
	}
}

/* Ends the turn of `turn`: the next one begins. */
static inline void turn_end(uint64_t *now, uint64_t turn)
{
	store_release_u64(now, turn + 1);
}

#endif
