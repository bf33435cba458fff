#include "pace.h"

/*
 * Feeds with equal intervals must not all come at once, nor each at a time of its own: the loop
 * and the workers wake once for all that come together, and waking is most of what a look at a
 * source costs. Therefore a feed's phase is a multiple of half its interval, or of half a second
 * where that is less. Feeds that fail together (a server is gone) must not come back together, so
 * the wait after a failure is moved at random.
 */

#define PHASES 2         /* in an interval of up to a second; a longer one has more */
#define APART_MAX_MS 500 /* between two phases */
#define BACK_OFF_MAX_MS 30000
#define BUSY_LEAST_MS 12 /* longer than the tick of any kernel's file times */
#define BUSY_MAX_MS 1200
#define LOOK_AGAIN_MAX_MS 1200   /* with a quarter more, and a read, it stays within two seconds */
#define WITHOUT_INTERVAL_MS 1000 /* a failed feed without a timer is retried, too */

static uint64_t common_phase(uint64_t phase, uint64_t interval_ms)
{
	uint64_t apart = interval_ms / PHASES;

	if (apart > APART_MAX_MS)
		apart = APART_MAX_MS;
	return apart ? phase % interval_ms / apart * apart : 0;
}

uint64_t pace_next(uint64_t now_ms, uint64_t interval_ms, uint64_t phase)
{
	phase = common_phase(phase, interval_ms);
	return interval_ms - (now_ms + interval_ms - phase) % interval_ms;
}

static uint64_t back_off(uint64_t interval_ms, unsigned n, uint64_t random, uint64_t max_ms)
{
	uint64_t least = interval_ms ? interval_ms : WITHOUT_INTERVAL_MS;
	uint64_t most = least > max_ms ? least : max_ms;
	unsigned doublings = n > 6 ? 5 : n - 1;
	uint64_t wait = least << doublings;

	if (wait > most)
		wait = most;
	wait = wait - wait / 4 + random % (wait / 2 + 1);
	return wait ? wait : 1;
}

uint64_t pace_back_off(uint64_t interval_ms, unsigned n, uint64_t random)
{
	return back_off(interval_ms, n, random, BACK_OFF_MAX_MS);
}

uint64_t pace_look_again(uint64_t interval_ms, unsigned n, uint64_t random)
{
	return back_off(interval_ms, n, random, LOOK_AGAIN_MAX_MS);
}

uint64_t pace_busy(unsigned n)
{
	uint64_t wait = (uint64_t)BUSY_LEAST_MS << (n > 8 ? 8 : n - 1);

	return wait > BUSY_MAX_MS ? BUSY_MAX_MS : wait;
}

uint64_t pace_fresh(unsigned n)
{
	return n % 2 ? BUSY_LEAST_MS : pace_busy(n);
}
