/*
 * What this processor can do. Whatever is in a file *_avx2.c may be called only after
 * cpu_has_avx2() has said yes. Pure, any thread.
 */
#ifndef SHMPUB_BASE_CPU_H
#define SHMPUB_BASE_CPU_H

#include <stdbool.h>

/*
 * AVX2 and what came before it or with it: PCLMULQDQ, BMI1, POPCNT. Where the C library is
 * Microsoft's, nothing answers gcc's question: the ways for every processor are taken.
 */
static inline bool cpu_has_avx2(void)
{
#if defined(__x86_64__) && !defined(_MSC_VER)
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
	       __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
#else
	return false;
#endif
}

#endif
