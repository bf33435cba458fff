#include "shm/shm_win32.h"

/*
 * shm.h on Windows: clocks and random numbers.
 */

#define FILETIME_OF_1970 UINT64_C(116444736000000000)
#define SECOND_NS INT64_C(1000000000)

int64_t shm_now_ns(void)
{
	FILETIME time;
	uint64_t ticks;

	GetSystemTimePreciseAsFileTime(&time);
	ticks = (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
	return (int64_t)(ticks - FILETIME_OF_1970) * 100;
}

int64_t shm_monotonic_ns(void)
{
	LARGE_INTEGER count, frequency;

	/*
	 * Neither call can fail. Seconds and remainder are converted separately to avoid an
	 * overflow.
	 */
	QueryPerformanceCounter(&count);
	QueryPerformanceFrequency(&frequency);
	return count.QuadPart / frequency.QuadPart * SECOND_NS +
	       count.QuadPart % frequency.QuadPart * SECOND_NS / frequency.QuadPart;
}

/* RtlGenRandom(): this is the name that advapi32.dll exports. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG size);

uint64_t shm_random(void)
{
	uint64_t value;

	while (!SystemFunction036(&value, sizeof(value)))
		Sleep(1);
	return value;
}
