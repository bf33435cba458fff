#include "clock.h"

#include <time.h>

int64_t clock_now_ns(void)
{
	struct timespec t;

	(void)timespec_get(&t, TIME_UTC);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
