#include "clock.h"

#include <windows.h>

/* A FILETIME counts units of 100 ns since 1601-01-01; this many of them are before 1970. */
#define BEFORE_1970 116444736000000000

int64_t clock_now_ns(void)
{
	FILETIME t;

	GetSystemTimePreciseAsFileTime(&t);
	return ((int64_t)((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime) - BEFORE_1970) * 100;
}
