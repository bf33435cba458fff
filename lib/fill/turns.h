/*
 * Taking turns: threads that each hold a number do something one after the other.
 *
 * A thread that waits asks again and again, which is right for turns of some microseconds; a longer
 * wait is left to the runner's pause.
 */
#ifndef SHMPUB_FILL_TURNS_H
#define SHMPUB_FILL_TURNS_H

#include "base/atomic.h"
#include "base/runner.h"

#define TURN_SPINS 4000

/* Returns when it is `turn`'s turn: all that was done in turns before is seen. */
static inline void turn_wait(const uint64_t *now, uint64_t turn, const struct runner *runner)
{
	for (unsigned n = 0; load_acquire_u64(now) != turn; n++) {
		if (n < TURN_SPINS || runner == NULL || runner->pause == NULL)
			atomic_relax();
		else
			runner->pause(runner->self);
	}
}

static inline void turn_end(uint64_t *now, uint64_t turn)
{
	store_release_u64(now, turn + 1);
}

#endif
