#include "shm/shm.h"

#include <sys/random.h>
#include <time.h>

/*
 * shm.h on Linux: clocks and random numbers.
 */

static int64_t clock_ns(clockid_t id)
{
	struct timespec time;

	clock_gettime(id, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t shm_now_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t shm_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t shm_random(void)
{
	uint64_t value;

	/* It fails only when a signal comes before the generator was seeded, early at boot. */
	while (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		;
	return value;
}
